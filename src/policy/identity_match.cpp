#include "policy/identity_match.h"

#include <algorithm>

#include "base/distinguished_name.h"
#include "policy/nearest.h"

namespace adit::policy {
namespace {

constexpr std::string_view anything = "*";

// What a pattern of names asks for, least specific RDN first.
struct NamePattern {
  DistinguishedName fixed;
  bool open = false;  ///< more RDNs, more specific ones, may follow
};

std::optional<NamePattern> parse_name_pattern(std::string_view text) {
  NamePattern pattern;
  if (text == anything) {
    pattern.open = true;
    return pattern;
  }
  if (text.starts_with("*,")) {
    pattern.open = true;
    text.remove_prefix(2);
  }
  auto name = DistinguishedName::parse(text);
  if (!name || name->rdns.empty()) return std::nullopt;
  pattern.fixed = *std::move(name);
  return pattern;
}

bool has_open_value(const std::vector<NameAttribute>& rdn) {
  return std::ranges::any_of(rdn, [](const NameAttribute& attribute) { return attribute.value == anything; });
}

bool fits(const std::vector<NameAttribute>& pattern, const std::vector<NameAttribute>& rdn) {
  if (!has_open_value(pattern)) return DistinguishedName{{pattern}}.matches(DistinguishedName{{rdn}});
  if (pattern.size() != rdn.size()) return false;
  return std::ranges::all_of(pattern, [&rdn](const NameAttribute& wanted) {
    return std::ranges::any_of(rdn, [&wanted](const NameAttribute& given) {
      if (given.type != wanted.type) return false;
      return wanted.value == anything || DistinguishedName{{{wanted}}}.matches(DistinguishedName{{{given}}});
    });
  });
}

bool name_fits(const NamePattern& pattern, const DistinguishedName& name) {
  const auto& wanted = pattern.fixed.rdns;
  if (name.rdns.size() < wanted.size()) return false;
  if (name.rdns.size() > wanted.size() && !pattern.open) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!fits(wanted[i], name.rdns[i])) return false;
  }
  return true;
}

// The part from the @ on, or all of it.
std::string_view host_of(std::string_view text) { return text.substr(std::min(text.find('@'), text.size())); }
std::string_view user_of(std::string_view text) { return text.substr(0, text.find('@')); }

bool text_fits(IdentityType type, std::string_view pattern, std::string_view text) {
  if (pattern == anything) return true;
  if (type == IdentityType::user_fqdn) return equal_without_case(pattern.substr(1), host_of(text));
  // `*.example.com`: any depth, but not example.com itself.
  const std::string_view suffix = pattern.substr(1);
  return text.size() > suffix.size() && equal_without_case(text.substr(text.size() - suffix.size()), suffix);
}

}  // namespace

bool same_identity(const Identity& a, const Identity& b) {
  if (a.type != b.type) return false;
  if (a.value == b.value) return true;
  const std::string_view left = as_text(a.value);
  const std::string_view right = as_text(b.value);
  switch (a.type) {
    case IdentityType::fqdn:
      return equal_without_case(left, right);
    case IdentityType::user_fqdn:
      return user_of(left) == user_of(right) && equal_without_case(host_of(left), host_of(right));
    case IdentityType::der_asn1_dn: {
      const auto one = DistinguishedName::parse_der(a.value);
      const auto other = DistinguishedName::parse_der(b.value);
      return one && other && one->matches(*other);
    }
    default:
      return false;
  }
}

bool is_name_pattern(std::string_view text) {
  const auto pattern = parse_name_pattern(text);
  return pattern && (pattern->open || std::ranges::any_of(pattern->fixed.rdns, has_open_value));
}

bool IdentityPattern::matches(const Identity& identity) const {
  if (exact) return same_identity(*exact, identity);
  if (identity.type != type) return false;
  switch (type) {
    case IdentityType::ipv4_addr:
    case IdentityType::ipv6_addr: {
      const auto address = IpAddress::from_octets(identity.value);
      return address && addresses && addresses->contains(*address);
    }
    case IdentityType::fqdn:
    case IdentityType::user_fqdn:
      return text_fits(type, text, as_text(identity.value));
    case IdentityType::der_asn1_dn: {
      const auto pattern = parse_name_pattern(text);
      const auto name = DistinguishedName::parse_der(identity.value);
      return pattern && name && name_fits(*pattern, *name);
    }
    case IdentityType::key_id:
      return text == anything;
    case IdentityType::der_asn1_gn:
      return false;
  }
  return false;
}

}  // namespace adit::policy
