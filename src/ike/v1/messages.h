#pragma once
// Messages of a phase 1 SA: decrypted and parsed, hashed, encrypted and sent (RFC 2409 §5, §5.5, §5.7, appendix B; RFC
// 2408 §5.11).

#include <optional>

#include "ike/v1/turn.h"

namespace adit::ike::v1 {

/// A message that was taken in: what a datagram holds, in clear.
struct Received {
  const Datagram& datagram;
  wire::v1::Header header;
  ByteString octets;  ///< what follows the header, decrypted
  wire::v1::Chain chain;
  ByteString next_iv;  ///< where it was encrypted: its last block
};

/// Parses a message, after decryption under `iv` where it is encrypted. Nothing, and a word about it, for one that does
/// not parse or has a payload that is not known.
std::optional<Received> open(Turn& turn, const Phase1Sa& sa, const Datagram& datagram, const wire::v1::Header& header,
                             const ByteString& iv);

/// The IV of an exchange under the SA, each of which begins with one of its own (RFC 2408 §4.8): hash(last block of
/// phase 1 | message ID).
ByteString first_iv(const Phase1Sa& sa, MessageId id);

/// prf(SKEYID_a, part | part | …)
ByteString hash_a(const Phase1Sa& sa, std::initializer_list<Bytes> parts);
/// HASH(1) of RFC 2409 §5.5 and §5.7: over the message ID and all behind the HASH payload; whether it is right.
bool has_right_hash(const Phase1Sa& sa, const Received& message, Bytes before = {});

/// A header of the SA, its cookies in the order of phase 1 whoever sends it (RFC 2409 §4; RFC 2408 §2.4); `id` 0 for
/// phase 1. The commit bit is never set (RFC 2408 §3.1).
wire::v1::Header header_of(const Phase1Sa& sa, wire::ExchangeType exchange, MessageId id);
/// A message under the SA's key: all behind the header is encrypted (RFC 2409 §3.2); the IV becomes its last block.
ByteString sealed(const Phase1Sa& sa, wire::v1::Header header, const wire::v1::Payloads& payloads, ByteString& iv);
/// The same with a HASH payload before the others: hash_a over the message ID, `before`, and the others.
ByteString sealed_with_hash(const Phase1Sa& sa, const wire::v1::Header& header, const wire::v1::Payloads& payloads,
                            ByteString& iv, Bytes before = {});

/// One datagram on the SA's path.
void send(Turn& turn, const Phase1Sa& sa, ByteString octets);
/// A message ID that no quick mode of the SA has, and not 0.
MessageId draw_message_id(Turn& turn, Phase1Sa& sa, Exchange exchange);

/// An authentic message came from there, whatever the port (RFC 3947 §3): what is sent goes back there (RFC 3947 §4).
void follow_peer(Turn& turn, Phase1Sa& sa, const Datagram& datagram);

}  // namespace adit::ike::v1
