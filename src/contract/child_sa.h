#pragma once
// What iked asks of a stack and what the stack tells iked: the vocabulary of StackService, as domain types. A Child SA
// is installed and removed as a pair (RFC 7296 §1.4.1); iked draws the inbound SPIs, so no round trip is needed for
// one.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "base/algorithms.h"
#include "base/secret.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "base/traffic_selector.h"
#include "contract/ike_version.h"

namespace adit::contract {

enum class SaProtocol : std::uint8_t { ah = 2, esp = 3 };  // RFC 7296 §3.3.1
enum class EncapsulationMode : std::uint8_t { tunnel, transport };
enum class DfPolicy : std::uint8_t { copy, clear, set };  // PassthroughDF Yes, No Clear, No Set
/// When a pair that replaces another begins to send (RFC 7296 §2.8). Who answered the rekey does not know that the peer
/// has the new pair before a packet comes in on it, or the replaced pair has been removed.
///
/// `when_told`: not before a BeginSending or a packet of the peer, whatever the tunnel has besides. IKEv1's initiator
/// must receive by the pair before its last message is out, and send after it; its responder must receive before that
/// message has come (RFC 2409 §5.5).
enum class SendingBegins : std::uint8_t { at_once, when_peer_is_ready, when_told };

struct ChildTransforms {
  SaProtocol protocol = SaProtocol::esp;
  EncryptionId encryption{};
  unsigned key_bits = 0;
  IntegrityId integrity = IntegrityId::none;
  bool extended_sequence_numbers = false;
  /// AH around ESP: how AH proves the whole ESP packet, between the security endpoints (RFC 2401 §4.5). With
  /// `protocol` ESP alone, of IKEv1 and of manual keys: IKEv2 negotiates one protocol (RFC 7296 §1.2).
  IntegrityId around_esp = IntegrityId::none;
  /// `ESP AES_GCM_16-256 ESN`, `AH HMAC_SHA2_256_128`, `AH HMAC_SHA1_96 around ESP AES_CBC-128`
  std::string to_string() const;
  auto operator<=>(const ChildTransforms&) const = default;
};

struct DirectionKeys {
  Secret encryption;  ///< with the salt at its end
  Secret integrity;
  bool operator==(const DirectionKeys&) const = default;
};

/// AH's part where it stands around ESP: SAs of their own, with the mode, the ends and the lifetime of the pair.
struct AroundEsp {
  InboundSpi inbound_spi;
  OutboundSpi outbound_spi;
  Secret inbound, outbound;  ///< integrity keys
  bool operator==(const AroundEsp&) const = default;
};

/// Names one SA pair of one stack for as long as iked and stackd live.
struct ChildSaName {
  DynamicTunnelId tunnel;        ///< Y number: stays over rekeys; of a manual pair, the M number
  std::uint32_t generation = 1;  ///< counts the SAs of the tunnel
  /// Who made the pair: iked negotiated it, or its keys are in the policy and the stack made it. No message between
  /// them can name a manual one.
  enum class Kind : std::uint8_t { dynamic, manual } kind = Kind::dynamic;

  static ChildSaName manual(ManualTunnelId tunnel, std::uint32_t generation) {
    return {.tunnel = DynamicTunnelId{tunnel.value()}, .generation = generation, .kind = Kind::manual};
  }
  bool is_manual() const { return kind == Kind::manual; }
  ManualTunnelId manual_tunnel() const { return ManualTunnelId{tunnel.value()}; }

