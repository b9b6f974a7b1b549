#pragma once
// Which of the peer's requests may be processed, by their message IDs alone (RFC 7296 §2.1, §2.3). They may come in any
// order within the window, and be answered in any order.

#include <bit>
#include <cstdint>

#include "base/strong_id.h"

namespace adit::ike::v2 {

/// Requests of a peer that may be open here at a time; announced by SET_WINDOW_SIZE. Enough for one that sets up or
/// rekeys a few Child SAs at once; each costs a stored response, and, in fragments, a message being put together.
inline constexpr std::uint32_t own_window = 5;

enum class Arrival : std::uint8_t { fresh, repeated, outside };

/// The peer's requests. It may send X when it has the responses to all up to X - N: none is open that is older than the
/// oldest not answered, none newer than N - 1 behind that.
class RequestWindow {
 public:
  constexpr RequestWindow() = default;
  constexpr explicit RequestWindow(MessageId first) : oldest_{first.value()} {}

  /// What a request is, in a window of `size` requests, own_window at most.
  constexpr Arrival judge(MessageId id, std::uint32_t size) const {
    if (id.value() < oldest_) {
      // One before it may not have come through to the peer: answered from the stored octets.
      return newest_behind(id) < size ? Arrival::repeated : Arrival::outside;
    }
    const std::uint32_t place = id.value() - oldest_;
    if (place >= size) return Arrival::outside;
    return (taken_ >> place & 1u) != 0 ? Arrival::repeated : Arrival::fresh;
  }

  /// A fresh request is worked on from now on.
  constexpr void take(MessageId id) { taken_ |= std::uint32_t{1} << (id.value() - oldest_); }
  /// Its response has gone out; the window moves on when no older one is open.
  constexpr void answered(MessageId id) {
    answered_ |= std::uint32_t{1} << (id.value() - oldest_);
    const int done = std::countr_one(answered_);
    oldest_ += static_cast<std::uint32_t>(done);
    answered_ >>= done;
    taken_ >>= done;
  }

  /// How many requests newer than this one have been taken, at least: with as many as the window holds, the peer has
  /// its response.
  constexpr std::uint32_t newest_behind(MessageId id) const {
    return oldest_ + static_cast<std::uint32_t>(std::bit_width(taken_)) - 1 - id.value();
  }
  /// The oldest request that is not answered, or not even here.
  constexpr MessageId oldest() const { return MessageId{oldest_}; }

 private:
  std::uint32_t oldest_ = 0;
  std::uint32_t taken_ = 0, answered_ = 0;  // bit i: request oldest_ + i
};
static_assert(RequestWindow{}.judge(MessageId{0xffffffff}, own_window) ==
              Arrival::outside);  // nothing before the first

/// The IKE SA is to be rekeyed, long before its message IDs would begin again at 0 (RFC 7296 §2.2).
constexpr bool is_running_out(MessageId next) { return next.value() >= 0xffff'0000; }

constexpr MessageId following(MessageId id) { return MessageId{id.value() + 1}; }

}  // namespace adit::ike::v2
