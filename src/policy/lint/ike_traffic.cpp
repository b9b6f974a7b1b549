// IKE's own messages are filtered like all others (reference §4.1): without a permit rule before the rule that
// protects, no tunnel ever comes up. Ends that are ranges are told of only where no pair of their addresses gets
// through.

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "policy/lint/key_exchange_index.h"
#include "policy/lint/region_index.h"
#include "policy/lint/subject.h"
#include "policy/time_relation.h"

namespace adit::policy::lint {
namespace {

constexpr std::uint16_t ike_port = 500;
constexpr std::uint16_t nat_port = 4500;  // RFC 7296 §2.23

// Pairs of addresses that are tried of two ranges.
constexpr std::size_t most_pairs = 64;

/// When messages must be permitted.
struct When {
  const TimeCondition* whenever = nullptr;  ///< this holds; null: at all times
  bool at_some_time = false;                ///< or at one time only, whichever
};

/// The filters of one direction, and the first that a packet of IKE meets.
class Traffic {
 public:
  Traffic(const FilterPolicy& policy, Direction direction)
      : filters_{filters_of(policy, direction)}, index_{regions_} {}

  const Filter* first_match(const IpAddress& source, const IpAddress& destination, std::uint16_t port,
                            const When& when) {
    for (const std::uint32_t at : meeting(IpRange::of(source), IpRange::of(destination), port)) {
      const Filter& filter = *filters_[at];
      if (filter.source.family() == source.family() && counts(filter, when)) return &filter;
    }
    return nullptr;
  }
  /// Pairs of addresses of two ranges, each from a filter that may permit it.
  std::vector<std::pair<IpAddress, IpAddress>> pairs(const IpRange& source, const IpRange& destination,
                                                     std::uint16_t port) {
    std::vector<std::pair<IpAddress, IpAddress>> found;
    for (const std::uint32_t at : meeting(source, destination, port)) {
      const Filter& filter = *filters_[at];
      if (filter.action != FilterAction::permit) continue;
      const auto from = filter.source.intersection(source);
      const auto to = filter.destination.intersection(destination);
      if (!from || !to) continue;
      found.emplace_back(from->first, to->first);
      found.emplace_back(from->last, to->last);
      if (found.size() >= most_pairs) break;
    }
    return found;
  }
  bool is_exhausted() const { return index_.is_exhausted(); }

 private:
  static bool counts(const Filter& filter, const When& when) {
    if (when.at_some_time) return filter.time == nullptr || filter.action == FilterAction::permit;
    return covers(filter.time.get(), when.whenever);
  }
  std::vector<std::uint32_t> meeting(const IpRange& source, const IpRange& destination, std::uint16_t port) {
    Region packet{.source = {AddressNumber::of(source.first), AddressNumber::of(source.last)},
                  .destination = {AddressNumber::of(destination.first), AddressNumber::of(destination.last)}};
    packet.values[Region::protocol] = {IpProtocol::udp, IpProtocol::udp};
    packet.values[Region::source_port] = packet.values[Region::destination_port] = {port, port};
    return index_.meeting(packet, static_cast<std::uint32_t>(regions_.size()));
  }
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

/// Whose messages, and who wants them.
struct Ends {
  IpRange local, remote;
  std::string whose;  ///< `IpFilterRule nets`
  SourceRange at;
};

bool passes(const Filter* match) { return match != nullptr && match->action == FilterAction::permit; }

class Messages {
 public:
  Messages(const FilterPolicy& policy, Remarks& remarks)
      : outbound_{policy, Direction::outbound}, inbound_{policy, Direction::inbound}, remarks_{remarks} {}

  /// Tells where they are not permitted, once for two ends.
  void check(const Ends& ends, std::uint16_t port, const When& when) {
    const bool is_new = when.at_some_time ? !asked_.contains({ends.local, ends.remote, port})
                                          : seen_.emplace(ends.local, ends.remote, port, when.whenever).second;
    if (!is_new || ends.local.family() != ends.remote.family()) return;
    asked_.emplace(ends.local, ends.remote, port);
    if (may_pass(ends, port, when) || is_exhausted()) return;
    tell(ends, port, when);
  }
  bool is_exhausted() const { return outbound_.is_exhausted() || inbound_.is_exhausted(); }

