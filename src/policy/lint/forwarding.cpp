// A forwarded packet is searched for twice, as an inbound and as an outbound one, with the same addresses (reference
// §4.1): a rule that permits it in one of the two lets nothing pass while no rule permits the other.

#include <fmt/format.h>

#include <map>

#include "policy/lint/region_index.h"
#include "policy/lint/subject.h"

namespace adit::policy::lint {
namespace {

/// The filters of one direction that let forwarded packets pass, in clear or by a tunnel.
class Pass {
 public:
  Pass(const FilterPolicy& policy, Direction direction) : filters_{filters_of(policy, direction)}, index_{regions_} {}

  bool may_take(const Filter& filter) {
    const Region packets = forwarded(filter);
    for (const std::uint32_t at : index_.meeting(packets, static_cast<std::uint32_t>(regions_.size()))) {
      if (filters_[at]->source.family() == filter.source.family()) return true;
    }
    return index_.is_exhausted();
  }

 private:
  static Region forwarded(const Filter& filter) {
    Region region = Region::of(filter);
    region.values[Region::routed] = {1, 1};
    region.values[Region::security_class] = {0, 255};  // it comes in by one interface and leaves by another
    region.values[Region::opens_connection] = {0, 1};
    return region;
  }
  std::vector<const Filter*> filters_of(const FilterPolicy& policy, Direction direction) {
    std::vector<const Filter*> chosen;
    for (const Filter& filter : policy.filters) {
      const bool forwards = filter.routing != Routing::local && filter.action != FilterAction::deny;
      if (filter.direction != direction || !forwards) continue;
      chosen.push_back(&filter);
      regions_.push_back(Region::of(filter));
    }
    return chosen;
  }

  std::vector<Region> regions_;
  std::vector<const Filter*> filters_;
  RegionIndex index_;
};

/// What became of a rule's filters.
struct Forwarding {
  const Filter* first = nullptr;
  bool lets_pass = false;
};

}  // namespace

void check_forwarding(const Subject& subject, Remarks& remarks) {
  Pass outbound{subject.policy.filter, Direction::outbound};
  Pass inbound{subject.policy.filter, Direction::inbound};
  std::map<SourceRange, Forwarding> rules;
  for (const Filter& filter : subject.policy.filter.filters) {
    if (filter.action != FilterAction::permit || filter.routing != Routing::routed) continue;
    Forwarding& rule = rules[filter.at];
    if (rule.first == nullptr) rule.first = &filter;
    Pass& other = filter.direction == Direction::inbound ? outbound : inbound;
    rule.lets_pass = rule.lets_pass || other.may_take(filter);
  }
  for (const auto& [at, rule] : rules) {
    if (rule.lets_pass) continue;
    remarks.add(
        {.kind = Kind::forwarding_half_permitted,
         .at = at,
         .other = std::nullopt,
         .problem = fmt::format("IpFilterRule {}: of the forwarded packets that it permits {}, no rule permits "
                                "one {}: nothing passes",
                                rule.first->rule, rule.first->direction == Direction::inbound ? "inbound" : "outbound",
                                rule.first->direction == Direction::inbound ? "outbound" : "inbound"),
         .advice = "a rule for the other pass: the same, with source and destination exchanged"});
  }
}

}  // namespace adit::policy::lint
