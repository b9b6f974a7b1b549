#pragma once
// The resolved policy of one stack: every reference followed, every default filled in, rules in the order of search.
// Immutable, shared by pointer. The words are the policy language's; docs/policy.md explains each.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/algorithms.h"
#include "base/identity.h"
#include "base/secret.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "base/traffic_selector.h"
#include "policy/time_condition.h"

namespace adit::policy {

/// Where a statement stands in its file, for messages: line and column from 1, length in characters.
struct SourceRange {
  std::string file;
  std::uint32_t line = 0, column = 0, length = 0;
  /// `pagent.conf:41`
  std::string to_string() const;
  auto operator<=>(const SourceRange&) const = default;
};

enum class FilterAction : std::uint8_t { permit, deny, ipsec };
enum class FilterLogging : std::uint8_t { none, all, permit, deny };  // No, Yes, LogPermit, LogDeny
enum class DiscardAction : std::uint8_t { silent, icmp };
enum class Direction : std::uint8_t { inbound, outbound };
enum class Routing : std::uint8_t { local, routed, either };
enum class ConnectQualifier : std::uint8_t { none, inbound, outbound };  // who may open the TCP connection
enum class Granularity : std::uint8_t { rule, packet };
enum class Initiation : std::uint8_t { local_only, remote_only, either };
enum class EncapsulationChoice : std::uint8_t { tunnel, transport, either };
enum class HowToInitiate : std::uint8_t { main, aggressive, ikev2, do_not };
enum class HowToRespondIkeV1 : std::uint8_t { main, aggressive, either };
enum class HowToAuthMe : std::uint8_t {
  preshared_key,
  rsa_signature,
  ecdsa_256,
  ecdsa_384,
  ecdsa_521,
  digital_signature
};
enum class HowToAuthPeers : std::uint8_t { preshared_key, signature };
enum class UrlPreference : std::uint8_t { allow, tolerate, disallow };
enum class Revocation : std::uint8_t { none, loose, strict };
enum class DfSetting : std::uint8_t { copy, clear, set };

/// What the upper layer of a packet must be. Ports of ICMP, ICMPv6, OSPF and MIPv6 hold type << 8 | code.
struct ServiceSelector {
  std::uint8_t protocol = IpProtocol::any;
  bool opaque = false;  ///< Protocol Opaque: only packets whose upper layer is hidden
  PortRange source_ports, destination_ports;
  auto operator<=>(const ServiceSelector&) const = default;
};

/// A value of Identity of RemoteSecurityEndpoint or RemoteIdentity: exact, or a pattern (reference §5.3).
struct IdentityPattern {
  IdentityType type{};
  std::string text;                  ///< as written
  std::optional<Identity> exact;     ///< when it is no pattern
  std::optional<IpRange> addresses;  ///< IpAddr with prefix or range
  bool matches(const Identity& identity) const;
  auto operator<=>(const IdentityPattern&) const = default;
};

/// How a value of an on-demand SA is found (IpLocalStartAction).
struct LocalStart {
  std::string name;  ///< of the statement; empty when inline without one
  bool allow_on_demand = false;
  Granularity local_address = Granularity::packet, remote_address = Granularity::packet;
  Granularity protocol = Granularity::rule, local_port = Granularity::rule, remote_port = Granularity::rule;
  Granularity icmp_type = Granularity::rule, icmp_code = Granularity::rule;
  Granularity icmpv6_type = Granularity::rule, icmpv6_code = Granularity::rule;
  Granularity mipv6_type = Granularity::rule;
  std::optional<IpAddress> local_endpoint, remote_endpoint;  ///< Location of the security endpoints, where single
  std::optional<std::string> unknown_host;  ///< InitiateToLocation that no address was found for: nobody to start with
  std::optional<Identity> local_identity, remote_identity;
  auto operator<=>(const LocalStart&) const = default;
};

/// Kbytes that IKEv1 takes from a peer, both included.
struct LifesizeLimits {
  std::uint64_t least = 0, most = 0;
  auto operator<=>(const LifesizeLimits&) const = default;
};

struct DataOffer {
  std::string name;                                                ///< or "offer 2" by place
  EncapsulationChoice how_to_encap = EncapsulationChoice::tunnel;  ///< IKEv1 only
  bool ah = false;                                                 ///< HowToAuth AH …
  EncryptionId encryption = EncryptionId::none;                    ///< none: AH alone; null: ESP, DoNot
  unsigned key_bits = 0;
  IntegrityId integrity = IntegrityId::none;
  Minutes lifetime{240};
  Minutes lifetime_least{120}, lifetime_most{480};
  std::optional<std::uint64_t> lifesize_kbytes;
  std::optional<LifesizeLimits> lifesize_accepted;  ///< IKEv1; nothing: only a proposal without a lifesize is taken
  SourceRange at;

