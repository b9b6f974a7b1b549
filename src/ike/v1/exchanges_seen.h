#pragma once
// The message IDs under one phase 1 SA, of exchanges that either end began: each names one exchange for as long as the
// SA lives (RFC 2408 §3.1), so a message that begins another one with it is a replay, or our own thrown back: both ends
// protect with the same keys. None is forgotten, for what is forgotten could be replayed.

#include <algorithm>
#include <vector>

#include "ike/wire/header.h"

namespace adit::ike::v1 {

enum class Exchange : std::uint8_t { quick_mode, informational };

class ExchangesSeen {
 public:
  /// From so many on the SA is to be refreshed, and from so many it ends: what has been seen stays bounded. Of
  /// Informational exchanges, R-U-THEREs above all, there may be as many as two ends that ask each ten seconds make in
  /// 22 hours, and in 45: a side that may not begin a refresh has its SA for so long.
  struct Limits {
    std::size_t soft, hard;
  };
  static constexpr Limits limits_of(Exchange exchange) {
    return exchange == Exchange::quick_mode ? Limits{4096, 8192} : Limits{32768, 65536};
  }

  /// False when the ID has been used, or there is no room for another one of the kind.
  bool add(MessageId id, Exchange exchange) {
    std::vector<MessageId>& ids = exchange == Exchange::quick_mode ? quick_modes_ : informational_;
    if (has(id) || ids.size() == limits_of(exchange).hard) return false;
    ids.insert(std::ranges::lower_bound(ids, id), id);
    return true;
  }
  bool has(MessageId id) const {
    return std::ranges::binary_search(quick_modes_, id) || std::ranges::binary_search(informational_, id);
  }
  bool is_worn() const { return any_at(&Limits::soft); }
  bool is_full() const { return any_at(&Limits::hard); }

 private:
  bool any_at(std::size_t Limits::* limit) const {
    return quick_modes_.size() >= limits_of(Exchange::quick_mode).*limit ||
           informational_.size() >= limits_of(Exchange::informational).*limit;
  }

  std::vector<MessageId> quick_modes_, informational_;  // in order
};

}  // namespace adit::ike::v1
