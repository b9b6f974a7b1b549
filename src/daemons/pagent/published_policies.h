#pragma once
// The policies that are in force, and what becomes of them when the files are read again: a changed one replaces its
// predecessor, a wrong one does not, one that is named no more is withdrawn.

#include <boost/asio/system_timer.hpp>
#include <expected>
#include <map>
#include <string>
#include <vector>

#include "daemons/event_loop.h"
#include "daemons/pagent/policy_files.h"
#include "rpc/policy_server.h"

namespace adit::daemons::pagent {

class PublishedPolicies {
 public:
  PublishedPolicies(EventLoop& loop, rpc::PolicyServer& server) : server_{server}, clock_{loop.context()} {}

  /// Publishes what was read, and withdraws the policies of stacks that are named neither there nor in `remote`.
  void replace_by(const std::vector<StackPolicy>& read, const std::vector<RemoteStack>& remote);
  /// True when the policy is in force now, whether or not it was before.
  bool publish(const StackPolicy& read);
  bool is_running(const StackName& stack) const { return running_.contains(stack); }

 private:
  struct Running {
    policy::PolicyPointer whole;  ///< as it was read
    policy::PolicyPointer part;   ///< what is in force of it, as it was handed out
    policy::CalendarTime at;      ///< when that was looked at; what comes in a later second has not been seen then
  };

  /// Gives a policy its number and hands it out.
  std::expected<policy::PolicyPointer, std::string> hand_out(const policy::PolicyPointer& part);
  /// Hands out again what has come into force or gone out of it by the time.
  void look_at_clock();
  /// Waits for the second in which that may be so next.
  void await_clock();
  /// Says that what was read does not come into force.
  void keep(const StackName& stack, std::size_t errors);

  rpc::PolicyServer& server_;
  std::map<StackName, Running> running_;
  std::uint64_t installs_ = 0;
  boost::asio::system_timer clock_;
};

}  // namespace adit::daemons::pagent
