#include "policy/lint/region_index.h"

#include <algorithm>
#include <numeric>

namespace adit::policy::lint {
namespace {

constexpr std::size_t dimension_count = 3;

}  // namespace

AddressInterval RegionIndex::interval(const Region& region, std::size_t dimension) {
  if (dimension == 0) return region.source;
  if (dimension == 1) return region.destination;
  const SmallInterval& ports = region.values[Region::destination_port];
  return {{0, ports.first}, {0, ports.last}};
}

RegionIndex::RegionIndex(const std::vector<Region>& regions) : regions_{regions} {
  for (std::size_t which = 0; which < dimension_count; ++which) {
    Dimension made;
    made.places.resize(regions.size());
    std::iota(made.places.begin(), made.places.end(), std::uint32_t{0});
    std::ranges::sort(made.places, {},
                      [&](std::uint32_t at) { return std::pair{interval(regions[at], which).first, at}; });
    for (const std::uint32_t at : made.places) {
      const AddressInterval own = interval(regions[at], which);
      made.firsts.push_back(own.first);
      made.lasts.push_back(own.last);
    }
    made.sorted_lasts = made.lasts;
    std::ranges::sort(made.sorted_lasts);
    made.greatest_last.resize(4 * regions.size() + 1);
    made.least_place.resize(4 * regions.size() + 1);
    const auto build = [&made](auto& self, std::size_t node, std::size_t begin, std::size_t stop) -> void {
      if (stop - begin == 1) {
        made.greatest_last[node] = made.lasts[begin];
        made.least_place[node] = made.places[begin];
        return;
      }
      const std::size_t middle = begin + (stop - begin) / 2;
      self(self, 2 * node + 1, begin, middle);
      self(self, 2 * node + 2, middle, stop);
      made.greatest_last[node] = std::max(made.greatest_last[2 * node + 1], made.greatest_last[2 * node + 2]);
      made.least_place[node] = std::min(made.least_place[2 * node + 1], made.least_place[2 * node + 2]);
    };
    if (!regions.empty()) build(build, 0, 0, regions.size());
    dimensions_.push_back(std::move(made));
  }
}

// All that begin no later than the wanted ends, less those that end before it begins.
std::size_t RegionIndex::Dimension::count(const AddressInterval& wanted) const {
  const auto begun = std::ranges::upper_bound(firsts, wanted.last) - firsts.begin();
  const auto ended = std::ranges::lower_bound(sorted_lasts, wanted.first) - sorted_lasts.begin();
  return static_cast<std::size_t>(begun - ended);
}

// Depth is the logarithm of the number of regions.
void RegionIndex::collect(const Dimension& dimension, const AddressInterval& wanted, const Region& region,
                          std::uint32_t end, std::size_t node, std::size_t begin, std::size_t stop) {
  ++comparisons_;
  if (dimension.least_place[node] >= end || dimension.greatest_last[node] < wanted.first) return;
  if (dimension.firsts[begin] > wanted.last) return;
  if (stop - begin == 1) {
    const std::uint32_t at = dimension.places[begin];
    if (regions_[at].intersects(region)) found_.push_back(at);
    return;
  }
  const std::size_t middle = begin + (stop - begin) / 2;
  collect(dimension, wanted, region, end, 2 * node + 1, begin, middle);
  collect(dimension, wanted, region, end, 2 * node + 2, middle, stop);
}

const std::vector<std::uint32_t>& RegionIndex::meeting(const Region& region, std::uint32_t end) {
  found_.clear();
  if (regions_.empty() || is_exhausted()) return found_;
  std::size_t best = 0;
  std::size_t fewest = dimensions_[0].count(interval(region, 0));
  for (std::size_t which = 1; which < dimension_count; ++which) {
    const std::size_t count = dimensions_[which].count(interval(region, which));
    if (count >= fewest) continue;
    best = which;
    fewest = count;
  }
  collect(dimensions_[best], interval(region, best), region, end, 0, 0, regions_.size());
  std::ranges::sort(found_);
  return found_;
}

}  // namespace adit::policy::lint
