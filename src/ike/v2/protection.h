#pragma once
// Messages under the keys of an IKE SA: sealed into one SK payload or into fragments, opened again (RFC 7296 §3.14,
// RFC 7383).

#include <expected>
#include <vector>

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

/// The message as it goes out: one datagram, or its fragments when it is larger than EngineOptions::fragment_octets and
/// the peer takes them.
std::vector<ByteString> seal(Turn& turn, IkeSa& sa, wire::ExchangeType exchange, MessageId id,
                             wire::Direction direction, const wire::Payloads& payloads);

struct NotOpened {
  enum class Why : std::uint8_t {
    not_authentic,  ///< or fragments that were not agreed on
    incomplete,     ///< a fragment, not the last that was missing
    malformed,      ///< authentic, but its payloads do not parse
  } why{};
  std::string_view field;  ///< which does not parse
};
/// Checks and decrypts. Fragments collect in the SA.
std::expected<wire::Chain, NotOpened> open(IkeSa& sa, const wire::Header& header, const wire::ProtectedPart& part,
                                           Bytes message);

/// Whether a message of the peer is authentic, without keeping anything of it.
bool is_authentic(const IkeSa& sa, const wire::ProtectedPart& part, Bytes message);

}  // namespace adit::ike::v2
