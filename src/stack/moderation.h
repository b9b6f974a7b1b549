#pragma once
// When the data plane rests for a moment before it looks again, so that packets gather: what a network card does with
// its interrupts. Raw sockets bring one packet a wake-up, and waking a thread costs more than opening an ESP packet.

#include "base/time.h"

namespace adit::stack {

class Moderation {
 public:
  static constexpr Duration rest{50};         ///< what a packet is late by at most
  static constexpr Duration dense{100};       ///< turns that follow each other so closely are a stream
  static constexpr std::size_t enough = 48;   ///< packets of a turn that cost little each: no rest needed
  static constexpr std::size_t dialogue = 1;  ///< one packet a turn is a question that waits for its answer

  /// Whether to rest after a turn that began at `now` and brought so many packets.
  bool should_rest(std::size_t packets, Instant now) {
    const bool is_stream = now - last_turn_ < dense;
    last_turn_ = now;
    return is_stream && packets > dialogue && packets < enough;
  }

 private:
  Instant last_turn_{};
};

}  // namespace adit::stack
