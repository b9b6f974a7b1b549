#pragma once
// The user-space data plane of one TCP/IP stack: TUN device, routes, nftables rules, the IKE and ESP sockets and the
// one thread that moves packets between them. This is the face that stackd's daemon wraps; it must run in the network
// namespace of the stack.

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "contract/child_sa.h"
#include "policy/model.h"
#include "stack/drop.h"
#include "stack/filter_log.h"
#include "stack/nftables_ruleset.h"
#include "stack/user/standing_filters.h"

namespace adit::stack::user {

struct Options {
  StackName stack;
  std::string ike_socket;        ///< path of the Unix socket that iked connects to (ike_channel.h)
  std::vector<uid_t> ike_users;  ///< who may connect there, besides root and our own user
  /// Of the TUN device, at most 14 characters. What is forwarded leaves by another, with an `r` behind the name.
  std::string tun_name = "adit0";
  /// Octets of the packets that enter a tunnel, 1280 (every IPv6 link's, RFC 8200 §5) to 9000.
  unsigned mtu = default_mtu;
  std::uint32_t routing_table = 0xad17;  ///< and the next
  std::uint32_t rule_priority = 2417;    ///< of the routing rules; before the main table's 32766
  /// What passes before the first set_policy() where no filters stand yet.
  UntilPolicy until_policy = UntilPolicy::deny;
  /// What stop() does with the filters: without them, what they protect leaves in clear. The TUN device, routes and
  /// rules go either way.
  enum class AtStop : std::uint8_t { remove_filters, keep_filters } at_stop = AtStop::keep_filters;
  /// The security class of interfaces by name (IpService SecurityClass); 0 where not listed.
  std::map<std::string, std::uint8_t> security_classes;
};

/// A limit was reached, with what had flowed by then. Hard: the pair is gone.
struct LimitReached {
  contract::LifetimeReached limit;
  contract::ChildSaCounters counters;
};
/// Something for the operator's log.
struct Trouble {
  std::string attempted, reason;
};
/// LoggedPacket: a filter with logging has decided about a packet; at most some hundred a second come.
using Event = std::variant<contract::Acquire, LimitReached, contract::PeerMoved, Trouble, LoggedPacket>;

/// How often a filter has matched since its policy was installed.
struct FilterMatches {
  std::string rule;
  std::uint32_t extension = 0;
  policy::Direction direction{};
  std::uint64_t packets = 0, octets = 0;
};

/// Datagrams and packets since the start.
struct DataPlaneCounters {
  DropCounters drops;
  std::uint64_t ike_received = 0, ike_sent = 0;
  std::uint64_t ike_dropped = 0;                                         ///< no iked connected, or it was too slow
  std::uint64_t tun_reads = 0, tun_writes = 0, sends = 0, receives = 0;  ///< system calls
  std::uint64_t send_failures = 0;
  std::uint64_t acquires_suppressed = 0;  ///< beyond the rate limit
};

/// Every function may be called from any thread. Callbacks run one after another on a thread of the data plane's own,
/// which moves no packets; they may call back in, all but stop().
class DataPlane {
 public:
  using EventCallback = std::function<void(Event)>;
  using InstallCallback = std::move_only_function<void(contract::InstallResult)>;
  using CountersCallback = std::move_only_function<void(std::vector<contract::ChildSaCounters>)>;

  /// Makes the device, routes and sockets, takes over what a predecessor left, and starts to move packets. Filters that
  /// a predecessor or the boot left stay in force; where there are none, those of `options.until_policy` come. Needs
  /// CAP_NET_ADMIN and CAP_NET_RAW; afterwards set_policy(), stop() and a path that turns out to be narrow do.
  static std::expected<std::unique_ptr<DataPlane>, std::string> start(Options options, EventCallback on_event);
  /// As stop().
  ~DataPlane();
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;

  /// The pair carries traffic when `done` is called without a refusal; then a packet that had waited for it has left.
  /// Where it replaces another it may await the peer before it sends (contract::SendingBegins).
  void install(contract::InstallChildSa pair, InstallCallback done);
  /// Several with one wake-up of the data plane; `done` is called once for each.
  void install(std::vector<contract::InstallChildSa> pairs, std::function<void(contract::InstallResult)> done);
  /// Nothing happens when there is none of that name.
  void remove(contract::RemoveChildSa pair);
  void remove(std::vector<contract::RemoveChildSa> pairs);
  /// They send no more while their tunnel has another pair; they receive until removed.
  void retire(std::vector<contract::RetireChildSa> pairs);
  /// Those that await iked's word send from now on, and what waited for them leaves.
  void begin_sending(std::vector<contract::BeginSending> pairs);
  /// The peer is elsewhere now (RFC 7296 §2.23): what leaves for it goes there.
  void move_peer(contract::ChildSaName name, Endpoint to);
  /// Of all pairs, or of one: then none or one.
  void query_counters(CountersCallback done);
  void query_counters(contract::ChildSaName name, CountersCallback done);
  DataPlaneCounters counters() const;

  /// What start() has found.
  StandingFilters filters_at_start() const;
  /// Replaces the filters in one transaction, and ends the pairs that the policy ends: they carry packets until it is
  /// in force, and none after. On failure filters and pairs stay as they were, and the text says why.
  std::expected<void, std::string> set_policy(policy::PolicyPointer policy,
                                              std::vector<contract::RemoveChildSa> ended = {},
                                              Leaves leaves = Leaves::closed);
  /// The same, by the built-in default filter of `options.until_policy`.
  std::expected<void, std::string> set_default_filter();
  /// Of the policy that is installed, in its order.
  std::expected<std::vector<FilterMatches>, std::string> filter_matches();

  /// Ends the thread, closes the sockets, removes the device, the routes and (by the options) the filters. No callback
  /// runs afterwards; calls of other threads have no effect then. Idempotent.
  void stop();

 private:
  class Running;
  explicit DataPlane(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

}  // namespace adit::stack::user
