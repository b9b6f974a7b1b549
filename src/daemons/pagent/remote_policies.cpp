#include "daemons/pagent/remote_policies.h"

#include <algorithm>

#include "base/log.h"
#include "daemons/configuration.h"
#include "daemons/pagent/surroundings.h"

namespace adit::daemons::pagent {
namespace {

/// The policy of a text that came from outside; what is wrong with it is logged.
StackPolicy judged(const StackName& stack, const policy::PolicySource& source, const std::string& from) {
  policy::ParseResult parsed = source.policy_of(stack, this_host_for_central_policy());
  log_diagnostics(parsed.diagnostics);
  const auto errors =
      std::ranges::count(parsed.diagnostics, policy::Diagnostic::Severity::error, &policy::Diagnostic::severity);
  return {
      .stack = stack, .files = from, .policy = std::move(parsed.policy), .errors = static_cast<std::size_t>(errors)};
}

}  // namespace

void RemotePolicies::configure(const ReadConfiguration& read) {
  std::erase_if(links_, [&](const auto& link) {
    const auto is_it = [&](const auto& named) { return named.stack == link->stack().stack; };
    const auto remote = std::ranges::find_if(read.remote, is_it);
    if (remote != read.remote.end()) return *remote != link->stack();
    const auto local = std::ranges::find_if(read.policies, is_it);
    return local == read.policies.end() || local->policy != nullptr;
  });
  for (const StackPolicy& local : read.policies) {
    if (local.policy != nullptr) last_.forget(local.stack);
  }
  for (const RemoteStack& stack : read.remote) {
    if (std::ranges::none_of(links_, [&](const auto& link) { return link->stack().stack == stack.stack; })) {
      begin(stack);
    }
  }
}

void RemotePolicies::begin(const RemoteStack& stack) {
  if (!published_.is_running(stack.stack)) use_last(stack.stack);
  links_.push_back(std::make_unique<RemoteLink>(
      loop_, stack,
      [this, stack](const policy::PolicySource& source, const std::string& server) { take(stack, source, server); }));
}

void RemotePolicies::take(const RemoteStack& stack, const policy::PolicySource& source, const std::string& server) {
  if (!published_.publish(judged(stack.stack, source, server))) return;
  if (const auto kept = last_.keep(stack.stack, source); !kept) {
    log::write({CatalogueId::last_policy_unkept,
                {{"stack", stack.stack.text}, {"file", last_.file_of(stack.stack)}, {"problem", kept.error()}}});
  }
}

void RemotePolicies::use_last(const StackName& stack) {
  const std::string file = last_.file_of(stack);
  const auto source = last_.find(stack);
  if (!source) {
    log::write(
        {CatalogueId::last_policy_unusable, {{"stack", stack.text}, {"file", file}, {"problem", source.error()}}});
    return;
  }
  if (!*source) return log::write({CatalogueId::last_policy_missing, {{"stack", stack.text}, {"file", file}}});
  if (published_.publish(judged(stack, **source, file))) {
    log::write({CatalogueId::last_policy_used, {{"stack", stack.text}, {"file", file}}});
  }
}

}  // namespace adit::daemons::pagent
