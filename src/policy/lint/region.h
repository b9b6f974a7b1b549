#pragma once
// The packets that a simple filter matches, as a box of intervals, so that "all its packets are matched by those rules"
// is decided exactly (policy/match.h: matches()). Ports mean nothing of a packet that hides them: only filters that ask
// for no ports match it, so the hiding is a dimension of its own.

#include <array>
#include <cstdint>
#include <vector>

#include "policy/model.h"

namespace adit::policy::lint {

/// An address as a number; an IPv4 one in the low 32 bits.
struct AddressNumber {
  std::uint64_t high = 0, low = 0;
  static AddressNumber of(const IpAddress& address);
  AddressNumber before() const { return {low == 0 ? high - 1 : high, low - 1}; }
  AddressNumber after() const { return {low + 1 == 0 ? high + 1 : high, low + 1}; }
  auto operator<=>(const AddressNumber&) const = default;
};

/// Both ends included.
template <class Number>
struct Interval {
  Number first{}, last{};
  bool contains(const Interval& other) const { return first <= other.first && other.last <= last; }
  bool intersects(const Interval& other) const { return first <= other.last && other.first <= last; }
  auto operator<=>(const Interval&) const = default;
};
using AddressInterval = Interval<AddressNumber>;
using SmallInterval = Interval<std::uint16_t>;

/// Of one direction and one family: packets of two never meet in a search.
struct Region {
  enum Field : std::uint8_t {
    protocol,
    source_port,
    destination_port,
    security_class,
    routed,        ///< 0 local, 1 forwarded
    ports_hidden,  ///< a later fragment, or a header that could not be read
    is_fragment,
    opens_connection,  ///< TCP SYN without ACK
    fields,
  };
  AddressInterval source, destination;
  std::array<SmallInterval, fields> values{};

  static Region of(const Filter& filter);
  bool contains(const Region& other) const;
  bool intersects(const Region& other) const;
  auto operator<=>(const Region&) const = default;
};

/// Appends what of `from` lies outside `taken`, in boxes that do not meet: at most two for each dimension.
void subtract(const Region& from, const Region& taken, std::vector<Region>& left);

}  // namespace adit::policy::lint
