#pragma once
// The outbound SA of the flows seen last, so that most packets need no walk through selectors. Of fixed size: a flow
// that falls on another's place takes it.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/traffic_selector.h"

namespace adit::stack {

struct OutboundSa;

class FlowCache {
 public:
  static constexpr std::size_t default_places = 8192;

  /// `places` is a power of two.
  explicit FlowCache(std::size_t places = default_places);

  /// What was remembered in this epoch: an SA, or nullptr for none; nothing when the flow is not known.
  std::optional<OutboundSa*> find(const PacketSelectors& packet, std::uint64_t epoch) const;
  void remember(const PacketSelectors& packet, std::uint64_t epoch, OutboundSa* sa);

 private:
  struct Place {
    std::uint64_t epoch = 0;  // 0: free
    OutboundSa* sa = nullptr;
    PacketSelectors flow;
  };
  std::vector<Place> places_;
};

}  // namespace adit::stack
