#include "daemons/pagent/agent.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/log_gathering.h"
#include "daemons/life.h"
#include "daemons/wall_clock.h"

namespace adit::daemons::pagent {

Agent::Agent(EventLoop& loop, rpc::PolicyServer& server, std::string configuration, const AgentOptions& options)
    : configuration_{std::move(configuration)},
      reacts_at_once_{options.reacts_at_once},
      published_{server},
      remote_{loop, LastPolicies{options.state_folder}, published_, [this] { note_named(); }},
      watch_{loop, [this] { refresh(); }},
      missing_{loop.context()} {}

std::expected<void, std::string> Agent::begin(const ReadConfiguration& read, std::vector<LogRecord> told) {
  told_ = std::move(told);
  if (reacts_at_once_) {
    if (auto watching = watch_.react_at_once(); !watching) return watching;
  }
  log::Gathering gathering{log::Gathering::Mode::tells};
  auto done = put_into_force(read);
  std::ranges::move(gathering.finish(), std::back_inserter(told_));
  return done;
}

void Agent::refresh() {
  missing_.cancel();
  is_awaited_ = false;
  pause_ = first_pause;
  log::Gathering gathering{log::Gathering::Mode::tells};
  read_again();
  told_ = gathering.finish();
}

void Agent::try_again() {
  log::Gathering gathering{log::Gathering::Mode::keeps_back};
  read_again();
  auto told = gathering.finish();
  for (const LogRecord& record : log::news_among(told, told_)) log::write(record);
  told_ = std::move(told);
}

void Agent::read_again() {
  const WallTime begun = wall_second();
  const auto read = read_configuration(configuration_);
  if (!read) {
    log::write({CatalogueId::configuration_kept, {{"file", configuration_}}});
    if (read.error() == Unread::missing) await_missing();
    return watch_.go_on(begun);
  }
  if (const auto done = put_into_force(*read); !done) log_failure("CentralPolicyService", done.error());
}

std::expected<void, std::string> Agent::put_into_force(const ReadConfiguration& read) {
  published_.replace_by(read.policies, read.remote);
  remote_.configure(read);
  watch_.watch(read.files, read.begun, read.check_interval);
  missing_.cancel();
  is_awaited_ = false;
  is_missing_ = read.is_missing;
  note_named();
  return desk_.configure(read.serves);
}

void Agent::note_named() {
  const Named named = remote_.named();
  watch_.watch_also(named.files, named.begun);
  if (is_missing_ || named.is_missing) await_missing();
}

void Agent::await_missing() {
  if (is_awaited_) return;
  is_awaited_ = true;
  missing_.expires_after(pause_);
  pause_ = std::min(2 * pause_, longest_pause);
  missing_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    is_awaited_ = false;
    try_again();
  });
}

}  // namespace adit::daemons::pagent
