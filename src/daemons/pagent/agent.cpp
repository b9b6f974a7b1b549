#include "daemons/pagent/agent.h"

#include "base/log.h"
#include "daemons/life.h"

namespace adit::daemons::pagent {

Agent::Agent(EventLoop& loop, rpc::PolicyServer& server, std::string configuration, const AgentOptions& options)
    : configuration_{std::move(configuration)},
      reacts_at_once_{options.reacts_at_once},
      published_{loop, server},
      remote_{loop, LastPolicies{options.state_folder}, published_},
      watch_{loop, [this] { refresh(); }} {}

std::expected<void, std::string> Agent::begin(const ReadConfiguration& read) {
  if (reacts_at_once_) {
    if (auto watching = watch_.react_at_once(); !watching) return watching;
  }
  return put_into_force(read);
}

void Agent::refresh() {
  const auto read = read_configuration(configuration_);
  if (!read) {
    log::write({CatalogueId::configuration_kept, {{"file", configuration_}}});
    return watch_.go_on();
  }
  if (const auto done = put_into_force(*read); !done) log_failure("CentralPolicyService", done.error());
}

std::expected<void, std::string> Agent::put_into_force(const ReadConfiguration& read) {
  watch_.watch(read.files, read.check_interval);
  published_.replace_by(read.policies, read.remote);
  remote_.configure(read);
  return desk_.configure(read.serves);
}

}  // namespace adit::daemons::pagent
