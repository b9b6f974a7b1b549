#include "policy/filter_index.h"

#include <algorithm>
#include <bit>

namespace adit::policy {
namespace {

/// Filters looked at one after another are cheaper than two more nodes.
constexpr std::size_t most_in_leaf = 6;
/// A cut must free each child from this part of the filters; so the depth stays logarithmic.
constexpr std::size_t progress = 8;
/// Boxes that the middle of a dimension is estimated from.
constexpr std::size_t largest_sample = 128;

}  // namespace

FilterIndex::Key FilterIndex::key_of(const IpAddress& address) {
  Key key;
  const Bytes octets = address.octets();
  for (std::size_t i = 0; i < octets.size(); ++i) {
    key.high = key.high << 8 | key.low >> 56;
    key.low = key.low << 8 | octets[i];
  }
  return key;
}

/// Whether a packet can match at all.
bool FilterIndex::is_box(const Filter& filter) {
  const ServiceSelector& service = filter.service;
  const bool has_ports = service.source_ports.first <= service.source_ports.last &&
                         service.destination_ports.first <= service.destination_ports.last;
  return filter.source.family() == filter.destination.family() && (has_ports || service.opaque);
}

FilterIndex::Box FilterIndex::box_of(const Filter& filter, Place place) {
  const ServiceSelector& service = filter.service;
  const bool any_protocol = service.opaque || service.protocol == IpProtocol::any;
  const auto ports = [&](const PortRange& range) { return service.opaque ? PortRange::all() : range; };
  const PortRange source = ports(service.source_ports), destination = ports(service.destination_ports);
  return {.first = {key_of(filter.source.first), key_of(filter.destination.first),
                    Key{.low = any_protocol ? 0u : service.protocol}, Key{.low = source.first},
                    Key{.low = destination.first}},
          .last = {key_of(filter.source.last), key_of(filter.destination.last),
                   Key{.low = any_protocol ? 255u : service.protocol}, Key{.low = source.last},
                   Key{.low = destination.last}},
          .place = place};
}

std::size_t FilterIndex::tree_of(IpFamily family, const PacketPath& path) {
  return (family == IpFamily::v6 ? 4u : 0u) + (path.direction == Direction::outbound ? 2u : 0u) +
         (path.routed ? 1u : 0u);
}

FilterIndex::FilterIndex(std::shared_ptr<const FilterPolicy> policy) : policy_{std::move(policy)} {
  nodes_.emplace_back();  // number 0: nothing in it
  for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    for (const Direction direction : {Direction::inbound, Direction::outbound}) {
      for (const bool routed : {false, true}) {
        std::vector<Box> boxes;
        for (Place i = 0; i < policy_->filters.size(); ++i) {
          const Filter& filter = policy_->filters[i];
          if (filter.source.family() != family || filter.direction != direction || !is_box(filter)) continue;
          if (filter.routing != (routed ? Routing::local : Routing::routed)) boxes.push_back(box_of(filter, i));
        }
        trees_[tree_of(family, {.direction = direction, .routed = routed})] = grow(std::move(boxes));
      }
    }
  }
  nodes_.shrink_to_fit();
  places_.shrink_to_fit();
}

void FilterIndex::consider(const std::vector<Box>& boxes, Dimension dimension, Key cut, Division& best) {
  const auto at = static_cast<std::size_t>(dimension);
  std::size_t below = 0, above = 0;
  for (const Box& box : boxes) {
    if (box.last[at] < cut) ++below;
    if (box.first[at] >= cut) ++above;
  }
  const std::size_t across = boxes.size() - below - above;
  const std::size_t largest = std::max({below, above, across});
  if (largest + (boxes.size() + progress - 1) / progress > boxes.size()) return;
  const auto lower = static_cast<double>(below), upper = static_cast<double>(above);
  const double cost = (lower * lower + upper * upper) / (lower + upper) + static_cast<double>(across);
  if (cost < best.cost) best = {.dimension = dimension, .cut = cut, .cost = cost};
}

FilterIndex::Division FilterIndex::best_division(const std::vector<Box>& boxes) {
  Division best;
  const std::size_t step = 1 + boxes.size() / largest_sample;
  std::vector<Key> edges;
  for (std::size_t at = 0; at < dimensions; ++at) {
    const auto dimension = static_cast<Dimension>(at);
    for (const bool by_first : {true, false}) {
      edges.clear();
      for (std::size_t i = 0; i < boxes.size(); i += step) {
        edges.push_back(by_first ? boxes[i].first[at] : boxes[i].last[at]);
      }
      const auto middle = edges.begin() + static_cast<std::ptrdiff_t>(edges.size() / 2);
      std::ranges::nth_element(edges, middle);
      Key cut = *middle;
      if (!by_first) {  // just after the box that ends there
        ++cut.low;
        if (cut.low == 0) ++cut.high;
      }
      consider(boxes, dimension, cut, best);
    }
  }
  return best;
}

FilterIndex::NodeNumber FilterIndex::grow(std::vector<Box> boxes) {
  if (boxes.empty()) return 0;
  const auto number = static_cast<NodeNumber>(nodes_.size());
  nodes_.push_back({.earliest = std::ranges::min(boxes, {}, &Box::place).place});
  const Division division = boxes.size() <= most_in_leaf ? Division{} : best_division(boxes);
  if (division.dimension == Dimension::leaf) {
    nodes_[number].below = static_cast<NodeNumber>(places_.size());
    for (const Box& box : boxes) places_.push_back(box.place);  // in order: boxes are never rearranged
    nodes_[number].above = static_cast<NodeNumber>(places_.size());
    return number;
  }
  const auto at = static_cast<std::size_t>(division.dimension);
  std::vector<Box> below, above, across;
  for (const Box& box : boxes) {
    (box.last[at] < division.cut ? below : box.first[at] >= division.cut ? above : across).push_back(box);
  }
  boxes = {};  // memory of the way down is that of one path
  const NodeNumber first = grow(std::move(below)), second = grow(std::move(above)), third = grow(std::move(across));
  Node& node = nodes_[number];
  node.dimension = division.dimension;
  node.cut = division.cut;
  node.below = first;
  node.above = second;
  node.across = third;
  return number;
}

FilterIndex::Place FilterIndex::search(NodeNumber number, const Point& point, const PacketSelectors& packet,
                                       const PacketPath& path, Place found) const {
  while (nodes_[number].earliest < found) {
    const Node& node = nodes_[number];
    if (node.dimension == Dimension::leaf) {
      for (NodeNumber i = node.below; i < node.above && places_[i] < found; ++i) {
        if (matches(policy_->filters[places_[i]], packet, path)) return places_[i];
      }
      return found;
    }
    NodeNumber next = point[static_cast<std::size_t>(node.dimension)] < node.cut ? node.below : node.above;
    number = node.across;
    // First where the earlier filters are: what matches there may spare the other.
    if (nodes_[number].earliest < nodes_[next].earliest) std::swap(number, next);
    found = search(next, point, packet, path, found);
  }
  return found;
}

const Filter* FilterIndex::first_match(const PacketSelectors& packet, const PacketPath& path) const {
  const Point point = {key_of(packet.source), key_of(packet.destination), Key{.low = packet.protocol},
                       Key{.low = packet.source_port}, Key{.low = packet.destination_port}};
  const Place found = search(trees_[tree_of(packet.source.family(), path)], point, packet, path, none);
  return found == none ? nullptr : &policy_->filters[found];
}

}  // namespace adit::policy
