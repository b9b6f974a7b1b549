#pragma once
// Two engines and the wire between them, in memory: every datagram, every question to nssd and the stack passes here,
// and a test may look at it, hold it back, change it or lose it.

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <string>

#include "ike/engine/engine.h"

namespace adit::ike {

class CountingRandom final : public Random {
 public:
  explicit CountingRandom(std::uint64_t seed) : state_{seed} {}
  void fill(MutableBytes octets) override {
    drawn += octets.size();
    for (std::uint8_t& octet : octets) {  // splitmix64
      std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
      mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
      mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
      octet = static_cast<std::uint8_t>(mixed >> 56);
    }
  }

  std::size_t drawn = 0;  ///< octets: no key was made where none was drawn

 private:
  std::uint64_t state_;
};

/// What a test varies in the policy of one side.
struct Side {
  std::string name, address, peer_address, net, peer_net;
  std::string secret = "the same at both ends";
  bool allow_nat = false, force_udp = false;
  policy::HowToAuthMe me = policy::HowToAuthMe::preshared_key;
  policy::HowToAuthPeers peers = policy::HowToAuthPeers::preshared_key;
  std::vector<GroupId> groups = {GroupId::curve25519};
  EncryptionId encryption = EncryptionId::aes_gcm_16;
  unsigned key_bits = 256;
  EncryptionId data_encryption = EncryptionId::aes_gcm_16;  ///< none: AH
  policy::EncapsulationChoice encap = policy::EncapsulationChoice::tunnel;
  policy::Initiation initiation = policy::Initiation::either;
  GroupId pfs = GroupId::none, also_pfs = GroupId::none;
  Minutes vpn_life{1440};
  bool auto_activate = false, bypass_ip_validation = false;
  Seconds liveness{30};
  std::optional<std::uint64_t> child_lifesize;  ///< kilobytes
  Minutes ike_lifetime{480}, child_lifetime{240}, reauth{0};
  std::string peer_identity;  ///< empty: the peer's address
  std::string
      remote_endpoint;     ///< of the filter; empty: the peer's address; it is where the peer is seen, behind a NAT
  std::string filter_for;  ///< RemoteIdentity of the filter, with FilterByIdentity; empty: none
};

inline Side east() { return {"east", "198.51.100.1", "198.51.100.2", "10.1.0.0", "10.2.0.0"}; }
inline Side west() { return {"west", "198.51.100.2", "198.51.100.1", "10.2.0.0", "10.1.0.0"}; }

inline IpAddress address(const std::string& text) { return *IpAddress::parse(text); }
inline Identity identity_of(const std::string& text) {
  const IpAddress value = address(text);
  return {IdentityType::ipv4_addr, {value.octets().begin(), value.octets().end()}};
}

policy::PolicyPointer make_policy(const Side& side);

/// An engine with the stack and the nssd that a test gives it.
class Host {
 public:
  Host(Side side, EngineOptions options, std::uint64_t seed);

  void feed(Input input);
  void pass_time_to(Instant now);

  Side side;
  CountingRandom random;
  Engine engine;
  Instant now{};
  std::deque<Datagram> out;  ///< not yet delivered
  std::vector<LogRecord> log;
  std::vector<OperatorAnswer> answers;
  std::map<contract::ChildSaName, contract::InstallChildSa> installed;
  std::vector<contract::RemoveChildSa> removed;
  std::vector<contract::RetireChildSa> retired;
  std::vector<contract::BeginSending> begun;
  std::vector<contract::MovePeer> moved;
  std::vector<QueryCounters> queried;
  std::function<contract::ChildSaCounters(const QueryCounters&)> counters;  ///< without it questions stay open
  std::function<std::optional<std::string>(const contract::InstallChildSa&)> refuse_install;  ///< why, or nothing
  bool stack_answers = true;
  /// nssd; without it questions stay open.
  std::function<decltype(CertificateAnswer::answer)(const CertificateRequest&)> nssd;
  std::vector<CertificateRequest> asked;

  StackName stack() const { return {side.name}; }
  bool has_told(CatalogueId message) const;
  std::string told() const;
  std::vector<IkeTunnelView> ike() const { return engine.ike_tunnels(stack()); }
  std::vector<DynamicTunnelView> children() const { return engine.dynamic_tunnels(stack()); }
};

struct TwoEngines {
  explicit TwoEngines(Side a = east(), Side b = west(), EngineOptions options = {});

  /// Delivers until nothing is under way. `change` may alter a datagram, or lose it by returning false.
  void settle(const std::function<bool(Datagram&)>& change = {});
  void pass(Duration time);  ///< in steps of deadlines, delivering between them
  void activate();           ///< east starts, and all is delivered

  Host east_host, west_host;
  std::vector<Datagram> carried;
};

}  // namespace adit::ike
