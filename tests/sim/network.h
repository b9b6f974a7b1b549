#pragma once
// A network that loses, repeats, delays and overtakes, as its faults say.

#include <functional>
#include <map>
#include <vector>

#include "ike/engine/step.h"
#include "sim/clockwork.h"
#include "sim/dice.h"

namespace adit::sim {

struct Faults {
  Duration delay_least = std::chrono::milliseconds{5}, delay_most = std::chrono::milliseconds{80};
  double loss = 0, duplication = 0;  ///< probability for each datagram
  unsigned lose_every = 0;           ///< besides: each n-th datagram is lost; 0: none
};

/// How often a fault has really happened: a test whose faults never did shows nothing.
struct FaultCounts {
  std::size_t sent = 0, delivered = 0, lost = 0, duplicated = 0, overtaken = 0;
  FaultCounts& operator+=(const FaultCounts& other);
};

class Network {
 public:
  using Receive = std::function<void(ike::Datagram)>;

  Network(Clockwork& clockwork, Dice& dice, Faults faults) : clockwork_{clockwork}, dice_{dice}, faults_{faults} {}

  void attach(const IpAddress& address, Receive receive) { hosts_[address] = std::move(receive); }
  /// Sends with the faults in force. A datagram to an address that nobody has is lost, uncounted.
  void send(const ike::Datagram& datagram);
  void set(Faults faults) { faults_ = faults; }

  const FaultCounts& counts() const { return counts_; }
  /// All that was sent since the beginning, as sent.
  const std::vector<ike::Datagram>& sent() const { return sent_; }

 private:
  void deliver_later(const ike::Datagram& datagram, std::uint64_t number);

  Clockwork& clockwork_;
  Dice& dice_;
  Faults faults_;
  FaultCounts counts_;
  std::map<IpAddress, Receive> hosts_;
  std::map<IpAddress, std::uint64_t> newest_delivered_;  // to each host: the latest number it has got
  std::vector<ike::Datagram> sent_;
};

}  // namespace adit::sim
