#include "ike/wire/security_association.h"

namespace adit::ike::wire {
namespace {

constexpr std::uint8_t last_substructure = 0;
constexpr std::uint8_t more_proposals = 2;
constexpr std::uint8_t more_transforms = 3;
constexpr std::uint16_t short_form = 0x8000;
constexpr std::uint16_t key_length_attribute = 14;

void parse_attribute(Reader& in, Transform& transform) {
  const std::uint16_t head = in.u16("attribute type");
  const auto type = static_cast<std::uint16_t>(head & ~short_form);
  if ((head & short_form) != 0) {
    const Bytes value = in.take(2, "attribute value");
    if (in.failed()) return;
    if (type == key_length_attribute && !transform.key_bits) {
      transform.key_bits = static_cast<std::uint16_t>(value[0] << 8 | value[1]);
      return;
    }
    transform.unknown.push_back({type, true, {value.begin(), value.end()}});
    return;
  }
  const Bytes value = in.take(in.u16("attribute length"), "attribute value");
  if (!in.failed()) transform.unknown.push_back({type, false, {value.begin(), value.end()}});
}

Transform parse_transform(Reader& in, std::size_t index, std::size_t count) {
  Transform transform;
  const std::uint8_t last = in.u8("last transform");
  in.require(last == (index + 1 == count ? last_substructure : more_transforms), "last transform");
  in.u8("reserved");
  const std::size_t length = in.u16("transform length");
  in.require(length >= 8, "transform length");
  transform.type = in.u8("transform type");
  in.u8("reserved");
  transform.id = in.u16("transform ID");
  Reader attributes{in.take(length >= 8 ? length - 8 : 0, "transform attributes")};
  while (attributes.more()) {
    attributes.require(transform.unknown.size() < most_attributes, "attributes");
    parse_attribute(attributes, transform);
  }
  in.require(!attributes.failed(), "transform attributes");
  return transform;
}

Proposal parse_proposal(Reader& in) {
  Proposal proposal;
  proposal.number = in.u8("proposal number");
  proposal.protocol = in.u8("protocol ID");
  const std::size_t spi_size = in.u8("SPI size");
  const std::size_t count = in.u8("number of transforms");
  in.require(count > 0 && count <= most_transforms, "number of transforms");
  const Bytes spi = in.take(spi_size, "SPI");
  in.require(spi_size == 0 || spi_size == 4 || spi_size == 8, "SPI");
  proposal.spi.assign(spi.begin(), spi.end());
  for (std::size_t i = 0; i < count && !in.failed(); ++i) proposal.transforms.push_back(parse_transform(in, i, count));
  in.require(in.remaining() == 0, "proposal length");
  return proposal;
}

void build_transform(Writer& out, const Transform& transform, bool is_last) {
  const std::size_t start = out.size();
  out.u8(is_last ? last_substructure : more_transforms);
  out.u8(0);
  out.u16(0);
  out.u8(transform.type);
  out.u8(0);
  out.u16(transform.id);
  if (transform.key_bits) {
    out.u16(short_form | key_length_attribute);
    out.u16(*transform.key_bits);
  }
  for (const Attribute& attribute : transform.unknown) {
    out.u16(static_cast<std::uint16_t>(attribute.type | (attribute.is_short ? short_form : 0)));
    if (!attribute.is_short) out.u16(narrow<std::uint16_t>(attribute.value.size()));
    out.bytes(attribute.value);
  }
  out.set_u16(start + 2, narrow<std::uint16_t>(out.size() - start));
}

}  // namespace

std::expected<SecurityAssociation, ParseError> SecurityAssociation::parse(Bytes body) {
  Reader in{body};
  SecurityAssociation payload;
  in.require(in.more(), "proposals");
  while (in.more()) {
    const std::uint8_t last = in.u8("last proposal");
    in.u8("reserved");
    const std::size_t length = in.u16("proposal length");
    in.require(length >= 8, "proposal length");
    in.require(payload.proposals.size() < most_proposals, "proposals");
    const std::size_t start = in.offset();
    Reader inside{in.take(length >= 8 ? length - 4 : 0, "proposal length")};
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

}  // namespace adit::ike::wire
