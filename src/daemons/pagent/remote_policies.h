#pragma once
// The stacks whose policy comes from a policy server: what a server says is judged as a file would be, comes into force
// when it is right, and is kept for a restart.

#include <memory>
#include <vector>

#include "daemons/pagent/last_policies.h"
#include "daemons/pagent/published_policies.h"
#include "daemons/pagent/remote_link.h"

namespace adit::daemons::pagent {

class RemotePolicies {
 public:
  RemotePolicies(EventLoop& loop, LastPolicies last, PublishedPolicies& published)
      : loop_{loop}, last_{std::move(last)}, published_{published} {}

  /// Begins, goes on and ends, as what was read asks for. A stack whose files are wrong stays with its server.
  void configure(const ReadConfiguration& read);

 private:
  void begin(const RemoteStack& stack);
  void take(const RemoteStack& stack, const policy::PolicySource& source, const std::string& server);
  /// Puts the policy that was kept into force.
  void use_last(const StackName& stack);

  EventLoop& loop_;
  LastPolicies last_;
  PublishedPolicies& published_;
  std::vector<std::unique_ptr<RemoteLink>> links_;
};

}  // namespace adit::daemons::pagent
