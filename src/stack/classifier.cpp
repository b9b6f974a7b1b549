#include "stack/classifier.h"

namespace adit::stack {
namespace {

using policy::Direction;
using policy::Filter;

/// Whether a packet is forwarded, the kernel knows; its rules have let it come this far. Here, what either path gives.
const Filter* ipsec_rule(const policy::FilterIndex& policy, const PacketSelectors& packet, Direction direction) {
  for (const bool routed : {false, true}) {
    const Filter* filter = policy.first_match(packet, {.direction = direction, .routed = routed});
    if (filter != nullptr && filter->action == policy::FilterAction::ipsec) return filter;
  }
  return nullptr;
}

/// A dynamic pair is of one rule; a manual tunnel is of all rules that name its action.
bool leads_to(const Filter& rule, const ChildSa& pair) {
  if (pair.name.is_manual()) return rule.manual && rule.manual->name == pair.vpn_action;
  return !rule.manual && rule.rule == pair.filter_rule;
}

}  // namespace

std::shared_ptr<const policy::FilterIndex> Classifier::set_policy(std::shared_ptr<const policy::FilterIndex> policy) {
  std::swap(policy_, policy);
  ++policies_;
  return policy;
}

const Filter* Classifier::outbound_rule(const PacketSelectors& packet) const {
  return policy_ ? ipsec_rule(*policy_, packet, Direction::outbound) : nullptr;
}

OutboundSa* Classifier::outbound(const PacketSelectors& packet) {
  if (const auto known = leaving_.find(packet, epoch())) return *known;
  const Filter* rule = outbound_rule(packet);
  OutboundSa* sa = nullptr;
  if (rule != nullptr) {
    sa = rule->manual ? sad_.select_manual(packet, rule->manual->name) : sad_.select_outbound(packet, rule->rule);
  }
  leaving_.remember(packet, epoch(), sa);
  return sa;
}

bool Classifier::may_come_in(const PacketSelectors& packet, const InboundSa& sa) {
  OutboundSa* pair = &sa.pair->outbound;  // stands for the pair
  if (arriving_.find(packet, epoch()) == pair) return true;
  if (!policy_) return false;
  const Filter* rule = ipsec_rule(*policy_, packet, Direction::inbound);
  if (rule == nullptr || !leads_to(*rule, *sa.pair)) return false;
  arriving_.remember(packet, epoch(), pair);
  return true;
}

}  // namespace adit::stack