  /// The pairs of a tunnel stand together.
  auto operator<=>(const ChildSaName& other) const {
    return std::tie(kind, tunnel, generation) <=> std::tie(other.kind, other.tunnel, other.generation);
  }
  bool operator==(const ChildSaName&) const = default;
};

struct UdpEncapsulation {  // RFC 3948
  std::uint16_t local_port = 4500, remote_port = 4500;
  auto operator<=>(const UdpEncapsulation&) const = default;
};

struct Lifetimes {
  std::optional<Seconds> hard;               ///< the stack removes the pair then, if iked has not
  std::optional<std::uint64_t> soft_octets;  ///< the stack reports ByteLimit once
  std::optional<std::uint64_t> hard_octets;  ///< the stack removes the pair
  auto operator<=>(const Lifetimes&) const = default;
};

struct InstallChildSa {
  StackName stack;
  ChildSaName name;
  IkeTunnelId parent;
  ChildTransforms transforms;
  EncapsulationMode mode = EncapsulationMode::tunnel;
  InboundSpi inbound_spi;
  OutboundSpi outbound_spi;
  DirectionKeys inbound, outbound;
  std::optional<AroundEsp> ah;           ///< where transforms.around_esp names how
  IpAddress local, remote;               ///< security endpoints; 0.0.0.0 or ::, of a manual pair: each packet's own
  TrafficSelectors local_ts, remote_ts;  ///< what the pair carries, seen from here
  std::optional<UdpEncapsulation> udp;   ///< absent: native ESP or AH
  Lifetimes lifetimes;
  DfPolicy df = DfPolicy::copy;
  bool copy_dscp = true;
  SendingBegins sending = SendingBegins::at_once;
  /// Of a manual pair: it takes every sequence number, and its own begins again after the last (RFC 4303 §3.3.3,
  /// §3.4.3). Its keys have been used before, so what it draws its IVs from must be new each time: 16 random octets.
  bool anti_replay = true;
  ByteString iv_seed;
  std::string filter_rule;         ///< the anchor: IpFilterRule's name; of a manual pair none: several may lead to it
  std::string vpn_action;          ///< IpDynVpnAction's or IpManVpnAction's name
  std::string local_dyn_vpn_rule;  ///< LocalDynVpnRule's name, or empty
  IkeVersion ike_version = IkeVersion::v2;  ///< for the reports
  bool operator==(const InstallChildSa&) const = default;
};

struct RemoveChildSa {
  StackName stack;
  ChildSaName name;
  auto operator<=>(const RemoveChildSa&) const = default;
};

/// A pair of SendingBegins::when_told: the peer has it now, or will have heard of it first.
struct BeginSending {
  StackName stack;
  ChildSaName name;
  auto operator<=>(const BeginSending&) const = default;
};

/// The pair sends no more, another of its tunnel does; it still receives what the peer sent before it knew. For the one
/// of two crossed rekeys that is given up (RFC 7296 §2.8.1).
struct RetireChildSa {
  StackName stack;
  ChildSaName name;
  auto operator<=>(const RetireChildSa&) const = default;
};

/// The peer is elsewhere behind its NAT now: what the pair sends goes there (RFC 7296 §2.23).
struct MovePeer {
  StackName stack;
  ChildSaName name;
  Endpoint to;
  auto operator<=>(const MovePeer&) const = default;
};

/// The stack's answer to an InstallChildSa.
struct InstallResult {
  StackName stack;
  ChildSaName name;
  std::optional<std::string> refused;  ///< why, or nothing: it carries traffic now
};

/// A packet met an IpSec rule with no SA, and the rule lets traffic start a negotiation.
struct Acquire {
  StackName stack;
  std::string filter_rule;
  PacketSelectors packet;
};

/// An SA pair is running out (soft), or was removed by the stack itself (hard).
struct LifetimeReached {
  StackName stack;
  ChildSaName name;
  bool hard = false;
};

/// How much has flowed: answered on request, and with every LifetimeReached.
struct ChildSaCounters {
  StackName stack;
  ChildSaName name;
  std::uint64_t inbound_packets = 0, inbound_octets = 0, outbound_packets = 0, outbound_octets = 0;
  std::uint64_t replayed = 0, not_authentic = 0;
  std::optional<Seconds> since_last_inbound;  ///< nothing: none yet
};

/// An authentic packet came from elsewhere than the peer was: it moved behind its NAT (RFC 7296 §2.23).
struct PeerMoved {
  StackName stack;
  ChildSaName name;
  Endpoint from;
};

}  // namespace adit::contract
