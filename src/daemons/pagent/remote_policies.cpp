#include "daemons/pagent/remote_policies.h"

#include <algorithm>

#include "base/log.h"
#include "daemons/configuration.h"
#include "daemons/wall_clock.h"

namespace adit::daemons::pagent {
namespace {

/// The policy of a text that came from outside; what is wrong with it is logged.
StackPolicy judged(const StackName& stack, const policy::PolicySource& source, const std::string& from, Named& named) {
  policy::ParseResult parsed = source.policy_of(stack, this_host_for_central_policy(named));
  log_diagnostics(parsed.diagnostics);
  const auto errors =
      std::ranges::count(parsed.diagnostics, policy::Diagnostic::Severity::error, &policy::Diagnostic::severity);
  return {
      .stack = stack, .files = from, .policy = std::move(parsed.policy), .errors = static_cast<std::size_t>(errors)};
}

PolicyOwner owner_of(const RemoteStack& stack) { return {.stack = stack.stack, .client = stack.client}; }

}  // namespace

void RemotePolicies::configure(const ReadConfiguration& read) {
  std::erase_if(links_, [&](const auto& link) {
    const auto is_it = [&](const auto& named) { return named.stack == link->stack().stack; };
    const auto remote = std::ranges::find_if(read.remote, is_it);
    if (remote != read.remote.end()) return *remote != link->stack();
    const auto local = std::ranges::find_if(read.policies, is_it);
    return local == read.policies.end() || local->policy != nullptr;
  });
  std::erase_if(taken_, [&](const auto& entry) {
    return std::ranges::none_of(links_, [&](const auto& link) { return link->stack().stack == entry.first; });
  });
  forget_those_not_in(read);
  for (const auto& [stack, taken] : taken_) judge(stack);
  for (const RemoteStack& stack : read.remote) {
    if (std::ranges::none_of(links_, [&](const auto& link) { return link->stack().stack == stack.stack; })) {
      begin(stack);
    }
  }
}

void RemotePolicies::forget_those_not_in(const ReadConfiguration& read) {
  std::vector<PolicyOwner> owners;
  std::ranges::transform(read.remote, std::back_inserter(owners), owner_of);
  for (const PolicyOwner& owner : owners_) {
    if (std::ranges::find(owners, owner) != owners.end()) continue;
    // A stack whose files are wrong: they may name a server when they are right again.
    const bool is_unsure = std::ranges::any_of(
        read.policies, [&](const StackPolicy& local) { return local.policy == nullptr && local.stack == owner.stack; });
    if (is_unsure) {
      owners.push_back(owner);
    } else {
      last_.forget(owner);
    }
  }
  owners_ = std::move(owners);
}

Named RemotePolicies::named() const {
  Named all{.files = {}, .begun = WallTime::max(), .is_missing = false};
  for (const auto& [stack, taken] : taken_) {
    all.files.insert(all.files.end(), taken.named.files.begin(), taken.named.files.end());
    all.begun = std::min(all.begun, taken.named.begun);
    all.is_missing |= taken.named.is_missing;
  }
  return all;
}

void RemotePolicies::begin(const RemoteStack& stack) {
  if (!published_.is_running(stack.stack)) use_last(stack);
  links_.push_back(std::make_unique<RemoteLink>(
      loop_, stack,
      [this, stack](const policy::PolicySource& source, const std::string& server) { take(stack, source, server); }));
}

bool RemotePolicies::judge(const StackName& stack) {
  Taken& taken = taken_.at(stack);
  taken.named = {.files = {}, .begun = wall_second(), .is_missing = false};
  return published_.publish(judged(stack, taken.source, taken.from, taken.named));
}

void RemotePolicies::take(const RemoteStack& stack, const policy::PolicySource& source, const std::string& server) {
  taken_[stack.stack] = {.source = source, .from = server, .named = {}};
  const bool is_in_force = judge(stack.stack);
  changed_names_();
  if (!is_in_force) return;
  if (const auto kept = last_.keep(owner_of(stack), source); !kept) {
    log::write({CatalogueId::last_policy_unkept,
                {{"stack", stack.stack.text}, {"file", last_.file_of(owner_of(stack))}, {"problem", kept.error()}}});
  }
}

void RemotePolicies::use_last(const RemoteStack& stack) {
  const std::string& name = stack.stack.text;
  const std::string file = last_.file_of(owner_of(stack));
  const auto source = last_.find(owner_of(stack));
  if (!source) {
    log::write({CatalogueId::last_policy_unusable, {{"stack", name}, {"file", file}, {"problem", source.error()}}});
    return;
  }
  if (!*source) return log::write({CatalogueId::last_policy_missing, {{"stack", name}, {"file", file}}});
  taken_[stack.stack] = {.source = **source, .from = file, .named = {}};
  if (judge(stack.stack)) log::write({CatalogueId::last_policy_used, {{"stack", name}, {"file", file}}});
}

}  // namespace adit::daemons::pagent
