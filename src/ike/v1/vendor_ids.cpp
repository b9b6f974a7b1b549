#include "ike/v1/vendor_ids.h"

#include <algorithm>
#include <array>

namespace adit::ike::v1 {

namespace {

using Octets = std::array<std::uint8_t, 16>;

/// MD5 of "RFC 3947" and of the drafts' names (RFC 3947 §3.1, and the drafts' own §3.1).
constexpr Octets rfc_3947{0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45,
                          0x5c, 0x57, 0x28, 0xf2, 0x0e, 0x95, 0x45, 0x2f};
constexpr Octets draft_03{0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f,
                          0x2c, 0x17, 0x9d, 0x92, 0x15, 0x52, 0x9d, 0x56};
/// Of draft 02 two spellings are about: with a line feed at the end of the name, and without.
constexpr Octets draft_02_line_feed{0x90, 0xcb, 0x80, 0x91, 0x3e, 0xbb, 0x69, 0x6e,
                                    0x08, 0x63, 0x81, 0xb5, 0xec, 0x42, 0x7b, 0x1f};
constexpr Octets draft_02{0xcd, 0x60, 0x46, 0x43, 0x35, 0xdf, 0x21, 0xf8,
                          0x7c, 0xfd, 0xb2, 0xfc, 0x68, 0xb6, 0xa4, 0x48};
/// RFC 3706 §5.1: the last two octets are the version, of which the major part counts.
constexpr Octets dead_peer_detection{0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9,
                                     0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57, 0x01, 0x00};

wire::v1::VendorId vendor_id(const Octets& octets) { return {{octets.begin(), octets.end()}}; }

bool has(const wire::v1::Payloads& payloads, const Octets& wanted, std::size_t counts = sizeof(Octets)) {
  return std::ranges::any_of(payloads.items(), [&](const wire::v1::Payload& payload) {
    const auto* id = std::get_if<wire::v1::VendorId>(&payload.body);
    return id != nullptr && id->value.size() == wanted.size() &&
           std::ranges::equal(Bytes{id->value}.first(counts), Bytes{wanted}.first(counts));
  });
}

}  // namespace

PayloadNumbers payload_numbers(NatTraversal by) {
  using wire::v1::PayloadType;
  if (by == NatTraversal::rfc_3947) return {PayloadType::nat_detection, PayloadType::nat_original_address};
  return {PayloadType::nat_detection_draft, PayloadType::nat_original_address_draft};
}

void announce(wire::v1::Payloads& payloads, Nat nat) {
  payloads.add(vendor_id(dead_peer_detection));
  if (nat == Nat::forbidden) return;
  for (const Octets& octets : {rfc_3947, draft_03, draft_02_line_feed, draft_02}) payloads.add(vendor_id(octets));
}

void announce(wire::v1::Payloads& payloads, NatTraversal taken) {
  payloads.add(vendor_id(dead_peer_detection));
  switch (taken) {
    case NatTraversal::none:
      return;
    case NatTraversal::rfc_3947:
      payloads.add(vendor_id(rfc_3947));
      return;
    case NatTraversal::draft_03:
      payloads.add(vendor_id(draft_03));
      return;
    case NatTraversal::draft_02:
      payloads.add(vendor_id(draft_02_line_feed));
      payloads.add(vendor_id(draft_02));
  }
}

Announced announced(const wire::v1::Payloads& payloads) {
  constexpr std::size_t without_version = 14;
  Announced found{.dead_peer_detection = has(payloads, dead_peer_detection, without_version)};
  if (has(payloads, rfc_3947)) {
    found.nat_traversal = NatTraversal::rfc_3947;
  } else if (has(payloads, draft_03)) {
    found.nat_traversal = NatTraversal::draft_03;
  } else if (has(payloads, draft_02) || has(payloads, draft_02_line_feed)) {
    found.nat_traversal = NatTraversal::draft_02;
  }
  return found;
}

}  // namespace adit::ike::v1
