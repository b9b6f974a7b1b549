// Filter rules that never match, because what stands before them in the search takes all their packets.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "policy/lint/region_index.h"
#include "policy/lint/subject.h"

namespace adit::policy::lint {
namespace {

// Boxes that may be left of a filter while earlier ones are taken from it: beyond, it is taken to match something.
constexpr std::size_t most_pieces = 512;
// Subtractions for the whole file, about a second of work.
constexpr std::size_t most_subtractions = 20'000'000;
constexpr std::size_t most_named = 3;  // rules in one line

/// What becomes of a rule's filters; those of one rule lie together in each family.
struct RuleFate {
  const Filter* first = nullptr;
  std::size_t filters = 0, dead = 0;
  bool same_effect = true;              ///< of all that take its packets
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
// A rule that is in force at some times leaves the others to a later one.
bool may_take(const Filter& earlier, const Filter& later) {
  if (earlier.time && !(later.time && *earlier.time == *later.time)) return false;
  return !(earlier.remote_identity && earlier.vpn != nullptr && later.vpn != nullptr);
}

class Order {
 public:
  explicit Order(const std::vector<const Filter*>& filters)
      : filters_{filters}, regions_{regions_of(filters)}, index_{regions_} {}

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
};

std::string named(const std::vector<const Filter*>& rules) {
  std::string text;
  for (std::size_t i = 0; i < rules.size() && i < most_named; ++i) {
    text += fmt::format("{}{} (line {})", i == 0 ? "" : ", ", rules[i]->rule, rules[i]->at.line);
  }
  if (rules.size() > most_named) text += fmt::format(" and {} more", rules.size() - most_named);
  return text;
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
      if (takers.empty()) continue;
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
