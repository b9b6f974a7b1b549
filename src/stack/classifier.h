#pragma once
// Which SA a packet of the data plane belongs to: the policy names the rule, the SAD the SA under it (RFC 4301 §5.1,
// §5.2), and both answers are remembered for the flow.

#include "policy/filter_index.h"
#include "stack/flow_cache.h"
#include "stack/sad.h"

namespace adit::stack {

class Classifier {
 public:
  explicit Classifier(Sad& sad) : sad_{sad} {}

  /// Made elsewhere: of a large policy it takes longer than packets may wait.
  /// @return the one before
  std::shared_ptr<const policy::FilterIndex> set_policy(std::shared_ptr<const policy::FilterIndex> policy);

  /// The SA that a packet leaves by; null: none is there yet, or no IpSec rule matches.
  OutboundSa* outbound(const PacketSelectors& packet);
  /// The IpSec rule that a packet to be sent matches first, or null.
  const policy::Filter* outbound_rule(const PacketSelectors& packet) const;
  /// Whether the policy in force logs at all (IpFilterPolicy's FilterLogging).
  bool logs() const { return policy_ && policy_->logs(); }
  /// Whether the rule that a packet out of an SA matches first is the one the SA was made for (reference: post-
  /// decapsulation filtering). The SA's own selectors have been checked before.
  bool may_come_in(const PacketSelectors& packet, const InboundSa& sa);

 private:
  /// Of whatever could change an answer.
  std::uint64_t epoch() const { return sad_.epoch() + policies_; }

  Sad& sad_;
  std::shared_ptr<const policy::FilterIndex> policy_;
  std::uint64_t policies_ = 0;
  FlowCache leaving_, arriving_;
};

}  // namespace adit::stack
