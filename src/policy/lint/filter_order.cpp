// Filter rules that never match, because what stands before them in the search takes all their packets.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "policy/lint/region_index.h"
#include "policy/lint/subject.h"
#include "policy/time_relation.h"

namespace adit::policy::lint {
namespace {

// Boxes that may be left of a filter while earlier ones are taken from it: beyond, it is taken to match something.
constexpr std::size_t most_pieces = 512;
// Subtractions for the whole file, about a second of work.
constexpr std::size_t most_subtractions = 20'000'000;
constexpr std::size_t most_named = 3;  // rules in one line
// Earlier rules under a condition that are looked at for one filter: a few shadow it, or none does.
constexpr std::size_t most_times_tried = 16;

/// What becomes of a rule's filters; those of one rule lie together in each family.
struct RuleFate {
  const Filter* first = nullptr;
  std::size_t filters = 0, dead = 0;
  bool same_effect = true;        ///< of all that take its packets
  std::size_t dead_at_times = 0;  ///< filters that do not match while some earlier one is in force
  const Filter* taker_at_times = nullptr;
  const Filter* example = nullptr;      ///< one that never matches
  std::vector<const Filter*> takers{};  ///< the first filter of each rule that takes its packets, each rule once
};

bool has_same_effect(const Filter& a, const Filter& b) {
  if (a.action != b.action) return false;
  if (a.action == FilterAction::permit) return true;
  if (a.action == FilterAction::deny) return a.discard == b.discard;
  if (a.manual != nullptr && b.manual != nullptr) return *a.manual == *b.manual;
  return a.vpn != nullptr && b.vpn != nullptr && *a.vpn == *b.vpn;
}

// A rule for one peer (RemoteIdentity) does not keep another peer's negotiation from a later rule of the same traffic.
bool is_for_all_peers(const Filter& earlier, const Filter& later) {
  return !(earlier.remote_identity && earlier.vpn != nullptr && later.vpn != nullptr);
}

// A rule that is in force at some times leaves the others to a later one.
bool may_take(const Filter& earlier, const Filter& later) {
  return covers(earlier.time.get(), later.time.get()) && is_for_all_peers(earlier, later);
}

class Order {
 public:
  explicit Order(const std::vector<const Filter*>& filters)
      : filters_{filters}, regions_{regions_of(filters)}, index_{regions_} {
    has_times_ = std::ranges::any_of(filters, [](const Filter* filter) { return filter->time != nullptr; });
  }

  bool gave_up() const { return index_.is_exhausted() || subtractions_ > most_subtractions; }

  /// The earlier filters that together match all that one matches; none when it can match.
  std::vector<const Filter*> takers_of(std::uint32_t at) {
    const Region& whole = regions_[at];
    const std::vector<std::uint32_t>& meeting = index_.meeting(whole, at);
    std::vector<std::uint32_t> earlier;
    for (const std::uint32_t other : meeting) {
      if (!may_take(*filters_[other], *filters_[at])) continue;
      if (regions_[other].contains(whole)) return {filters_[other]};
      earlier.push_back(other);
    }
    return taken_together(whole, earlier);
  }

  /// An earlier filter under a condition of its own that, while it is in force, matches all that one would match; with
  /// others perhaps that are in force then. Null: there is none, or nothing is under a condition.
  const Filter* taker_at_times(std::uint32_t at) {
    if (!has_times_) return nullptr;
    const Filter& later = *filters_[at];
    const Region& whole = regions_[at];
    const std::vector<std::uint32_t> meeting = index_.meeting(whole, at);
    std::size_t tried = 0;
    for (const std::uint32_t timed : meeting) {
      const TimeCondition* time = filters_[timed]->time.get();
      if (time == nullptr || covers(time, later.time.get()) || are_disjoint(time, later.time.get())) continue;
      if (tried++ == most_times_tried) return nullptr;
      std::vector<std::uint32_t> in_force_then;
      for (const std::uint32_t other : meeting) {
        if (!is_for_all_peers(*filters_[other], later) || !covers(filters_[other]->time.get(), time)) continue;
        if (regions_[other].contains(whole)) return filters_[other];
        in_force_then.push_back(other);
      }
      if (!taken_together(whole, in_force_then).empty()) return filters_[timed];
    }
    return nullptr;
  }

 private:
  static std::vector<Region> regions_of(const std::vector<const Filter*>& filters) {
    std::vector<Region> regions;
    regions.reserve(filters.size());
    for (const Filter* filter : filters) regions.push_back(Region::of(*filter));
    return regions;
  }

  std::vector<const Filter*> taken_together(const Region& whole, const std::vector<std::uint32_t>& earlier) {
    if (earlier.size() < 2) return {};
    // Most filters have a corner that nobody takes: no need to cut them up.
    for (const bool last : {false, true}) {
      const Region corner = corner_of(whole, last ? Corner::last : Corner::first);
      subtractions_ += earlier.size();
      if (std::ranges::none_of(earlier, [&](std::uint32_t other) { return regions_[other].contains(corner); }))
        return {};
    }
    std::vector<Region> left{whole};
    std::vector<Region> next;
    std::vector<const Filter*> takers;
    for (const std::uint32_t other : earlier) {
      next.clear();
      for (const Region& piece : left) subtract(piece, regions_[other], next);
      subtractions_ += left.size();
      if (next != left) takers.push_back(filters_[other]);
      if (next.empty()) return takers;
      if (next.size() > most_pieces || gave_up()) return {};
      std::swap(left, next);
    }
    return {};
  }

