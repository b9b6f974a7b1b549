#pragma once
// All that pagent does after it has started, and what it does again whenever its files have changed.

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <expected>
#include <string>
#include <vector>

#include "base/catalogue.h"
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
  /// `told` is what the log has of that reading.
  std::expected<void, std::string> begin(const ReadConfiguration& read, std::vector<LogRecord> told);
  /// Reads all files again. What is wrong leaves what is in force.
  void refresh();

 private:
  // Between attempts to read what was missing: a file that could not be read, a host without an address.
  static constexpr std::chrono::seconds first_pause{5}, longest_pause{300};

  /// Another attempt is silent about what the one before has told.
  void try_again();
  void read_again();
  std::expected<void, std::string> put_into_force(const ReadConfiguration& read);
  /// Of the policies of servers: what they name beside the files that were read.
  void note_named();
  void await_missing();

  std::string configuration_;
  bool reacts_at_once_;
  PublishedPolicies published_;
  RemotePolicies remote_;
  PolicyDesk desk_;
  FileWatch watch_;
  bool is_missing_ = false, is_awaited_ = false;
  std::chrono::seconds pause_ = first_pause;
  std::vector<LogRecord> told_;  // by the last reading
  boost::asio::steady_timer missing_;
};

}  // namespace adit::daemons::pagent
