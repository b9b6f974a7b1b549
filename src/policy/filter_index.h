#pragma once
// first_match() for policies of many filters: the same answer, at a cost that grows with the depth of a tree and not
// with the number of filters.

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "policy/match.h"

namespace adit::policy {

/// A filter is a box: a range of addresses, protocols and ports in each of five dimensions. Each inner node of the tree
/// cuts one dimension at a value; the filters below it, from it on, and on both sides of it go to three children.
/// A packet looks into the child of its side and into the third, and into neither when what it has found already stands
/// before all that is in there. Each filter is in one leaf alone, so memory is proportional to the filters whatever
/// they are; for filters that all overlap in every dimension the search becomes the linear one, and no worse.
class FilterIndex {
 public:
  /// Some 300 ms for 200 000 filters, so not in the thread that moves packets.
  explicit FilterIndex(std::shared_ptr<const FilterPolicy> policy);

  /// As policy::first_match().
  const Filter* first_match(const PacketSelectors& packet, const PacketPath& path) const;
  bool logs() const { return policy_->logging; }
  /// What the index takes, the policy itself not counted.
  std::size_t octets() const { return nodes_.capacity() * sizeof(Node) + places_.capacity() * sizeof(Place); }

 private:
  using Place = std::uint32_t;  // of a filter in the order of search
  using NodeNumber = std::uint32_t;
  static constexpr Place none = std::numeric_limits<Place>::max();

  /// An address, protocol or port as a number of 128 bits.
  struct Key {
    std::uint64_t high = 0, low = 0;
    auto operator<=>(const Key&) const = default;
  };
  static constexpr std::size_t dimensions = 5;
  enum class Dimension : std::uint8_t { source, destination, protocol, source_port, destination_port, leaf };
  using Point = std::array<Key, dimensions>;
  struct Box {
    Point first, last;
    Place place = 0;
  };
  struct Node {
    Key cut{};                        // below: strictly smaller
    NodeNumber below = 0, above = 0;  // of a leaf: where its places begin and end
    NodeNumber across = 0;
    Place earliest = none;  // of all filters under it
    Dimension dimension = Dimension::leaf;
  };
  /// How a cut divides filters.
  struct Division {
    Dimension dimension = Dimension::leaf;
    Key cut{};
    double cost = std::numeric_limits<double>::max();  // filters that a packet under it may still have to look at
  };

  static Key key_of(const IpAddress& address);
  static bool is_box(const Filter& filter);
  static Box box_of(const Filter& filter, Place place);
  static Division best_division(const std::vector<Box>& boxes);
  static void consider(const std::vector<Box>& boxes, Dimension dimension, Key cut, Division& best);
  static std::size_t tree_of(IpFamily family, const PacketPath& path);

  NodeNumber grow(std::vector<Box> boxes);
  Place search(NodeNumber number, const Point& point, const PacketSelectors& packet, const PacketPath& path,
               Place found) const;

  std::shared_ptr<const FilterPolicy> policy_;
  std::vector<Node> nodes_;
  std::vector<Place> places_;             // of the filters of leaves, each leaf's in order
  std::array<NodeNumber, 8> trees_ = {};  // by family, direction and routing
};

}  // namespace adit::policy
