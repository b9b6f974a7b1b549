#pragma once
// How long what has failed rests before it is tried again: twice as long after each failure in a row, and bounded both
// in time and in how much is remembered, since what fails may be named by anybody's packets.

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "base/time.h"

namespace adit::ike {

template <class Key>
class Pauses {
 public:
  struct Bounds {
    Seconds first;
    unsigned most_doublings;
    std::size_t most_entries;  ///< beyond it the one that rests the shortest is forgotten
  };
  explicit Pauses(Bounds bounds) : bounds_{bounds} {}

  /// The pause that begins now.
  Seconds failed(const Key& key, Instant now) {
    forget_old(now);
    const auto known = by_key_.find(key);
    const unsigned failures = known == by_key_.end() ? 0 : known->second.failures;
    succeeded(key);
    const Seconds pause = bounds_.first * (1 << std::min(failures, bounds_.most_doublings));
    if (by_key_.size() >= bounds_.most_entries) erase(by_key_.find(by_end_.begin()->second));
    const auto added = by_key_.emplace(key, Rest{.until = now + pause, .failures = failures + 1}).first;
    by_end_.emplace(added->second.until, key);
    return pause;
  }
  void succeeded(const Key& key) {
    if (const auto known = by_key_.find(key); known != by_key_.end()) erase(known);
  }
  bool rests(const Key& key, Instant now) const {
    const auto known = by_key_.find(key);
    return known != by_key_.end() && now < known->second.until;
  }
  void clear() {
    by_key_.clear();
    by_end_.clear();
  }
  std::size_t size() const { return by_key_.size(); }

 private:
  struct Rest {
    Instant until;
    unsigned failures;  ///< in a row
  };
  using ByKey = std::map<Key, Rest>;

  void erase(typename ByKey::iterator known) {
    by_end_.erase({known->second.until, known->first});
    by_key_.erase(known);
  }
  /// What has not failed again for the longest pause after its own begins anew.
  void forget_old(Instant now) {
    const Seconds longest = bounds_.first * (1 << bounds_.most_doublings);
    while (!by_end_.empty() && by_end_.begin()->first + longest <= now) erase(by_key_.find(by_end_.begin()->second));
  }

  Bounds bounds_;
  ByKey by_key_;
  std::set<std::pair<Instant, Key>> by_end_;
};

}  // namespace adit::ike
