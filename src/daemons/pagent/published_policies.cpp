#include "daemons/pagent/published_policies.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "daemons/configuration.h"

namespace adit::daemons::pagent {

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
  if (running != running_.end() && *read.policy == *running->second) return true;  // nothing has changed
  auto numbered = std::make_shared<policy::PolicySnapshot>(*read.policy);
  numbered->version = installs_ + 1;
  if (const auto published = server_.publish(numbered); !published) {
    log_unreadable(read.files, published.error());
    keep(read.stack, 1);
    return false;
  }
  ++installs_;
  log::write({CatalogueId::policy_read,
              {{"stack", read.stack.text},
               {"version", fmt::to_string(numbered->version)},
               {"files", read.files},
               {"filters", fmt::to_string(numbered->filter.filters.size())},
               {"rules", fmt::to_string(numbered->key_exchange.rules.size())}}});
  running_[read.stack] = read.policy;
  return true;
}

void PublishedPolicies::keep(const StackName& stack, std::size_t errors) {
  const CatalogueId message = running_.contains(stack) ? CatalogueId::policy_kept : CatalogueId::policy_missing;
  log::write({message, {{"stack", stack.text}, {"errors", fmt::to_string(errors)}}});
}

}  // namespace adit::daemons::pagent
