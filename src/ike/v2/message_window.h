#pragma once
// Which of the peer's requests may be processed: a window of one (RFC 7296 §2.3).

#include <cstdint>

#include "base/strong_id.h"

namespace adit::ike::v2 {

enum class Arrival : std::uint8_t { fresh, repeated, outside };

/// What a request is, by its message ID alone, in a window of one (RFC 7296 §2.1, §2.3).
constexpr Arrival judge(MessageId next, MessageId id) {
  if (id == next) return Arrival::fresh;
  if (next.value() != 0 && id.value() == next.value() - 1) return Arrival::repeated;  // answered from the stored octets
  return Arrival::outside;
}
static_assert(judge(MessageId{0}, MessageId{0xffffffff}) == Arrival::outside);  // nothing comes before the first

/// The IKE SA is to be rekeyed, long before its message IDs would begin again at 0 (RFC 7296 §2.2).
constexpr bool is_running_out(MessageId next) { return next.value() >= 0xffff'0000; }

constexpr MessageId following(MessageId id) { return MessageId{id.value() + 1}; }

}  // namespace adit::ike::v2
