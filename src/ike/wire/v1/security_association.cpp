#include "ike/wire/v1/security_association.h"

#include <algorithm>

namespace adit::ike::wire::v1 {
namespace {

/// Next payload inside of the SA, which knows these alone, and outside of it never Proposal or Transform (RFC 2408 §3.4
/// to §3.6).
constexpr std::uint8_t last_substructure = 0, more_proposals = 2, more_transforms = 3;
constexpr std::uint16_t basic_form = 0x8000;
constexpr std::size_t largest_spi = 16;         // octets
constexpr std::size_t substructure_header = 8;  // octets, of proposals (without SPI) and of transforms
constexpr std::size_t largest_number_octets = 8;

Attribute parse_attribute(Reader& in) {
  const std::uint16_t head = in.u16("attribute type");
  Attribute attribute{.type = static_cast<std::uint16_t>(head & ~basic_form), .is_short = (head & basic_form) != 0};
  const std::size_t size = attribute.is_short ? 2 : in.u16("attribute length");
  const Bytes value = in.take(size, "attribute value");
  attribute.value.assign(value.begin(), value.end());
  return attribute;
}

Transform parse_transform(Reader& in, bool is_last) {
  Transform transform;
  in.require(in.u8("last transform") == (is_last ? last_substructure : more_transforms), "last transform");
  in.require(in.u8("reserved") == 0, "reserved");  // RFC 2408 §2.5.2
  const std::size_t length = in.u16("transform length");
  in.require(length >= substructure_header, "transform length");
  transform.number = in.u8("transform number");
  transform.id = in.u8("transform ID");
  in.require(in.u16("reserved") == 0, "reserved");
  Reader attributes{in.take(std::max(length, substructure_header) - substructure_header, "transform attributes")};
  while (attributes.more()) {
    attributes.require(transform.attributes.size() < most_transform_attributes, "attributes");
    transform.attributes.push_back(parse_attribute(attributes));
  }
  in.require(!attributes.failed(), "transform attributes");
  return transform;
}

Proposal parse_proposal(Reader& in) {
  Proposal proposal;
  proposal.number = in.u8("proposal number");
  proposal.protocol = in.u8("protocol ID");
  const std::size_t spi_size = in.u8("SPI size");
  in.require(spi_size <= largest_spi, "SPI size");
  const std::size_t count = in.u8("number of transforms");
  in.require(count > 0 && count <= most_transforms, "number of transforms");
  const Bytes spi = in.take(spi_size, "SPI");
  proposal.spi.assign(spi.begin(), spi.end());
  for (std::size_t i = 0; i < count && !in.failed(); ++i) {
    proposal.transforms.push_back(parse_transform(in, i + 1 == count));
  }
  in.require(in.remaining() == 0, "proposal length");
  return proposal;
}

void build_transform(Writer& out, const Transform& transform, bool is_last) {
  const std::size_t start = out.size();
  out.u8(is_last ? last_substructure : more_transforms);
  out.u8(0);
  out.u16(0);
  out.u8(transform.number);
  out.u8(transform.id);
  out.u16(0);
  for (const Attribute& attribute : transform.attributes) {
    out.u16(static_cast<std::uint16_t>(attribute.type | (attribute.is_short ? basic_form : 0)));
    if (!attribute.is_short) out.u16(narrow<std::uint16_t>(attribute.value.size()));
    out.bytes(attribute.value);
  }
  out.set_u16(start + 2, narrow<std::uint16_t>(out.size() - start));
}

}  // namespace

Attribute attribute_of(std::uint16_t type, std::uint32_t value) {
  Writer out;
  const bool is_basic = value <= UINT16_MAX;
  if (is_basic) {
    out.u16(static_cast<std::uint16_t>(value));
  } else {
    out.u32(value);
  }
  return {.type = type, .is_short = is_basic, .value = std::move(out).take()};
}

std::optional<std::uint64_t> number_of(const Attribute& attribute) {
  if (attribute.value.empty() || attribute.value.size() > largest_number_octets) return std::nullopt;
  std::uint64_t number = 0;
  for (const std::uint8_t octet : attribute.value) number = number << 8 | octet;
  return number;
}

std::optional<std::uint64_t> Transform::find(std::uint16_t type) const {
  const auto found = std::ranges::find(attributes, type, &Attribute::type);
  return found == attributes.end() ? std::nullopt : number_of(*found);
}

std::expected<SecurityAssociation, ParseError> SecurityAssociation::parse(Bytes body) {
  Reader in{body};
  SecurityAssociation payload;
  payload.doi = in.u32("domain of interpretation");
  in.require(payload.doi == doi_ipsec || payload.doi == doi_isakmp, "domain of interpretation");
  payload.situation = in.u32("situation");
  in.require(payload.situation == identity_only, "situation");
  in.require(in.more(), "proposals");
  while (in.more()) {
    const std::uint8_t last = in.u8("last proposal");
    in.require(in.u8("reserved") == 0, "reserved");
    const std::size_t length = in.u16("proposal length");
    in.require(length >= substructure_header, "proposal length");
    in.require(payload.proposals.size() < most_proposals, "proposals");
    const std::size_t start = in.offset();
    Reader inside{in.take(length >= substructure_header ? length - 4 : 0, "proposal length")};
    in.require(last == (in.remaining() == 0 ? last_substructure : more_proposals), "last proposal");
    if (in.failed()) break;
    payload.proposals.push_back(parse_proposal(inside));
    if (inside.failed()) {
      return std::unexpected{ParseError{.field = inside.error().field, .offset = start + inside.error().offset}};
    }
  }
  return in.finish(std::move(payload));
}

void SecurityAssociation::build(Writer& out) const {
  out.u32(doi);
  out.u32(situation);
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    const Proposal& proposal = proposals[i];
    const std::size_t start = out.size();
    out.u8(i + 1 == proposals.size() ? last_substructure : more_proposals);
    out.u8(0);
    out.u16(0);
    out.u8(proposal.number);
    out.u8(proposal.protocol);
    out.u8(narrow<std::uint8_t>(proposal.spi.size()));
    out.u8(narrow<std::uint8_t>(proposal.transforms.size()));
    out.bytes(proposal.spi);
    for (std::size_t j = 0; j < proposal.transforms.size(); ++j) {
      build_transform(out, proposal.transforms[j], j + 1 == proposal.transforms.size());
    }
    out.set_u16(start + 2, narrow<std::uint16_t>(out.size() - start));
  }
}

}  // namespace adit::ike::wire::v1
