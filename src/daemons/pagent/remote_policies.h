#pragma once
// The stacks whose policy comes from a policy server: what a server says is judged as a file would be, comes into force
// when it is right, and is kept for a restart.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemons/pagent/last_policies.h"
#include "daemons/pagent/published_policies.h"
#include "daemons/pagent/remote_link.h"
#include "daemons/pagent/surroundings.h"

namespace adit::daemons::pagent {

class RemotePolicies {
 public:
  /// `named` is called when a policy has come: what it names may be other files.
  RemotePolicies(EventLoop& loop, LastPolicies last, PublishedPolicies& published, std::function<void()> named)
      : loop_{loop}, last_{std::move(last)}, published_{published}, changed_names_{std::move(named)} {}

  /// Begins, goes on and ends, as what was read asks for. A stack whose files are wrong stays with its server. What
  /// servers said last is judged again: files and hosts that it names may have changed.
  void configure(const ReadConfiguration& read);
  /// What the policies named when they were judged last.
  Named named() const;

 private:
  /// What came last for a stack, and from where.
  struct Taken {
    policy::PolicySource source;
    std::string from;
    Named named;
  };

  /// The last policies of owners that the configuration before has named.
  void forget_those_not_in(const ReadConfiguration& read);
  bool judge(const StackName& stack);
  void begin(const RemoteStack& stack);
  void take(const RemoteStack& stack, const policy::PolicySource& source, const std::string& server);
  /// Puts the policy that was kept into force.
  void use_last(const RemoteStack& stack);

  EventLoop& loop_;
  LastPolicies last_;
  PublishedPolicies& published_;
  std::function<void()> changed_names_;
  std::map<StackName, Taken> taken_;
  std::vector<PolicyOwner> owners_;  // as the last configuration names them
  std::vector<std::unique_ptr<RemoteLink>> links_;
};

}  // namespace adit::daemons::pagent
