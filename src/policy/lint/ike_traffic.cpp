// IKE's own messages are filtered like all others (reference §4.1): without a permit rule before the rule that
// protects, no tunnel ever comes up.

#include <fmt/format.h>

#include <set>
#include <tuple>

#include "policy/lint/region_index.h"
#include "policy/lint/subject.h"
#include "policy/time_relation.h"

namespace adit::policy::lint {
namespace {

constexpr std::uint16_t ike_port = 500;

std::optional<IpAddress> single(const IpRange& range) {
  return range.is_single() ? std::optional{range.first} : std::nullopt;
}

/// The filters of one direction, and the first that a packet of IKE meets.
class Traffic {
 public:
  Traffic(const FilterPolicy& policy, Direction direction)
      : filters_{filters_of(policy, direction)}, index_{regions_} {}

  /// Of the filters that are in force whenever `time` holds.
  const Filter* first_match(const IpAddress& source, const IpAddress& destination, const TimeCondition* time) {
    const AddressNumber from = AddressNumber::of(source);
    const AddressNumber to = AddressNumber::of(destination);
    Region packet{.source = {from, from}, .destination = {to, to}};
    packet.values[Region::protocol] = {IpProtocol::udp, IpProtocol::udp};
    packet.values[Region::source_port] = packet.values[Region::destination_port] = {ike_port, ike_port};
    for (const std::uint32_t at : index_.meeting(packet, static_cast<std::uint32_t>(regions_.size()))) {
      const Filter& filter = *filters_[at];
      if (filter.source.family() == source.family() && covers(filter.time.get(), time)) return &filter;
    }
    return nullptr;
  }
  bool is_exhausted() const { return index_.is_exhausted(); }

 private:
  std::vector<const Filter*> filters_of(const FilterPolicy& policy, Direction direction) {
    std::vector<const Filter*> chosen;
    for (const Filter& filter : policy.filters) {
      if (filter.direction != direction) continue;
      chosen.push_back(&filter);
      regions_.push_back(Region::of(filter));
    }
    return chosen;
  }

  std::vector<Region> regions_;
  std::vector<const Filter*> filters_;
  RegionIndex index_;
};

}  // namespace

void check_ike_traffic(const Subject& subject, Remarks& remarks) {
  Traffic outbound{subject.policy.filter, Direction::outbound};
  Traffic inbound{subject.policy.filter, Direction::inbound};
  std::set<std::tuple<IpAddress, IpAddress, const TimeCondition*>> seen;
  for (const Filter& filter : subject.policy.filter.filters) {
    if (filter.vpn == nullptr || filter.direction != Direction::outbound) continue;
    const auto local = filter.local_start->local_endpoint ? filter.local_start->local_endpoint : single(filter.source);
    const auto remote =
        filter.local_start->remote_endpoint ? filter.local_start->remote_endpoint : single(filter.destination);
    if (!local || !remote || !seen.emplace(*local, *remote, filter.time.get()).second) continue;
    const Filter* out = outbound.first_match(*local, *remote, filter.time.get());
    const Filter* in = inbound.first_match(*remote, *local, filter.time.get());
    if (outbound.is_exhausted() || inbound.is_exhausted()) return;
    const auto passes = [](const Filter* match) { return match != nullptr && match->action == FilterAction::permit; };
    if (passes(out) && passes(in)) continue;
    const Filter* match = passes(out) ? in : out;
    const std::string what = match == nullptr ? "no rule matches them"
                             : match->action == FilterAction::ipsec
                                 ? "IpFilterRule " + match->rule + " asks for a tunnel"
                                 : "IpFilterRule " + match->rule + " denies them";
    remarks.add(
        {.kind = Kind::ike_not_permitted,
         .at = filter.at,
         .other = match == nullptr || match == &filter ? std::nullopt : std::optional{match->at},
         .problem = fmt::format("IpFilterRule {}: {} messages of IKE (UDP 500) between {} and {} are not permitted: {}",
                                filter.rule, passes(out) ? "inbound" : "outbound", local->to_string(),
                                remote->to_string(), what),
         .advice =
             "an IpFilterRule with IpFilterAction Permit for Udp 500 and 4500 between the two, before this rule"});
  }
}

}  // namespace adit::policy::lint
