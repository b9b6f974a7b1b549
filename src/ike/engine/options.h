#pragma once
// Limits and times of one engine.

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace adit::ike {

/// Limits and times of one engine. Defaults are iked.conf's.
struct EngineOptions {
  unsigned retries = 6;                 ///< IkeRetries: retransmissions of a request
  Seconds initial_wait{2};              ///< IkeInitWait; doubles with each retransmission
  Seconds half_open_life{30};           ///< a responder's half-open SA is dropped then
  std::size_t cookie_threshold = 1000;  ///< half-open SAs above which cookies are asked for (RFC 7296 §2.6)
  std::size_t half_open_limit = 10000;  ///< requests beyond it are dropped, with a right cookie or without
  std::size_t half_open_per_address = 20;
  /// To datagrams of no SA and of other versions (RFC 7296 §2.21.4), and of IKE_SA_INIT requests (§2.21.1): enough to
  /// show a few peers their mistake; a flood gets no more. A limit each, so that neither silences the other.
  unsigned stranger_answers_per_second = 20, refusals_per_second = 20;
  unsigned stranger_lines_per_second = 10;  ///< of the log, about IKE_SA_INIT requests refused
  std::size_t fragment_octets =
      1232;  ///< largest IP payload before fragmentation (RFC 7383 §2.5.1), with IP and UDP headers of v6 within 1280
  Seconds certificate_wait{60};  ///< NssWaitLimit
  std::uint8_t shard = 0;        ///< top octet of the SPIs this engine draws
};

}  // namespace adit::ike
