#pragma once
// The message IDs under one phase 1 SA, of exchanges that either end began: each names one exchange for as long as the
// SA lives (RFC 2408 §3.1), so a message that begins another one with it is a replay, or our own thrown back: both ends
// protect with the same keys.

#include <algorithm>
#include <vector>

#include "ike/wire/header.h"

namespace adit::ike::v1 {

/// What an exchange leaves behind. A quick mode makes SAs: its ID is never forgotten. What an Informational exchange
/// said is past: of those the oldest are forgotten, so that R-U-THEREs alone do not wear an SA out.
enum class Exchange : std::uint8_t { quick_mode, informational };

class ExchangesSeen {
 public:
  /// Quick modes: from so many on the SA is to be refreshed, and from so many it ends.
  static constexpr std::size_t soft_limit = 4096, hard_limit = 8192;
  static constexpr std::size_t most_informational = 4096;

  /// False when the ID has been used, or there is no room for another quick mode.
  bool add(MessageId id, Exchange exchange) {
    if (has(id)) return false;
    if (exchange == Exchange::quick_mode) {
      if (quick_modes_.size() == hard_limit) return false;
      quick_modes_.insert(std::ranges::lower_bound(quick_modes_, id), id);
    } else if (informational_.size() < most_informational) {
      informational_.push_back(id);
    } else {
      informational_[next_] = id;
      next_ = (next_ + 1) % most_informational;
    }
    return true;
  }
  bool has(MessageId id) const {
    return std::ranges::binary_search(quick_modes_, id) ||
           std::ranges::find(informational_, id) != informational_.end();
  }
  std::size_t quick_modes() const { return quick_modes_.size(); }

 private:
  std::vector<MessageId> quick_modes_;    // in order
  std::vector<MessageId> informational_;  // a ring once it is full
  std::size_t next_ = 0;                  // of the ring, the oldest
};

}  // namespace adit::ike::v1
