#pragma once
// All IKE state of one shard, and nothing else: no socket, no clock, no randomness of its own (docs/architecture.md).
// Something happens: handle() takes it in and gives back what has to be done. The same engine runs in iked, in the
// tests, in the fuzzers, in the benchmark, and many at a time in the simulator.

#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/catalogue.h"
#include "base/random.h"
#include "base/time.h"
#include "contract/certificate_service.h"
#include "contract/child_sa.h"
#include "ike/engine/views.h"
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

// ---- what happens
// -----------------------------------------------------------------------------------------------------
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

using Input =
    std::variant<Datagram, PolicyInstalled, PolicyRemoved, ActivateRule, DeactivateIkeTunnel, DeactivateDynamicTunnel,
                 contract::Acquire, contract::InstallResult, contract::LifetimeReached, contract::ChildSaCounters,
                 contract::PeerMoved, CertificateAnswer, StackUp, StackDown, TimePassed>;

// ---- what has to be done
// ----------------------------------------------------------------------------------------------
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

using StackRequest = std::variant<contract::InstallChildSa, contract::RemoveChildSa, QueryCounters>;

struct Step {
  std::vector<Datagram> send;
  std::vector<StackRequest> stack;  ///< in order
  std::vector<CertificateRequest> certificates;
  std::vector<OperatorAnswer> answers;
  std::vector<LogRecord> log;
};

/// Limits and times of one engine. Defaults are iked.conf's.
struct EngineOptions {
  unsigned retries = 6;                 ///< IkeRetries: retransmissions of a request
  Seconds initial_wait{2};              ///< IkeInitWait; doubles with each retransmission
  Seconds half_open_life{30};           ///< a responder's half-open SA is dropped then
  std::size_t cookie_threshold = 1000;  ///< half-open SAs above which cookies are asked for (RFC 7296 §2.6)
  std::size_t half_open_limit = 10000;  ///< above it, requests without a right cookie are dropped
  std::size_t half_open_per_address = 20;
  std::size_t fragment_octets =
      1232;  ///< largest IP payload before fragmentation (RFC 7383 §2.5.1), with IP and UDP headers of v6 within 1280
  Seconds certificate_wait{60};  ///< NssWaitLimit
  std::uint8_t shard = 0;        ///< top octet of the SPIs this engine draws
};

class Engine {
 public:
  Engine(EngineOptions options, Random& random);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Takes one input in at a time that never goes back. Bounded work for any Datagram.
  Step handle(Input input, Instant now);
  /// When TimePassed is due; nothing when no timer runs.
  std::optional<Instant> next_deadline() const;

  std::vector<IkeTunnelView> ike_tunnels(const StackName& stack) const;
  std::vector<DynamicTunnelView> dynamic_tunnels(const StackName& stack) const;
  Statistics statistics() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace adit::ike
