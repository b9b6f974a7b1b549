#include "daemons/pagent/published_policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <optional>

#include "base/log.h"
#include "daemons/configuration.h"
#include "daemons/life.h"
#include "policy/in_force.h"

namespace adit::daemons::pagent {
namespace {

policy::CalendarTime calendar_now() {
  const std::time_t now = std::time(nullptr);
  std::tm here{};
  ::localtime_r(&now, &here);
  const policy::CalendarSeconds utc{Seconds{now}};
  return {.local = utc + Seconds{here.tm_gmtoff}, .utc = utc};
}

}  // namespace

void PublishedPolicies::replace_by(const std::vector<StackPolicy>& read, const std::vector<RemoteStack>& remote) {
  for (const StackPolicy& policy : read) publish(policy);
  std::erase_if(running_, [&](const auto& entry) {
    const auto is_it = [&](const auto& named) { return named.stack == entry.first; };
    if (std::ranges::any_of(read, is_it) || std::ranges::any_of(remote, is_it)) return false;
    server_.withdraw(entry.first);
    log::write({CatalogueId::policy_purged, {{"stack", entry.first.text}}});
    return true;
  });
}

bool PublishedPolicies::publish(const StackPolicy& read) {
  if (read.policy == nullptr) {
    keep(read.stack, read.errors);
    return false;
  }
  const auto running = running_.find(read.stack);
  if (running != running_.end() && *read.policy == *running->second.whole) return true;  // nothing has changed
  const policy::CalendarTime now = calendar_now();
  const auto part = hand_out(policy::in_force(read.policy, now));
  if (!part) {
    log_unreadable(read.files, part.error());
    keep(read.stack, 1);
    return false;
  }
  log::write({CatalogueId::policy_read,
              {{"stack", read.stack.text},
               {"version", fmt::to_string((*part)->version)},
               {"files", read.files},
               {"filters", fmt::to_string((*part)->filter.filters.size())},
               {"rules", fmt::to_string((*part)->key_exchange.rules.size())}}});
  running_[read.stack] = {.whole = read.policy, .part = *part, .at = now};
  await_clock();
  return true;
}

std::expected<policy::PolicyPointer, std::string> PublishedPolicies::hand_out(const policy::PolicyPointer& part) {
  auto numbered = std::make_shared<policy::PolicySnapshot>(*part);
  numbered->version = installs_ + 1;
  if (const auto published = server_.publish(numbered); !published) return std::unexpected{published.error()};
  ++installs_;
  return numbered;
}

void PublishedPolicies::look_at_clock() {
  const policy::CalendarTime now = calendar_now();
  for (auto& [stack, running] : running_) {
    running.at = now;
    const policy::PolicyPointer part = policy::in_force(running.whole, now);
    if (part->filter == running.part->filter) continue;
    const auto published = hand_out(part);
    if (!published) {
      log_failure("time conditions of stack " + stack.text, published.error());
      continue;
    }
    running.part = *published;
    log::write({CatalogueId::rules_by_time,
                {{"stack", stack.text},
                 {"version", fmt::to_string(running.part->version)},
                 {"filters", fmt::to_string(running.part->filter.filters.size())},
                 {"all", fmt::to_string(running.whole->filter.filters.size())}}});
  }
  await_clock();
}

void PublishedPolicies::await_clock() {
  // From when each was looked at, not from now: the second may have changed since, and a change in it be passed over.
  std::optional<WallTime> next;
  for (const auto& [stack, running] : running_) {
    const auto still = policy::in_force_still(*running.whole, running.at);
    if (!still) continue;
    const WallTime change = WallTime{running.at.utc.time_since_epoch()} + *still;
    next = next ? std::min(*next, change) : change;
  }
  if (!next) return static_cast<void>(clock_.cancel());
  clock_.expires_at(*next);
  clock_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) look_at_clock();
  });
}

void PublishedPolicies::keep(const StackName& stack, std::size_t errors) {
  const CatalogueId message = running_.contains(stack) ? CatalogueId::policy_kept : CatalogueId::policy_missing;
  log::write({message, {{"stack", stack.text}, {"errors", fmt::to_string(errors)}}});
}

}  // namespace adit::daemons::pagent
