#pragma once
// The message IDs under one phase 1 SA, of exchanges that either end began: each names one exchange for as long as the
// SA lives (RFC 2408 §3.1), so a message that begins another one with it is a replay, or our own thrown back: both ends
// protect with the same keys.

#include <algorithm>
#include <vector>

#include "ike/wire/header.h"

namespace adit::ike::v1 {

class ExchangesSeen {
 public:
  /// From so many on the SA is to be refreshed, and from so many it ends: what has been seen stays bounded.
  static constexpr std::size_t soft_limit = 4096, hard_limit = 8192;

  /// False when the ID has been used, or there is no room for another one.
  bool add(MessageId id) {
    const auto at = std::ranges::lower_bound(ids_, id);
    if ((at != ids_.end() && *at == id) || ids_.size() == hard_limit) return false;
    ids_.insert(at, id);
    return true;
  }
  bool has(MessageId id) const { return std::ranges::binary_search(ids_, id); }
  std::size_t size() const { return ids_.size(); }

 private:
  std::vector<MessageId> ids_;  // in order
};

}  // namespace adit::ike::v1
