#pragma once
// Key exchange rules by where their two ends may be: which of them meet a pair of ranges, in order, without a look at
// all.

#include <cstdint>
#include <vector>

#include "policy/lint/region_index.h"

namespace adit::policy::lint {

class KeyExchangeIndex {
 public:
  explicit KeyExchangeIndex(const std::vector<KeyExchangeRule>& rules);

  /// Numbers of the rules before `end` whose ends may lie in both ranges, in order, each once.
  std::vector<std::uint32_t> meeting(const IpRange& local, const IpRange& remote, std::uint32_t end);
  /// The first rule before another one that shares a pair of addresses with it; `number` itself where there is none.
  std::uint32_t first_sharing(std::uint32_t number);

 private:
  struct Family {
    std::vector<Region> regions;
    std::vector<std::uint32_t> rules;  ///< of each region, ascending
  };
  static Family of(const std::vector<KeyExchangeRule>& rules, IpFamily family);

  std::vector<KeyExchangeRule> const& rules_;
  Family v4_, v6_;
  RegionIndex index_v4_, index_v6_;
};

}  // namespace adit::policy::lint
