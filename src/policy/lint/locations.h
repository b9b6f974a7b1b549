#pragma once
// Where the ends of a KeyExchangeRule may be: no range stands for any address.

#include <algorithm>
#include <vector>

#include "policy/model.h"

namespace adit::policy::lint {

inline bool contains(const std::vector<IpRange>& wide, const std::vector<IpRange>& narrow) {
  if (wide.empty()) return true;
  if (narrow.empty()) return false;
  return std::ranges::all_of(narrow, [&](const IpRange& range) {
    return std::ranges::any_of(wide, [&](const IpRange& other) { return other.contains(range); });
  });
}

}  // namespace adit::policy::lint
