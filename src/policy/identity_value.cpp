// Identities of every type that peers use (RFC 7296 §3.5): type and value (docs/policy.md, "Identities"); exact, or a
// pattern for peers.

#include <array>
#include <utility>

#include "base/distinguished_name.h"
#include "policy/ebcdic.h"
#include "policy/identity_match.h"
#include "policy/nearest.h"
#include "policy/values.h"

namespace adit::policy {
namespace {

enum class Kind : std::uint8_t { ip_addr, fqdn, user_at_fqdn, x500dn, key_id };
constexpr std::array kinds = {Choice{.word = "IpAddr", .value = std::to_underlying(Kind::ip_addr)},
                              Choice{.word = "Fqdn", .value = std::to_underlying(Kind::fqdn)},
                              Choice{.word = "UserAtFqdn", .value = std::to_underlying(Kind::user_at_fqdn)},
                              Choice{.word = "X500dn", .value = std::to_underlying(Kind::x500dn)},
                              Choice{.word = "KeyId", .value = std::to_underlying(Kind::key_id)}};
constexpr std::size_t longest_name = 255;  // RFC 1035 §2.3.4

Value refused(ValueText& text, const Word& word, std::string_view problem, std::string_view expected) {
  text.refuse(word, {.problem = word.text.empty() ? "value missing" : std::string{problem},
                     .found = std::string{word.text},
                     .expected = std::string{expected},
                     .nearest = {}});
  return {};
}

ByteString octets_of(std::string_view text) {
  const Bytes octets = as_bytes(text);
  return {octets.begin(), octets.end()};
}

IdentityPattern exactly(IdentityType type, std::string_view written, ByteString value) {
  return {.type = type,
          .text = std::string{written},
          .exact = Identity{.type = type, .value = std::move(value)},
          .addresses = std::nullopt};
}

Value read_ip_addr(ValueText& text) {
  const AttributeRow row{.form = Form::address};
  const Word word{.text = text.peek(), .column = text.next().column, .length = text.next().length};
  constexpr std::string_view expected = "address; of a peer also address/length, address-address or 0.0.0.0";
  Value value = read_address(row, text, expected);
  const auto* spec = std::get_if<AddressSpec>(&value);
  if (spec == nullptr) return {};
  if (!IpAddress::parse(word.text.substr(0, word.text.find_first_of("/-")))) {
    // All and Any of addresses: which family they would mean, an identity does not say.
    return refused(text, word, "not an address", expected);
  }
  const IpRange range = spec->ranges.front();
  const IdentityType type = range.family() == IpFamily::v4 ? IdentityType::ipv4_addr : IdentityType::ipv6_addr;
  if (range.is_single() && !range.first.is_any()) {
    const Bytes octets = range.first.octets();
    return exactly(type, word.text, ByteString{octets.begin(), octets.end()});
  }
  return IdentityPattern{.type = type,
                         .text = range.is_single() ? std::string{word.text} : range.to_string(),
                         .exact = std::nullopt,
                         .addresses = range.is_single() ? IpRange::all(range.family()) : range};
}

Value read_name(ValueText& text, IdentityType type) {
  const Word word = text.take();
  const bool is_user = type == IdentityType::user_fqdn;
  const std::string_view expected =
      is_user ? "user@host; of a peer also *@host or *" : "host name; of a peer also *.domain or *";
  const bool is_pattern = word.text == "*" || word.text.starts_with(is_user ? "*@" : "*.");
  const std::string_view fixed = is_pattern ? word.text.substr(word.text == "*" ? 1 : 2) : word.text;
  // What stands before the last `@` may be quoted, and hold another (RFC 5322 §3.4.1).
  const std::size_t at = word.text.rfind('@');
  const bool has_user = at != std::string_view::npos && at != 0 && at + 1 != word.text.size();
  const bool is_of_type = word.text == "*" || (is_user ? has_user : at == std::string_view::npos && !fixed.empty());
  const bool is_sound = !word.text.empty() && word.text.size() <= longest_name && !fixed.contains('*') && is_of_type;
  if (!is_sound) return refused(text, word, "not an identity of this type", expected);
  if (!is_pattern) return exactly(type, word.text, octets_of(word.text));
  return IdentityPattern{
      .type = type, .text = std::string{word.text}, .exact = std::nullopt, .addresses = std::nullopt};
}

Value read_x500dn(ValueText& text) {
  constexpr std::string_view expected = "TYPE=value,…, most specific first; of a peer also *,TYPE=value or TYPE=*";
  const Word word = text.rest();
  if (is_name_pattern(word.text)) {
    return IdentityPattern{.type = IdentityType::der_asn1_dn,
                           .text = std::string{word.text},
                           .exact = std::nullopt,
                           .addresses = std::nullopt};
  }
  const auto name = DistinguishedName::parse(word.text);
  if (!name || name->rdns.empty()) return refused(text, word, "not a distinguished name", expected);
  return exactly(IdentityType::der_asn1_dn, word.text, name->to_der());
}

Value read_key_id(ValueText& text) {
  constexpr std::string_view expected = "Ascii text | Ebcdic text | Hex digits; of a peer also *";
  const Word form = text.take();
  if (form.text == "*") {
    return IdentityPattern{.type = IdentityType::key_id, .text = "*", .exact = std::nullopt, .addresses = std::nullopt};
  }
  const bool has_form = equal_without_case(form.text, "Ascii") || equal_without_case(form.text, "Ebcdic") ||
                        equal_without_case(form.text, "Hex");
  if (!has_form) return refused(text, form, "form of the value missing", expected);
  const Word value = text.rest();
  if (value.text.empty()) return refused(text, value, {}, expected);
  if (equal_without_case(form.text, "Ascii")) return exactly(IdentityType::key_id, value.text, octets_of(value.text));
  if (equal_without_case(form.text, "Ebcdic")) {
    const auto converted = to_ebcdic(value.text);
    if (!converted) return refused(text, value, "text not in IBM-1047", expected);
    const Bytes octets = converted->reveal();
    return exactly(IdentityType::key_id, value.text, ByteString{octets.begin(), octets.end()});
  }
  const bool prefixed = value.text.starts_with("0x") || value.text.starts_with("0X");
  auto octets = parse_hex(value.text.substr(prefixed ? 2 : 0));
  if (!octets || octets->empty()) return refused(text, value, "not hexadecimal", expected);
  return exactly(IdentityType::key_id, value.text, *std::move(octets));
}

}  // namespace

Value read_identity(ValueText& text) {
  const Choice* kind = read_choice(kinds, text, listed(kinds, text.compat()));
  if (kind == nullptr) return {};
  switch (static_cast<Kind>(kind->value)) {
    case Kind::ip_addr:
      return read_ip_addr(text);
    case Kind::fqdn:
      return read_name(text, IdentityType::fqdn);
    case Kind::user_at_fqdn:
      return read_name(text, IdentityType::user_fqdn);
    case Kind::x500dn:
      return read_x500dn(text);
    case Kind::key_id:
      return read_key_id(text);
  }
  return {};
}

}  // namespace adit::policy
