#pragma once
// Superseded pairs that may still receive for a moment: found by the time they go, and by their name. An engine with
// many SAs rekeys some in every second, so neither way may walk over what others have leaving.

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/time.h"
#include "contract/child_sa.h"

namespace adit::ike {

class Leaving {
 public:
  /// Each pair is added once: its name is not drawn again.
  void add(Instant goes_at, contract::RemoveChildSa pair) {
    by_time_.emplace(goes_at, pair.name);
    by_name_.emplace(pair.name, Pair{goes_at, std::move(pair.stack)});
  }
  std::optional<Instant> next() const {
    return by_time_.empty() ? std::nullopt : std::optional{by_time_.begin()->first};
  }
  /// Takes out what is due, the earliest first.
  std::optional<contract::RemoveChildSa> take_due(Instant now) {
    if (by_time_.empty() || by_time_.begin()->first > now) return std::nullopt;
    return take(by_name_.find(by_time_.begin()->second));
  }
  /// Takes out those of a dynamic tunnel.
  std::vector<contract::RemoveChildSa> take_tunnel(DynamicTunnelId tunnel) {
    std::vector<contract::RemoveChildSa> taken;
    for (;;) {
      const auto entry = by_name_.lower_bound({tunnel, 0});
      if (entry == by_name_.end() || entry->first.tunnel != tunnel) return taken;
      taken.push_back(take(entry));
    }
  }
  /// Forgets one that is gone before its time.
  void forget(const contract::ChildSaName& name, const StackName& stack) {
    const auto entry = by_name_.find(name);
    if (entry != by_name_.end() && entry->second.stack == stack) take(entry);
  }
  /// Forgets all of a stack that has none any more.
  void forget_all(const StackName& stack) {
    for (const contract::ChildSaName& name : names(stack)) forget(name, stack);
  }
  std::vector<contract::ChildSaName> names(const StackName& stack) const {
    std::vector<contract::ChildSaName> names;
    for (const auto& [name, pair] : by_name_) {
      if (pair.stack == stack) names.push_back(name);
    }
    return names;
  }

 private:
  struct Pair {
    Instant goes_at;
    StackName stack;
  };
  using ByName = std::map<contract::ChildSaName, Pair>;

  contract::RemoveChildSa take(ByName::const_iterator entry) {
    by_time_.erase({entry->second.goes_at, entry->first});
    contract::RemoveChildSa pair{.stack = entry->second.stack, .name = entry->first};
    by_name_.erase(entry);
    return pair;
  }

  std::set<std::pair<Instant, contract::ChildSaName>> by_time_;
  ByName by_name_;
};

}  // namespace adit::ike
