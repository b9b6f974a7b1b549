#include "ike/v2/retransmission.h"

#include <algorithm>

namespace adit::ike::v2 {

namespace {

constexpr unsigned most_doublings = 6;  // 64 times the first wait: beyond it a peer is not more likely to answer

Duration wait_after(unsigned transmissions, const EngineOptions& options) {
  return Duration{options.initial_wait} * (1 << std::min(transmissions - 1, most_doublings));
}

}  // namespace

Retransmission Retransmission::begin(MessageId id, std::uint8_t exchange, std::vector<ByteString> datagrams,
                                     const EngineOptions& options, Instant now) {
  return {.id = id,
          .exchange = exchange,
          .datagrams = std::move(datagrams),
          .transmissions = 1,
          .first_at = now,
          .next_at = now + wait_after(1, options)};
}

void Retransmission::again(const EngineOptions& options, Instant now) {
  ++transmissions;
  next_at = now + wait_after(transmissions, options);
}

}  // namespace adit::ike::v2