  /// AH around ESP: two pairs of SAs for one packet (RFC 2401 §4.5), which IKEv1 alone negotiates.
  bool is_bundle() const { return ah && encryption != EncryptionId::none; }
  auto operator<=>(const DataOffer&) const = default;
};

struct DynVpnAction {
  std::string name;
  Initiation initiation = Initiation::either;
  Minutes vpn_life{1440};  ///< 0: unlimited
  GroupId initiate_with_pfs = GroupId::none;
  std::vector<GroupId> acceptable_pfs;  ///< none listed: GroupId::none alone
  EncapsulationChoice how_to_encap_ikev2 = EncapsulationChoice::either;
  DfSetting df = DfSetting::copy;
  bool copy_dscp = true;
  std::vector<DataOffer> offers;
  SourceRange at;
  auto operator<=>(const DynVpnAction&) const = default;
};

/// A tunnel whose keys are in the policy: one pair of SAs, without anti-replay (RFC 4303 §3.4.3).
struct ManVpnAction {
  struct Keys {
    Secret encryption, integrity;
    bool operator==(const Keys& other) const;
  };
  struct AhSpis {
    InboundSpi inbound;
    OutboundSpi outbound;
    auto operator<=>(const AhSpis&) const = default;
  };

  std::string name;
  bool active = true;                      ///< whether the tunnel is up once installed
  std::optional<IpAddress> local, remote;  ///< security endpoints; nothing: each packet's own address there (Any)
  IpFamily family = IpFamily::v4;          ///< of both ends
  EncapsulationChoice how_to_encap = EncapsulationChoice::tunnel;  ///< not either
  bool ah = false;
  EncryptionId encryption = EncryptionId::none;  ///< none: AH; null: ESP, DoNot
  unsigned key_bits = 0;
  IntegrityId integrity = IntegrityId::none;
  InboundSpi inbound_spi;
  OutboundSpi outbound_spi;
  /// AH around ESP: AH's SPIs, and the integrity is AH's; ESP has the other ones, and none of its own.
  std::optional<AhSpis> around_esp;
  Keys inbound, outbound;  ///< for the stack alone: empty in what others get
  DfSetting df = DfSetting::copy;
  bool copy_dscp = true;
  std::optional<Minutes> lifetime;
  std::optional<std::uint64_t> lifesize_kbytes;
  std::shared_ptr<const TimeCondition> time;  ///< when it is installed; null: always. in_force() leaves none
  bool is_installed = true;                   ///< false by in_force(): the condition does not hold
  SourceRange at;

  bool operator==(const ManVpnAction& other) const;
  /// Equal but for the place in the file: the tunnel can stay as it is.
  bool is_same_tunnel(const ManVpnAction& other) const;
};

/// One simple filter: one direction, one pair of ranges, one service. A rule yields several (reference §4.2).
/// Source and destination are those of the packet.
struct Filter {
  std::string rule;             ///< IpFilterRule's name
  std::uint32_t extension = 0;  ///< 1, 2, …: place among the filters of the rule
  std::string group;            ///< IpFilterGroup's name, or empty
  Direction direction{};
  IpRange source, destination;
  ServiceSelector service;
  ConnectQualifier connect = ConnectQualifier::none;
  Routing routing = Routing::local;
  bool fragments_only = false;
  std::uint8_t security_class = 0;  ///< 0: any
  FilterAction action{};
  FilterLogging logging = FilterLogging::none;
  DiscardAction discard = DiscardAction::silent;
  /// One of the two with FilterAction::ipsec; equal by value, not by pointer.
  std::shared_ptr<const DynVpnAction> vpn;
  std::shared_ptr<const ManVpnAction> manual;
  std::shared_ptr<const LocalStart> local_start;  ///< always there with vpn: defaults of the policy where none is coded
  std::optional<IdentityPattern> remote_identity;  ///< whose SAs alone are meant, with FilterByIdentity Yes
  std::shared_ptr<const TimeCondition> time;       ///< when it is in force; null: always. in_force() leaves none
  SourceRange at;

