#pragma once
// Packets that met an IpSec rule without an SA: when to ask iked for one, and the one packet a flow that waits for the
// answer (RFC 4301 §5.1 lets it be kept). A flood of new flows costs a fixed amount.

#include <map>
#include <vector>

#include "base/time.h"
#include "base/traffic_selector.h"

namespace adit::stack {

/// A packet of this host and a forwarded one may fall under two rules, though they show the same.
struct LeavingFlow {
  PacketSelectors packet;
  bool routed = false;
  auto operator<=>(const LeavingFlow&) const = default;
};

class Acquires {
 public:
  /// Flows that wait at a time; each holds a packet of at most the TUN device's MTU.
  static constexpr std::size_t most_flows = 512;
  /// A flow asks again after that, while it has packets: iked may have been away.
  static constexpr Duration repeat_after = std::chrono::seconds{2};
  /// What waits longer has been sent again by its sender.
  static constexpr Duration hold_for = std::chrono::seconds{30};
  /// Of all flows together, in a second.
  static constexpr unsigned most_questions = 64;

  enum class Ask : std::uint8_t {
    now,      ///< and the packet is kept
    again,    ///< the flow's first packet is kept, not this one
    already,  ///< as again, but without a question
    too_many
  };
  /// Notes the flow and keeps the packet, if none of the flow is kept.
  Ask add(const LeavingFlow& flow, Bytes packet, Instant now);

  struct Held {
    LeavingFlow flow;
    ByteString packet;
  };
  /// Takes out what waits and is carried now; `carried(flow)` says so.
  template <class Carried>
  std::vector<Held> release(Carried carried) {
    std::vector<Held> released;
    for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
      if (!carried(waiting->first)) {
        ++waiting;
        continue;
      }
      released.push_back({waiting->first, std::move(waiting->second.packet)});
      waiting = waiting_.erase(waiting);
    }
    return released;
  }
  /// What has waited in vain.
  std::vector<Held> forget_old(Instant now);

 private:
  struct Waiting {
    Instant since, asked;
    ByteString packet;
  };
  bool may_ask(Instant now);

  std::map<LeavingFlow, Waiting> waiting_;
  Instant second_{};
  unsigned asked_in_second_ = 0;
};

}  // namespace adit::stack
