#include "policy/lint/key_exchange_index.h"

#include <algorithm>

namespace adit::policy::lint {
namespace {

// A rule of two groups of addresses is a box for each pair of them: beyond so many it is left out.
constexpr std::size_t most_boxes_of_a_rule = 4096;

std::vector<IpRange> ranges_of(const std::vector<IpRange>& locations, IpFamily family) {
  if (locations.empty()) return {IpRange::all(family)};
  std::vector<IpRange> chosen;
  std::ranges::copy_if(locations, std::back_inserter(chosen),
                       [family](const IpRange& range) { return range.family() == family; });
  return chosen;
}

Region region_of(const IpRange& local, const IpRange& remote) {
  return {.source = {AddressNumber::of(local.first), AddressNumber::of(local.last)},
          .destination = {AddressNumber::of(remote.first), AddressNumber::of(remote.last)}};
}

}  // namespace

KeyExchangeIndex::KeyExchangeIndex(const std::vector<KeyExchangeRule>& rules)
    : rules_{rules},
      v4_{of(rules, IpFamily::v4)},
      v6_{of(rules, IpFamily::v6)},
      index_v4_{v4_.regions},
      index_v6_{v6_.regions} {}

KeyExchangeIndex::Family KeyExchangeIndex::of(const std::vector<KeyExchangeRule>& rules, IpFamily family) {
  Family made;
  for (std::uint32_t number = 0; number < rules.size(); ++number) {
    const auto locals = ranges_of(rules[number].local_locations, family);
    const auto remotes = ranges_of(rules[number].remote_locations, family);
    if (locals.size() * remotes.size() > most_boxes_of_a_rule) continue;
    for (const IpRange& local : locals) {
      for (const IpRange& remote : remotes) {
        made.regions.push_back(region_of(local, remote));
        made.rules.push_back(number);
      }
    }
  }
  return made;
}

std::vector<std::uint32_t> KeyExchangeIndex::meeting(const IpRange& local, const IpRange& remote, std::uint32_t end) {
  const bool is_v4 = local.family() == IpFamily::v4;
  const Family& family = is_v4 ? v4_ : v6_;
  RegionIndex& index = is_v4 ? index_v4_ : index_v6_;
  if (local.family() != remote.family()) return {};
  const auto stop = std::ranges::lower_bound(family.rules, end) - family.rules.begin();
  std::vector<std::uint32_t> numbers;
  for (const std::uint32_t at : index.meeting(region_of(local, remote), static_cast<std::uint32_t>(stop))) {
    if (numbers.empty() || numbers.back() != family.rules[at]) numbers.push_back(family.rules[at]);
  }
  return numbers;
}

std::uint32_t KeyExchangeIndex::first_sharing(std::uint32_t number) {
  std::uint32_t first = number;
  for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    for (const IpRange& local : ranges_of(rules_[number].local_locations, family)) {
      for (const IpRange& remote : ranges_of(rules_[number].remote_locations, family)) {
        const auto numbers = meeting(local, remote, first);
        if (!numbers.empty()) first = numbers.front();
      }
    }
  }
  return first;
}

}  // namespace adit::policy::lint
