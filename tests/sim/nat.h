#pragma once
// A NAT in front of one node: it gives each of the node's ports one of its own, forgets it after a silence, and lets in
// only what the node has sent to (RFC 4787: endpoint-independent mapping, address and port-dependent filtering).

#include <map>
#include <optional>
#include <set>

#include "base/ip_address.h"
#include "base/time.h"

namespace adit::sim {

class Nat {
 public:
  static constexpr Seconds mapping_life{60};  // keep-alives come every 20 s

  explicit Nat(const IpAddress& outside) : outside_{outside} {}

  const IpAddress& outside() const { return outside_; }
  /// The source as the world sees it. A packet without ports does not get through.
  std::optional<Endpoint> out(const Endpoint& from, const Endpoint& to, Instant now);
  /// Where a parcel from the world goes to; nothing when it is unsolicited.
  std::optional<Endpoint> in(const Endpoint& from, const Endpoint& to, Instant now);
  /// All mappings are lost: the next ones have other ports, and another address where one is given.
  void rebind(std::optional<IpAddress> outside);

 private:
  struct Mapping {
    std::uint16_t port = 0;
    Instant used;
    std::set<Endpoint> spoken_to;
  };
  IpAddress outside_;
  std::uint16_t next_port_ = 20000;
  std::map<Endpoint, Mapping> mappings_;
};

}  // namespace adit::sim
