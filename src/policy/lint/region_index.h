#pragma once
// Finds which earlier filters of a search order meet a region, without looking at all of them: a query goes by the
// dimension (source, destination, destination port) in which the fewest filters meet it. Distinct hosts, nets or ports
// are thus met in O(log n); the worst case, filters that overlap in each dimension and are yet distinct, is bounded by
// `most_comparisons` for the whole file.

#include <cstdint>
#include <functional>
#include <vector>

#include "policy/lint/region.h"

namespace adit::policy::lint {

class RegionIndex {
 public:
  /// Of regions in the order of search. They must outlive the index.
  explicit RegionIndex(const std::vector<Region>& regions);

  /// About a second of work.
  static constexpr std::size_t most_comparisons = 20'000'000;

  /// Regions before `end` in the order that meet the region, in that order. Empty, and is_exhausted(), when all
  /// comparisons are spent.
  const std::vector<std::uint32_t>& meeting(const Region& region, std::uint32_t end);
  bool is_exhausted() const { return comparisons_ > most_comparisons; }

 private:
  /// The intervals of one dimension, by their first number, with the greatest last number of each half.
  struct Dimension {
    std::vector<AddressNumber> firsts, sorted_lasts;
    std::vector<AddressNumber> greatest_last;  // an implicit tree over `firsts`
    std::vector<std::uint32_t> least_place;    // the same of the places
    std::vector<std::uint32_t> places;
    std::vector<AddressNumber> lasts;
    std::size_t count(const AddressInterval& wanted) const;
  };
  static AddressInterval interval(const Region& region, std::size_t dimension);
  void collect(const Dimension& dimension, const AddressInterval& wanted, const Region& region, std::uint32_t end,
               std::size_t node, std::size_t begin, std::size_t stop);

  const std::vector<Region>& regions_;
  std::vector<Dimension> dimensions_;
  std::vector<std::uint32_t> found_;
  std::size_t comparisons_ = 0;
};

}  // namespace adit::policy::lint