 private:
  bool may_pass(const Ends& ends, std::uint16_t port, const When& when) {
    return std::ranges::any_of(outbound_.pairs(ends.local, ends.remote, port), [&](const auto& pair) {
      const auto& [local, remote] = pair;
      return passes(outbound_.first_match(local, remote, port, when)) &&
             passes(inbound_.first_match(remote, local, port, when));
    });
  }
  void tell(const Ends& ends, std::uint16_t port, const When& when) {
    const Filter* out = outbound_.first_match(ends.local.first, ends.remote.first, port, when);
    const Filter* in = inbound_.first_match(ends.remote.first, ends.local.first, port, when);
    const Filter* match = passes(out) ? in : out;
    const bool is_one = ends.local.is_single() && ends.remote.is_single();
    const std::string what = !is_one            ? "no rule permits them"
                             : match == nullptr ? "no rule matches them"
                             : match->action == FilterAction::ipsec
                                 ? "IpFilterRule " + match->rule + " asks for a tunnel"
                                 : "IpFilterRule " + match->rule + " denies them";
    const bool has_other = is_one && match != nullptr && match->at != ends.at;
    remarks_.add(
        {.kind = Kind::ike_not_permitted,
         .at = ends.at,
         .other = has_other ? std::optional{match->at} : std::nullopt,
         .problem = fmt::format("{}: {} messages of IKE (UDP {}) between {} and {} are not permitted: {}", ends.whose,
                                is_one && passes(out) ? "inbound" : "outbound", port, ends.local.to_string(),
                                ends.remote.to_string(), what),
         .advice =
             "an IpFilterRule with IpFilterAction Permit for Udp 500 and 4500 between the two, before this rule"});
  }

  Traffic outbound_, inbound_;
  Remarks& remarks_;
  std::set<std::tuple<IpRange, IpRange, std::uint16_t, const TimeCondition*>> seen_;
  std::set<std::tuple<IpRange, IpRange, std::uint16_t>> asked_;
};

bool uses_nat_port(const KeyExchangeAction& action) { return action.allow_nat || action.force_udp_encapsulation; }

/// What of a range the locations of a KeyExchangeRule allow; all of it where they say nothing of it.
IpRange within(const IpRange& range, const std::vector<IpRange>& locations) {
  for (const IpRange& location : locations) {
    if (const auto common = location.intersection(range)) return *common;
  }
  return range;
}

// Tunnels that this side starts: the ends are those of IpLocalStartAction, or the packets' own.
void check_filter(const Filter& filter, KeyExchangeIndex& index, const std::vector<KeyExchangeRule>& rules,
                  Messages& messages) {
  const LocalStart& start = *filter.local_start;
  Ends ends{.local = start.local_endpoint ? IpRange::of(*start.local_endpoint) : filter.source,
            .remote = start.remote_endpoint ? IpRange::of(*start.remote_endpoint) : filter.destination,
            .whose = "IpFilterRule " + filter.rule,
            .at = filter.at};
  const auto meeting = index.meeting(ends.local, ends.remote, static_cast<std::uint32_t>(rules.size()));
  const KeyExchangeRule* rule = meeting.empty() ? nullptr : &rules[meeting.front()];
  const bool is_one = ends.local.is_single() && ends.remote.is_single();
  // Nets that no KeyExchangeRule speaks of lie behind gateways, whose messages are not theirs.
  if (!is_one && (rule == nullptr || rule->initiate_to || filter.vpn->initiation == Initiation::remote_only)) return;
  if (rule != nullptr) {
    ends.local = within(ends.local, rule->local_locations);
    ends.remote = within(ends.remote, rule->remote_locations);
  }
  const When when{.whenever = filter.time.get(), .at_some_time = false};
  messages.check(ends, ike_port, when);
  if (rule != nullptr && uses_nat_port(*rule->action)) messages.check(ends, nat_port, when);
}

// A peer that starts comes from where its KeyExchangeRule says.
void check_rule(const KeyExchangeRule& rule, Messages& messages) {
  std::vector<IpRange> remotes = rule.remote_locations;
  const auto named = rule.initiate_to ? IpAddress::parse(*rule.initiate_to) : std::nullopt;
  if (named && remotes.empty()) remotes = {IpRange::of(*named)};
  const std::vector<IpRange> all = {IpRange::all(IpFamily::v4)};
  for (const IpRange& local : rule.local_locations.empty() ? all : rule.local_locations) {
    for (const IpRange& remote : remotes.empty() ? all : remotes) {
      const IpRange here = rule.local_locations.empty() ? IpRange::all(remote.family()) : local;
      const IpRange there = remotes.empty() ? IpRange::all(here.family()) : remote;
      const Ends ends{.local = here, .remote = there, .whose = "KeyExchangeRule " + rule.name, .at = rule.at};
      messages.check(ends, ike_port, {.at_some_time = true});
      if (uses_nat_port(*rule.action)) messages.check(ends, nat_port, {.at_some_time = true});
      if (messages.is_exhausted()) return;
    }
  }
}

}  // namespace

void check_ike_traffic(const Subject& subject, Remarks& remarks) {
  const auto& filters = subject.policy.filter.filters;
  const auto& rules = subject.policy.key_exchange.rules;
  if (std::ranges::none_of(filters, [](const Filter& filter) { return filter.vpn != nullptr; })) return;
  Messages messages{subject.policy.filter, remarks};
  KeyExchangeIndex index{rules};
  for (const Filter& filter : filters) {
    if (filter.vpn == nullptr || filter.direction != Direction::outbound) continue;
    check_filter(filter, index, rules, messages);
    if (messages.is_exhausted()) return;
  }
  for (const KeyExchangeRule& rule : rules) {
    check_rule(rule, messages);
    if (messages.is_exhausted()) return;
  }
}

}  // namespace adit::policy::lint
