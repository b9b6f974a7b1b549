#pragma once
// One TCP/IP stack as a service: its data plane, the policy that pagent gives it, the key manager that installs SAs,
// and the operators who look.

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemons/event_loop.h"
#include "daemons/policy_by_time.h"
#include "daemons/stackd/kept_choice.h"
#include "daemons/stackd/manual_desk.h"
#include "rpc/policy_client.h"
#include "rpc/stack_operator_server.h"
#include "rpc/stack_server.h"
#include "stack/user/data_plane.h"

namespace adit::daemons::stackd {

struct StackdOptions {
  StackName stack;
  std::string socket_folder;
  std::string state_folder = "/var/lib/adit";
  std::vector<uid_t> users;  ///< who may install SAs, besides root
  stack::user::Options data_plane;
};

class ServedStack {
 public:
  /// Runs in the network namespace of the stack. An error is told for the operator.
  static std::expected<std::unique_ptr<ServedStack>, std::string> start(EventLoop& loop, StackdOptions options);
  ~ServedStack();
  ServedStack(const ServedStack&) = delete;
  ServedStack& operator=(const ServedStack&) = delete;

 private:
  /// An operator's, answered when the data plane has counted.
  using CountersQuestion = std::move_only_function<void(std::vector<contract::ChildSaCounters>)>;
  using TunnelsReply = rpc::StackOperatorServer::Reply<std::vector<rpc::InstalledTunnel>>;

  ServedStack(EventLoop& loop, StackdOptions options);
  std::expected<void, std::string> serve();

  void install_policy(policy::PolicyPointer policy);
  /// What waits, now, and again after a growing pause for as long as it is refused.
  void try_to_install();
  std::expected<void, std::string> put_in_force(const policy::PolicyPointer& policy);
  void begin_anew(const std::string& program);
  void carry_out(std::vector<ike::StackRequest> requests);
  void install(std::vector<contract::InstallChildSa> pairs);
  void pass_on(const stack::user::Event& event);
  void note(const contract::InstallResult& result);
  void show_tunnels(TunnelsReply reply);
  void show_manual_tunnels(rpc::StackOperatorServer::Reply<std::vector<rpc::ManualTunnelView>> reply);
  std::vector<rpc::InstalledTunnel> installed_tunnels(std::vector<contract::ChildSaCounters> counters) const;
  void ask_counters(CountersQuestion question);
  void show_filters(rpc::StackOperatorServer::Reply<rpc::InstalledFilters> reply);
  void choose_filters(rpc::FilterChoice choice, rpc::StackOperatorServer::Reply<std::optional<std::string>> reply);

  /// What a pair was installed with, without its keys.
  struct KnownPair {
    contract::InstallChildSa pair;
    std::optional<Instant> expires_at;
    bool is_retired = false;
  };
  /// Whether it was retired and another pair carries its tunnel: what a report then shows is the other.
  bool is_superseded(const contract::ChildSaName& name) const;

  EventLoop& loop_;
  StackdOptions options_;
  std::map<contract::ChildSaName, KnownPair> pairs_;
  policy::PolicyPointer policy_;
  policy::PolicyPointer refused_;  ///< a later policy that the data plane did not take: tried again
  std::string why_refused_;
  std::chrono::seconds pause_{};
  boost::asio::steady_timer retry_;
  KeptChoice kept_choice_;
  rpc::FilterChoice choice_;
  Instant installed_at_{};
  std::map<std::uint64_t, CountersQuestion> questions_;  ///< while the data plane counts
  std::uint64_t last_question_ = 0;
  std::uint64_t attachment_ = 0;  ///< counts key managers: an answer to a former one is nobody's
  std::unique_ptr<stack::user::DataPlane> data_plane_;
  std::unique_ptr<ManualDesk> manual_;
  std::unique_ptr<rpc::StackServer> key_manager_;
  std::unique_ptr<rpc::StackOperatorServer> operators_;
  PolicyByTime by_time_;
  stack::Leaves leaves_ = stack::Leaves::closed;  ///< of the policy
  std::unique_ptr<rpc::PolicyClient> policies_;
};

}  // namespace adit::daemons::stackd
