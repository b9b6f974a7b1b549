#pragma once
// Ranges of addresses or ports that may overlap, in order of search, cut into parts in each of which the same of them
// lie: the elements of an interval map.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "base/ip_address.h"

namespace adit::stack {

template <class Value>
struct ValueRange {
  Value first, last;
  bool operator==(const ValueRange&) const = default;
};

template <class Value>
struct RangePart {
  ValueRange<Value> range;
  std::vector<std::size_t> members;  ///< which ranges it lies in, by number, in order of search; not empty
  bool operator==(const RangePart&) const = default;
};

/// Nothing after the highest.
inline std::optional<IpAddress> successor(const IpAddress& address) { return address.next(); }
inline std::optional<std::uint16_t> successor(std::uint16_t port) {
  return port == UINT16_MAX ? std::nullopt : std::optional{static_cast<std::uint16_t>(port + 1)};
}
/// Of what is not the lowest.
IpAddress predecessor(const IpAddress& address);
inline std::uint16_t predecessor(std::uint16_t port) { return static_cast<std::uint16_t>(port - 1); }

/// The parts, lowest first. Of the members of a part, none stand behind the first that `decides`: no search comes so
/// far. @return nothing when the parts have more than `most_members` together
template <class Value>
std::optional<std::vector<RangePart<Value>>> range_parts(std::span<const ValueRange<Value>> ranges,
                                                         const std::function<bool(std::size_t)>& decides,
                                                         std::size_t most_members) {
  std::map<Value, std::pair<std::vector<std::size_t>, std::vector<std::size_t>>> edges;  // what ends, what begins
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    edges[ranges[i].first].second.push_back(i);
    if (const auto after = successor(ranges[i].last)) edges[*after].first.push_back(i);
  }
  std::vector<RangePart<Value>> parts;
  std::set<std::size_t> open;
  std::size_t members = 0;
  for (auto edge = edges.begin(); edge != edges.end(); ++edge) {
    for (const std::size_t i : edge->second.first) open.erase(i);
    open.insert(edge->second.second.begin(), edge->second.second.end());
    if (open.empty()) continue;
    // Open ranges end at an edge, unless they reach to the highest value: then all of them do.
    const auto next = std::next(edge);
    const Value last = next == edges.end() ? ranges[*open.begin()].last : predecessor(next->first);
    RangePart<Value> part{{edge->first, last}, {}};
    for (const std::size_t i : open) {
      part.members.push_back(i);
      if (decides(i)) break;
    }
    const bool goes_on = !parts.empty() && successor(parts.back().range.last) == edge->first;
    if (goes_on && parts.back().members == part.members) {
      parts.back().range.last = last;
      continue;
    }
    members += part.members.size();
    if (members > most_members) return std::nullopt;
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace adit::stack
