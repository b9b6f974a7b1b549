#pragma once
// A request of ours that waits for its response: the same octets, message ID and all, again after growing waits (RFC
// 7296 §2.1, §2.2, §2.4).

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "ike/engine/options.h"

namespace adit::ike::v2 {

struct Retransmission {
  MessageId id;
  std::uint8_t exchange = 0;          ///< exchange type, as in the header
  std::vector<ByteString> datagrams;  ///< one, or the fragments of RFC 7383
  unsigned transmissions = 1;
  Instant first_at, next_at;

  static Retransmission begin(MessageId id, std::uint8_t exchange, std::vector<ByteString> datagrams,
                              const EngineOptions& options, Instant now);

  bool is_due(Instant now) const { return now >= next_at; }
  bool is_exhausted(const EngineOptions& options) const { return transmissions > options.retries; }
  /// Counts one more transmission of the same octets and doubles the wait.
  void again(const EngineOptions& options, Instant now);
};

}  // namespace adit::ike::v2
