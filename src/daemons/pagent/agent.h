#pragma once
// All that pagent does after it has started, and what it does again whenever its files have changed.

#include <expected>
#include <string>

#include "daemons/pagent/file_watch.h"
#include "daemons/pagent/policy_desk.h"
#include "daemons/pagent/published_policies.h"
#include "daemons/pagent/remote_policies.h"

namespace adit::daemons::pagent {

struct AgentOptions {
  bool reacts_at_once = false;
  std::string state_folder = "/var/lib/adit";
};

class Agent {
 public:
  Agent(EventLoop& loop, rpc::PolicyServer& server, std::string configuration, const AgentOptions& options);

  /// An error is told for the operator.
  std::expected<void, std::string> begin(const ReadConfiguration& read);
  /// Reads all files again. What is wrong leaves what is in force.
  void refresh();

 private:
  std::expected<void, std::string> put_into_force(const ReadConfiguration& read);

  std::string configuration_;
  bool reacts_at_once_;
  PublishedPolicies published_;
  RemotePolicies remote_;
  PolicyDesk desk_;
  FileWatch watch_;
};

}  // namespace adit::daemons::pagent
