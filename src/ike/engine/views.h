#pragma once
// What an operator sees of an engine: the rows of `ipsec -k display` and `-y display -b`, as values.

#include <optional>
#include <string>

#include "base/identity.h"
#include "contract/child_sa.h"

namespace adit::ike {

enum class IkeState : std::uint8_t { init, wait_sa, in_ke, wait_ke, done, expired, half_closed };
enum class Role : std::uint8_t { initiator, responder };
enum class ExchangeMode : std::uint8_t { main, aggressive };
enum class Activation : std::uint8_t { on_demand, command, automatic, remote };

struct IkeTunnelView {
  IkeTunnelId tunnel;
  std::uint32_t generation = 1;
  unsigned version = 2;
  std::optional<ExchangeMode> mode;  ///< of IKEv1
  std::string rule, action;
  Endpoint local, remote;
  std::optional<Identity> local_identity, remote_identity;
  IkeState state{};
  Role role{};
  EncryptionId encryption{};
  unsigned key_bits = 0;
  IntegrityId integrity = IntegrityId::none;
  std::optional<PrfId> prf;
  GroupId group = GroupId::none;
  std::optional<AuthMethod> local_auth, remote_auth;
  IkeSpi initiator_spi, responder_spi;
  std::optional<std::uint64_t> lifesize_kbytes;
  std::uint64_t octets = 0;
  Minutes lifetime{0};
  std::optional<Instant> refresh_at, expires_at, reauth_at;
  Minutes reauth_interval{0};
  unsigned dynamic_tunnels = 0;
  bool allow_nat = false, nat_local = false, nat_remote = false;
  std::size_t memory = 0;  ///< octets held for it, for the benchmark
};

enum class ChildState : std::uint8_t { pending, in_negotiation, active, half_closed, expired };

/// IKEv1's AH around ESP: what AH's SAs are named by, beside ESP's.
struct AhSpis {
  InboundSpi inbound;
  OutboundSpi outbound;
  bool operator==(const AhSpis&) const = default;
};

struct DynamicTunnelView {
  contract::ChildSaName name;
  IkeTunnelId parent;
  unsigned version = 2;
  std::string filter_rule, vpn_action, local_dyn_vpn_rule;
  ChildState state{};
  Activation activation{};
  contract::EncapsulationMode mode{};
  IpAddress local, remote;
  TrafficSelectors local_ts, remote_ts;
  contract::ChildTransforms transforms;
  InboundSpi inbound_spi;
  OutboundSpi outbound_spi;
  std::optional<AhSpis> ah;  ///< where transforms.around_esp names how
  std::optional<std::uint64_t> lifesize_kbytes;
  Minutes lifetime{0};
  std::optional<Instant> refresh_at, expires_at, vpn_life_expires_at;
  GroupId group = GroupId::none;
  std::optional<contract::UdpEncapsulation> udp;
};

struct Statistics {
  std::uint64_t datagrams_in = 0, datagrams_out = 0, dropped = 0, retransmitted = 0, replayed = 0;
  std::uint64_t initiated = 0, responded = 0, failed = 0, cookies_sent = 0;
  std::size_t half_open = 0, ike_sas = 0, child_sas = 0;
  std::size_t unproved_octets = 0;                   ///< kept of peers that have not proved who they are
  std::size_t inbound_spis = 0, open_questions = 0;  ///< drawn and not given back; to nssd, and not answered
};

}  // namespace adit::ike
