#include "policy/lint/pattern_cover.h"

#include "policy/nearest.h"

namespace adit::policy::lint {
namespace {

bool is_any(const IdentityPattern& pattern) { return pattern.text == "*"; }

}  // namespace

bool covers(const IdentityPattern& wide, const IdentityPattern& narrow) {
  if (narrow.exact) return wide.matches(*narrow.exact);
  if (wide.exact || wide.type != narrow.type) return false;
  if (wide.addresses && narrow.addresses) return wide.addresses->contains(*narrow.addresses);
  if (equal_without_case(wide.text, narrow.text) || is_any(wide)) return true;
  // `*.example.com` takes in `*.a.example.com`, and `*@example.com` only itself.
  if (wide.type != IdentityType::fqdn || is_any(narrow)) return false;
  const std::string_view suffix = std::string_view{wide.text}.substr(1);
  const std::string_view names = std::string_view{narrow.text}.substr(1);
  return names.size() > suffix.size() && equal_without_case(names.substr(names.size() - suffix.size()), suffix);
}

}  // namespace adit::policy::lint
