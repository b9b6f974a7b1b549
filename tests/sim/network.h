#pragma once
// A network that loses, repeats, delays and overtakes, as its faults say; that falls apart and heals; with a NAT in
// front of some of its nodes.

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "ike/engine/step.h"
#include "sim/clockwork.h"
#include "sim/dice.h"
#include "sim/nat.h"
#include "sim/parcel.h"
#include "sim/partition.h"
#include "sim/trace.h"

namespace adit::sim {

struct Faults {
  Duration delay_least = std::chrono::milliseconds{5}, delay_most = std::chrono::milliseconds{80};
  double loss = 0, duplication = 0;  ///< probability for each datagram
  unsigned lose_every = 0;           ///< besides: each n-th datagram is lost; 0: none
};

/// How often a fault has really happened: a test whose faults never did shows nothing. Of IKE datagrams; of the traffic
/// in SAs only how many were sent and how many the network did not deliver.
struct FaultCounts {
  std::size_t sent = 0, delivered = 0, lost = 0, duplicated = 0, overtaken = 0;
  std::size_t cut = 0;          ///< by a partition
  std::size_t unsolicited = 0;  ///< dropped by a NAT
  std::size_t packets = 0, packets_not_delivered = 0;
  FaultCounts& operator+=(const FaultCounts& other);
};

class Network {
 public:
  using Receive = std::function<void(Parcel)>;

  Network(Clockwork& clockwork, Dice& dice, Trace& trace, Faults faults)
      : clockwork_{clockwork}, dice_{dice}, trace_{trace}, faults_{faults} {}

  /// A node; with a NAT in front of it when it has an outside address.
  void attach(std::size_t node, std::string name, const IpAddress& address, std::optional<IpAddress> outside,
              Receive receive);
  /// Sends with the faults in force. A datagram to an address that nobody has is lost, uncounted.
  void send(const ike::Datagram& datagram);
  void send(const Parcel& packet);
  void set(const Faults& faults) { faults_ = faults; }
  const Faults& faults() const { return faults_; }
  Partition& partition() { return partition_; }
  /// The NAT of a node gives it other ports, and another address where one is given.
  void rebind(std::size_t node, std::optional<IpAddress> outside);

  const FaultCounts& counts() const { return counts_; }
  /// All that was sent since the beginning, as sent; nothing when told not to keep it.
  const std::vector<ike::Datagram>& sent() const { return sent_; }
  void keep_nothing_sent() { keeps_sent_ = false; }

 private:
  struct Attached {
    std::string name;
    IpAddress address;
    std::optional<Nat> nat;
    Receive receive;
    std::uint64_t newest_delivered = 0;
  };
  /// The node that an address leads to, as the world sees it.
  std::optional<std::size_t> behind(const IpAddress& address) const;
  /// The parcel as it leaves the sender's NAT; nothing when a NAT or a partition stops it.
  std::optional<Parcel> depart(Parcel parcel);
  void deliver_later(const Parcel& parcel, std::uint64_t number);
  void deliver(Parcel parcel, std::uint64_t number);
  void note(const Parcel& parcel, std::string_view fate);

  Clockwork& clockwork_;
  Dice& dice_;
  Trace& trace_;
  Faults faults_;
  FaultCounts counts_;
  Partition partition_;
  std::map<std::size_t, Attached> nodes_;
  std::unordered_map<IpAddress, std::size_t> by_address_;  // as the world sees them
  std::unordered_map<IpAddress, std::size_t> by_inside_;
  std::vector<ike::Datagram> sent_;
  bool keeps_sent_ = true;
};

}  // namespace adit::sim
