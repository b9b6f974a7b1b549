#pragma once
// Virtual time: what is to happen when, in order. Things of the same instant happen in the order they were planned in.

#include <functional>
#include <map>
#include <utility>

#include "base/time.h"

namespace adit::sim {

class Clockwork {
 public:
  Instant now() const { return now_; }

  void plan(Duration after, std::function<void()> what) {
    planned_.emplace(Key{now_ + after, ++count_}, std::move(what));
  }

  /// Lets time pass; everything due until then happens.
  void run_for(Duration time) {
    const Instant end = now_ + time;
    while (!planned_.empty() && planned_.begin()->first.first <= end) {
      auto node = planned_.extract(planned_.begin());
      now_ = node.key().first;
      node.mapped()();
    }
    now_ = end;
  }

 private:
  using Key = std::pair<Instant, std::uint64_t>;
  Instant now_{};
  std::uint64_t count_ = 0;
  std::map<Key, std::function<void()>> planned_;
};

}  // namespace adit::sim
