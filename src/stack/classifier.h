#pragma once
// Which SA a packet of the data plane belongs to: the policy names the rule, the SAD the SA under it (RFC 4301 §5.1,
// §5.2), and both answers are remembered for the flow.

#include <array>

#include "policy/filter_index.h"
#include "stack/flow_cache.h"
#include "stack/sad.h"

namespace adit::stack {

/// What the policy says of a packet out of an SA before the kernel has said whether it is for this host or to be
/// forwarded. The kernel's rules see the packet afterwards, but do not know its SA: where both of its ways lead to an
/// IpSec rule, and one of them to another SA's, it must be known which way the packet goes.
enum class Admission : std::uint8_t { refused, allowed, if_local, if_routed };

class Classifier {
 public:
  explicit Classifier(Sad& sad) : sad_{sad} {}

  /// Made elsewhere: of a large policy it takes longer than packets may wait.
  /// @return the one before
  std::shared_ptr<const policy::FilterIndex> set_policy(std::shared_ptr<const policy::FilterIndex> policy);

  /// The IpSec rule that a packet to be sent matches first, or null; and the SA under it that the packet leaves by, or
  /// null while there is none. `path` is of an outbound packet. The rule is valid until set_policy().
  using Leaving = FlowCache::Found;
  Leaving outbound(const PacketSelectors& packet, const policy::PacketPath& path);
  /// Whether the policy in force logs at all (IpFilterPolicy's FilterLogging).
  bool logs() const { return policy_ && policy_->logs(); }
  /// Whether a forwarded packet came out of a tunnel: the rule for what comes in says so.
  bool came_protected(const PacketSelectors& packet) const;
  /// The rule that decides about a packet, or null: the implicit deny. Valid until set_policy().
  const policy::Filter* first_match(const PacketSelectors& packet, const policy::PacketPath& path) const {
    return policy_ ? policy_->first_match(packet, path) : nullptr;
  }
  /// Whether the rule that a packet out of an SA matches first is the one the SA was made for (reference: post-
  /// decapsulation filtering). The SA's own selectors have been checked before. The class is that of the interface
  /// which the SA's packet came in by.
  Admission inbound(const PacketSelectors& packet, const InboundSa& sa, std::uint8_t security_class);

 private:
  /// Of whatever could change an answer.
  std::uint64_t epoch() const { return sad_.epoch() + policies_; }

  Sad& sad_;
  std::shared_ptr<const policy::FilterIndex> policy_;
  std::uint64_t policies_ = 0;
  std::array<FlowCache, 2> leaving_;  // of this host, forwarded
  FlowCache arriving_;                // allowed, with the outbound SA for its pair; of interfaces without a class
};

}  // namespace adit::stack
