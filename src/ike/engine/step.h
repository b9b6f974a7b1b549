#pragma once
// What goes into an engine and what comes out of it, as values: an Input happens, a Step has to be done.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/catalogue.h"
#include "base/ip_address.h"
#include "base/strong_id.h"
#include "contract/certificate_service.h"
#include "contract/child_sa.h"
#include "policy/model.h"

namespace adit::ike {

/// One UDP datagram of IKE. On port 4500 the non-ESP marker (RFC 3948 §2.2) is the shell's: it is not among the octets.
struct Datagram {
  StackName stack;
  Endpoint local, remote;
  ByteString octets;
  bool operator==(const Datagram&) const = default;
};

/// Names one question to nssd, so that its answer finds back. An answer for an SA that has gone is dropped.
using RequestId = StrongId<struct RequestTag, std::uint64_t>;

struct PolicyInstalled {
  policy::PolicyPointer policy;  ///< for its stack; replaces the one before
};
struct PolicyRemoved {
  StackName stack;
};
/// The operator's `ipsec -y activate -l`, and at start for AutoActivate rules.
struct ActivateRule {
  StackName stack;
  std::string local_dyn_vpn_rule;
};
struct DeactivateIkeTunnel {
  StackName stack;
  std::optional<IkeTunnelId> tunnel;  ///< nothing: all
};
struct DeactivateDynamicTunnel {
  StackName stack;
  std::optional<DynamicTunnelId> tunnel;  ///< nothing: all
};
/// The operator's `ipsec -k refresh`: both ends prove themselves again, in a new IKE SA that takes over (RFC 7296
/// §2.8.3).
struct RefreshIkeTunnel {
  StackName stack;
  std::optional<IkeTunnelId> tunnel;  ///< nothing: all
};
/// The operator's `ipsec -y refresh`: the Child SA is rekeyed (RFC 7296 §1.3.3).
struct RefreshDynamicTunnel {
  StackName stack;
  std::optional<DynamicTunnelId> tunnel;  ///< nothing: all
};
struct CertificateAnswer {
  RequestId id;
  std::variant<contract::Authorities, contract::Signature, contract::Verified, contract::ServiceRefusal> answer;
};
/// A stack came (or came back, with no SA pair of ours in it) or went.
struct StackUp {
  StackName stack;
};
struct StackDown {
  StackName stack;
};
struct TimePassed {};

using Input = std::variant<Datagram, PolicyInstalled, PolicyRemoved, ActivateRule, DeactivateIkeTunnel,
                           DeactivateDynamicTunnel, RefreshIkeTunnel, RefreshDynamicTunnel, contract::Acquire,
                           contract::InstallResult, contract::LifetimeReached, contract::ChildSaCounters,
                           contract::PeerMoved, CertificateAnswer, StackUp, StackDown, TimePassed>;

struct CertificateRequest {
  RequestId id;
  StackName stack;
  std::variant<contract::ListAuthorities, contract::Sign, contract::Verify> request;
};
/// What an operator's request came to, at once; the negotiation's outcome shows in reports and log.
struct OperatorAnswer {
  enum class Status : std::uint8_t {
    started,
    already,
    not_found,
    no_filter_rule,
    no_key_exchange_rule,
    no_data_offer,
    forbidden
  };
  Status status{};
  std::string detail;  ///< the tunnel's name, or why not
};
/// Asks a stack how much has flowed on a pair: for liveness and for the reports.
struct QueryCounters {
  StackName stack;
  contract::ChildSaName name;
};

using StackRequest = std::variant<contract::InstallChildSa, contract::RemoveChildSa, contract::RetireChildSa,
                                  contract::BeginSending, contract::MovePeer, QueryCounters>;

struct Step {
  std::vector<Datagram> send;
  std::vector<StackRequest> stack;  ///< in order
  std::vector<CertificateRequest> certificates;
  std::vector<OperatorAnswer> answers;
  std::vector<LogRecord> log;
};

}  // namespace adit::ike
