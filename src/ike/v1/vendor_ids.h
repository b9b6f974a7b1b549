#pragma once
// What peers tell each other by vendor IDs (RFC 2408 §3.16): NAT traversal, by the RFC or a draft before it, and dead
// peer detection.

#include <cstdint>

#include "ike/wire/v1/message.h"

namespace adit::ike::v1 {

/// By which text the NAT is traversed: it says the numbers of payloads and modes (RFC 3947 §3.1, §9).
enum class NatTraversal : std::uint8_t { none, draft_02, draft_03, rfc_3947 };

struct PayloadNumbers {
  wire::v1::PayloadType nat_detection, original_address;
};
PayloadNumbers payload_numbers(NatTraversal by);

/// What is announced; NAT traversal only where the policy lets it.
enum class Nat : std::uint8_t { allowed, forbidden };
void announce(wire::v1::Payloads& payloads, Nat nat);
/// The responder's: the one way of NAT traversal that it took.
void announce(wire::v1::Payloads& payloads, NatTraversal taken);

struct Announced {
  NatTraversal nat_traversal = NatTraversal::none;  ///< the newest that both know
  bool dead_peer_detection = false;
};
Announced announced(const wire::v1::Payloads& payloads);

}  // namespace adit::ike::v1
