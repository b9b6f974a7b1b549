#pragma once
// What was found for the flows seen last, so that most packets need no search. Of fixed size: a flow that falls on
// another's place takes it.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/traffic_selector.h"
#include "policy/model.h"

namespace adit::stack {

struct OutboundSa;

class FlowCache {
 public:
  static constexpr std::size_t default_places = 8192;

  /// `places` is a power of two.
  explicit FlowCache(std::size_t places = default_places);

  /// The SA and the rule of a flow, null for none. They are those of the epoch, and not looked at in another.
  struct Found {
    OutboundSa* sa = nullptr;
    const policy::Filter* rule = nullptr;
    bool operator==(const Found&) const = default;
  };
  /// What was remembered in this epoch; nothing when the flow is not known.
  std::optional<Found> find(const PacketSelectors& packet, std::uint64_t epoch) const;
  void remember(const PacketSelectors& packet, std::uint64_t epoch, const Found& found);

 private:
  struct Place {
    std::uint64_t epoch = 0;  // 0: free
    Found found;
    PacketSelectors flow;
  };
  std::vector<Place> places_;
};

}  // namespace adit::stack