  bool operator==(const Filter& other) const;
  /// The local and the remote side's selector, whatever the direction.
  TrafficSelector local_selector() const;
  TrafficSelector remote_selector() const;
};

struct KeyExchangeOffer {
  std::string name;  ///< or "offer 2" by place
  EncryptionId encryption{};
  unsigned key_bits = 0;
  IntegrityId integrity = IntegrityId::none;  ///< HowToVerifyMsgs; none with a combined mode
  PrfId prf{};
  PrfId hash_v1 = PrfId::hmac_sha2_256;  ///< HowToAuthMsgs, IKEv1: the hash, by its HMAC
  GroupId group{};
  HowToAuthPeers auth_peers{};
  Minutes lifetime{480};
  Minutes lifetime_least{240}, lifetime_most{1440};  ///< IKEv1
  std::optional<std::uint64_t> lifesize_kbytes;
  std::optional<LifesizeLimits> lifesize_accepted;  ///< IKEv1; nothing: only a proposal without a lifesize is taken
  SourceRange at;
  auto operator<=>(const KeyExchangeOffer&) const = default;
};

struct KeyExchangeAction {
  std::string name;
  HowToInitiate how_to_initiate{};
  HowToRespondIkeV1 how_to_respond = HowToRespondIkeV1::either;
  HowToAuthMe how_to_auth_me{};
  bool allow_nat = false;
  bool force_udp_encapsulation = false;  ///< only with allow_nat
  Minutes reauth_interval{0};            ///< 0: never by time
  bool filter_by_identity = false;
  bool bypass_ip_validation = false;
  UrlPreference url_preference = UrlPreference::tolerate;
  Revocation revocation = Revocation::loose;
  Seconds liveness_interval{30};  ///< 0: off
  std::vector<KeyExchangeOffer> offers;
  SourceRange at;
  auto operator<=>(const KeyExchangeAction&) const = default;
};

struct KeyExchangeRule {
  std::string name;
  Identity local_identity;
  std::vector<IpRange> local_locations;  ///< none: any address
  IdentityPattern remote_identity;
  std::vector<IpRange> remote_locations;   ///< none: any address
  std::optional<std::string> initiate_to;  ///< InitiateToLocation: address, or a host that was not found
  std::vector<std::string> ca_labels;
  std::shared_ptr<const KeyExchangeAction> action;
  Secret shared_key;  ///< empty: none coded
  SourceRange at;

  bool operator==(const KeyExchangeRule& other) const;
};

struct LocalDynVpnRule {
  std::string name;
  std::string group;
  TrafficSelector local, remote;  ///< one protocol in both
  bool auto_activate = false;
  SourceRange at;
  auto operator<=>(const LocalDynVpnRule&) const = default;
};

struct FilterPolicy {
  bool pre_decap = false;
  bool logging = true;
  bool allow_on_demand = false;
  DiscardAction implicit_discard = DiscardAction::silent;
  bool fips140 = false;
  std::vector<Filter> filters;  ///< in order of search; the implicit denies are not listed
  bool operator==(const FilterPolicy&) const = default;
};

struct KeyExchangePolicy {
  Seconds nat_keep_alive{20};
  std::vector<KeyExchangeRule> rules;  ///< in order of search
  bool operator==(const KeyExchangePolicy&) const = default;
};

struct PolicySnapshot {
  StackName stack;
  std::uint64_t version = 0;  ///< pagent counts its installs
  FilterPolicy filter;
  KeyExchangePolicy key_exchange;
  std::vector<LocalDynVpnRule> local_dyn_vpn;
  bool operator==(const PolicySnapshot&) const = default;

  const LocalDynVpnRule* find_local_dyn_vpn(std::string_view name) const;
};

using PolicyPointer = std::shared_ptr<const PolicySnapshot>;

}  // namespace adit::policy