  enum class Corner : std::uint8_t { first, last };
  static Region corner_of(const Region& whole, Corner which) {
    const auto end = [which](auto& interval) {
      (which == Corner::first ? interval.last : interval.first) =
          which == Corner::first ? interval.first : interval.last;
    };
    Region corner = whole;
    end(corner.source);
    end(corner.destination);
    for (SmallInterval& value : corner.values) end(value);
    return corner;
  }

  const std::vector<const Filter*>& filters_;
  std::vector<Region> regions_;
  RegionIndex index_;
  std::size_t subtractions_ = 0;
  bool has_times_ = false;
};

std::string named(const std::vector<const Filter*>& rules) {
  std::string text;
  for (std::size_t i = 0; i < rules.size() && i < most_named; ++i) {
    text += fmt::format("{}{} (line {})", i == 0 ? "" : ", ", rules[i]->rule, rules[i]->at.line);
  }
  if (rules.size() > most_named) text += fmt::format(" and {} more", rules.size() - most_named);
  return text;
}

void tell_at_times(const RuleFate& fate, Remarks& remarks) {
  const Filter& taker = *fate.taker_at_times;
  const std::string part = fate.dead_at_times < fate.filters
                               ? fmt::format("{} of its {} filters do", fate.dead_at_times, fate.filters)
                               : "it does";
  remarks.add({.kind = Kind::shadowed_at_times,
               .at = fate.first->at,
               .other = taker.at,
               .problem = fmt::format("IpFilterRule {}: {} not match while {} (line {}) before it is in force",
                                      fate.first->rule, part, taker.rule, taker.at.line),
               .advice = "nothing, if it is meant for the other times; else move it before the other rule"});
}

void tell(const RuleFate& fate, Remarks& remarks) {
  const Filter& rule = *fate.first;
  const std::string takers = named(fate.takers);
  const SourceRange other = fate.takers.front()->at;
  if (fate.dead < fate.filters) {
    remarks.add(
        {.kind = Kind::partly_shadowed_rule,
         .at = rule.at,
         .other = other,
         .problem = fmt::format("IpFilterRule {}: {} of its {} filters never match, the first is {} ({}): {} "
                                "before it matches all their packets",
                                rule.rule, fate.dead, fate.filters, fate.example->extension,
                                fate.example->direction == Direction::outbound ? "outbound" : "inbound", takers),
         .advice = "if these packets are meant to fall under this rule, move it before the other"});
  } else if (fate.takers.size() > 1) {
    remarks.add({.kind = Kind::unreachable_rule,
                 .at = rule.at,
                 .other = other,
                 .problem = fmt::format("IpFilterRule {} never matches: together {} match all its packets before it",
                                        rule.rule, takers),
                 .advice = "move it before them, narrow them, or remove it"});
  } else if (fate.same_effect) {
    remarks.add(
        {.kind = Kind::redundant_rule,
         .at = rule.at,
         .other = other,
         .problem = fmt::format("IpFilterRule {} never matches: {} before it does the same with all its packets",
                                rule.rule, takers),
         .advice = "remove it"});
  } else {
    remarks.add({.kind = Kind::shadowed_rule,
                 .at = rule.at,
                 .other = other,
                 .problem = fmt::format("IpFilterRule {} never matches: {} before it matches all its packets",
                                        rule.rule, takers),
                 .advice = "move it before the other rule, narrow the other rule, or remove this one"});
  }
}

}  // namespace

void check_filter_order(const Subject& subject, Remarks& remarks) {
  // Filters of one family and direction, in the order of search: others never meet them.
  std::map<std::pair<IpFamily, Direction>, std::vector<const Filter*>> orders;
  for (const Filter& filter : subject.policy.filter.filters) {
    orders[{filter.source.family(), filter.direction}].push_back(&filter);
  }
  std::map<std::tuple<std::string_view, std::uint32_t, std::uint32_t>, RuleFate> fates;
  bool gave_up = false;
  for (const auto& [key, filters] : orders) {
    Order order{filters};
    for (std::uint32_t at = 0; at < filters.size(); ++at) {
      const Filter& filter = *filters[at];
      RuleFate& fate = fates[{filter.at.file, filter.at.line, filter.at.column}];
      if (fate.first == nullptr) fate.first = &filter;
      ++fate.filters;
      std::vector<const Filter*> takers = order.takers_of(at);
      // A rule whose own services or addresses overlap takes nothing from itself.
      std::erase_if(takers, [&](const Filter* taker) { return taker->at == filter.at; });
      if (takers.empty()) {
        const Filter* taker = order.taker_at_times(at);
        if (taker == nullptr || taker->at == filter.at) continue;
        ++fate.dead_at_times;
        if (fate.taker_at_times == nullptr) fate.taker_at_times = taker;
        continue;
      }
      ++fate.dead;
      if (fate.example == nullptr) fate.example = &filter;
      for (const Filter* taker : takers) {
        fate.same_effect = fate.same_effect && has_same_effect(*taker, filter);
        const bool is_known =
            std::ranges::any_of(fate.takers, [&](const Filter* known) { return known->at == taker->at; });
        if (!is_known) fate.takers.push_back(taker);
      }
    }
    gave_up = gave_up || order.gave_up();
  }
  for (const auto& [place, fate] : fates) {
    if (fate.dead != 0) tell(fate, remarks);
    if (fate.dead_at_times != 0) tell_at_times(fate, remarks);
  }
  if (gave_up && !subject.policy.filter.filters.empty()) {
    remarks.add({.kind = Kind::not_all_compared,
                 .at = subject.policy.filter.filters.front().at,
                 .other = std::nullopt,
                 .problem = "the filter rules overlap so much that not all of them were compared with each other",
                 .advice = "findings about unreachable rules may be missing"});
  }
}

}  // namespace adit::policy::lint
