#include "stack/classifier.h"

namespace adit::stack {
namespace {

using policy::Filter;

bool protects(const Filter* filter) { return filter != nullptr && filter->action == policy::FilterAction::ipsec; }

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

Classifier::Leaving Classifier::outbound(const PacketSelectors& packet, const policy::PacketPath& path) {
  FlowCache& known = leaving_[path.routed ? 1 : 0];
  if (const auto remembered = known.find(packet, epoch())) return *remembered;
  Leaving leaving{.rule = policy_ ? policy_->first_match(packet, path) : nullptr};
  if (!protects(leaving.rule)) leaving.rule = nullptr;
  if (const Filter* rule = leaving.rule) {
    leaving.sa =
        rule->manual ? sad_.select_manual(packet, rule->manual->name) : sad_.select_outbound(packet, rule->rule);
  }
  known.remember(packet, epoch(), leaving);
  return leaving;
}

bool Classifier::came_protected(const PacketSelectors& packet) const {
  return policy_ && protects(policy_->first_match(packet, {.direction = policy::Direction::inbound, .routed = true}));
}

Admission Classifier::inbound(const PacketSelectors& packet, const InboundSa& sa, std::uint8_t security_class) {
  OutboundSa* pair = &sa.pair->outbound;  // stands for the pair
  if (security_class == 0) {
    if (const auto known = arriving_.find(packet, epoch()); known && known->sa == pair) return Admission::allowed;
  }
  if (!policy_) return Admission::refused;
  policy::PacketPath path{.direction = policy::Direction::inbound, .security_class = security_class};
  const Filter* local = policy_->first_match(packet, path);
  path.routed = true;
  const Filter* routed = policy_->first_match(packet, path);
  const bool is_locals = protects(local) && leads_to(*local, *sa.pair);
  const bool is_routeds = protects(routed) && leads_to(*routed, *sa.pair);
  if (!is_locals && !is_routeds) return Admission::refused;
  // What comes out of the device and meets no IpSec rule there, the kernel's rules drop.
  if (!is_routeds && protects(routed)) return Admission::if_local;
  if (!is_locals && protects(local)) return Admission::if_routed;
  if (security_class == 0) arriving_.remember(packet, epoch(), {.sa = pair});
  return Admission::allowed;
}

}  // namespace adit::stack
