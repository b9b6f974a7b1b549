#pragma once
// When the engine has to look at which SA: one entry an SA, in order of time. Setting and clearing cost O(log n), and
// what is not due costs nothing.

#include <optional>
#include <set>
#include <utility>

#include "base/strong_id.h"
#include "base/time.h"

namespace adit::ike {

class Timers {
 public:
  /// Moves the entry of an SA from the instant it was set to (nothing: none) to another.
  void set(IkeSpi sa, std::optional<Instant>& was, std::optional<Instant> at) {
    if (was == at) return;
    if (was) entries_.erase({*was, sa});
    if (at) entries_.insert({*at, sa});
    was = at;
  }
  std::optional<Instant> next() const {
    return entries_.empty() ? std::nullopt : std::optional{entries_.begin()->first};
  }
  /// The SA that is due first, if any is.
  std::optional<IkeSpi> due(Instant now) const {
    if (entries_.empty() || entries_.begin()->first > now) return std::nullopt;
    return entries_.begin()->second;
  }

 private:
  std::set<std::pair<Instant, IkeSpi>> entries_;
};

}  // namespace adit::ike
