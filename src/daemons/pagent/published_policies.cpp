#include "daemons/pagent/published_policies.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"

namespace adit::daemons::pagent {

void PublishedPolicies::replace_by(const std::vector<StackPolicy>& read) {
  for (const StackPolicy& policy : read) publish(policy);
  std::erase_if(running_, [&](const auto& entry) {
    const bool named =
        std::ranges::any_of(read, [&](const StackPolicy& policy) { return policy.stack == entry.first; });
    if (named) return false;
    server_.withdraw(entry.first);
    log::write({CatalogueId::policy_purged, {{"stack", entry.first.text}}});
    return true;
  });
}

void PublishedPolicies::publish(const StackPolicy& read) {
  const auto running = running_.find(read.stack);
  if (read.policy == nullptr) {
    const CatalogueId message = running == running_.end() ? CatalogueId::policy_missing : CatalogueId::policy_kept;
    log::write({message, {{"stack", read.stack.text}, {"errors", fmt::to_string(read.errors)}}});
    return;
  }
  auto policy = std::make_shared<policy::PolicySnapshot>(*read.policy);
  if (running != running_.end()) {
    policy->version = running->second->version;
    if (*policy == *running->second) return;  // nothing has changed
  }
  policy->version = ++installs_;
  log::write({CatalogueId::policy_read,
              {{"stack", read.stack.text},
               {"version", fmt::to_string(policy->version)},
               {"files", read.files},
               {"filters", fmt::to_string(policy->filter.filters.size())},
               {"rules", fmt::to_string(policy->key_exchange.rules.size())}}});
  running_[read.stack] = policy;
  server_.publish(policy);
}

}  // namespace adit::daemons::pagent
