#pragma once
// A message of IKEv1 as a chain of payloads (RFC 2408 §3.2), in clear or decrypted. Where each body stands is kept:
// hashes go over the octets as they were sent (RFC 2409 §5).

#include <expected>
#include <optional>
#include <variant>
#include <vector>

#include "ike/wire/certificate.h"
#include "ike/wire/v1/delete.h"
#include "ike/wire/v1/header.h"
#include "ike/wire/v1/identification.h"
#include "ike/wire/v1/notify.h"
#include "ike/wire/v1/opaque_payloads.h"
#include "ike/wire/v1/security_association.h"

namespace adit::ike::wire::v1 {

/// Payloads of one message, beyond which it is refused.
inline constexpr std::size_t most_payloads = 64;

using Body = std::variant<SecurityAssociation, KeyExchange, Identification, Certificate, CertificateRequest, Hash,
                          Signature, Nonce, Notify, Delete, VendorId, NatDetection, NatOriginalAddress>;

struct Payload {
  PayloadType type{};
  Body body;
  bool operator==(const Payload&) const = default;
};

/// Payloads in the order of the message.
class Payloads {
 public:
  /// Adds a payload whose type its body says.
  Payloads& add(Body body);
  /// Adds one under the number of a draft.
  Payloads& add(PayloadType type, Body body);

  /// The first of a kind; nothing when there is none.
  template <class T>
  const T* find() const {
    for (const Payload& payload : items_) {
      if (const T* body = std::get_if<T>(&payload.body)) return body;
    }
    return nullptr;
  }
  const Notify* find(NotifyType type) const;
  std::size_t count(PayloadType type) const;
  const std::vector<Payload>& items() const { return items_; }
  bool operator==(const Payloads&) const = default;

 private:
  std::vector<Payload> items_;
};

/// What a chain came to.
struct Chain {
  Payloads payloads;
  std::vector<Bytes> bodies;            ///< of each payload: in the octets that were parsed
  std::size_t first_end = 0;            ///< where the first payload ends
  std::size_t end = 0;                  ///< where the last one ends: after it is padding
  std::optional<std::uint8_t> unknown;  ///< a type that is not known and not for private use
};

/// The payloads of a message in clear, or decrypted: `octets` is what follows the header. Only behind a decrypted chain
/// may octets be left over: its padding (RFC 2409 appendix B).
enum class Origin : std::uint8_t { clear, decrypted };
std::expected<Chain, ParseError> parse_chain(PayloadType first, Bytes octets, Origin origin);

/// The chain's octets, without a header.
ByteString build_chain(const Payloads& payloads);
/// A message in clear; the header's next payload and length are filled in.
ByteString build_message(Header header, const Payloads& payloads);

/// The body of the first payload of a kind, as it came.
template <class T>
Bytes body_of(const Chain& chain) {
  for (std::size_t i = 0; i < chain.bodies.size(); ++i) {
    if (std::holds_alternative<T>(chain.payloads.items()[i].body)) return chain.bodies[i];
  }
  return {};
}

}  // namespace adit::ike::wire::v1
