#pragma once
// A message as a chain of payloads (RFC 7296 §3.2), in clear or from inside an SK payload, and the place of the
// protected part of one that has it (§3.14, RFC 7383 §2.5).

#include <expected>
#include <optional>
#include <variant>
#include <vector>

#include "ike/wire/authentication.h"
#include "ike/wire/certificate.h"
#include "ike/wire/configuration.h"
#include "ike/wire/delete.h"
#include "ike/wire/header.h"
#include "ike/wire/identification.h"
#include "ike/wire/key_exchange.h"
#include "ike/wire/notify.h"
#include "ike/wire/opaque_payloads.h"
#include "ike/wire/security_association.h"
#include "ike/wire/traffic_selectors.h"

namespace adit::ike::wire {

/// Payloads of one message, beyond which it is refused.
inline constexpr std::size_t most_payloads = 128;
inline constexpr std::size_t generic_header_size = 4;

using Body = std::variant<SecurityAssociation, KeyExchange, Identification, Certificate, CertificateRequest,
                          Authentication, Nonce, Notify, Delete, VendorId, TrafficSelectorPayload, Configuration, Eap>;

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
  /// Adds an IDi, IDr, TSi or TSr, whose bodies look alike.
  Payloads& add(PayloadType type, Body body);

  /// The first of a kind; nothing when there is none.
  template <class T>
  const T* find() const {
    for (const Payload& payload : items_) {
      if (const T* body = std::get_if<T>(&payload.body)) return body;
    }
    return nullptr;
  }
  template <class T>
  const T* find(PayloadType type) const {
    for (const Payload& payload : items_) {
      if (payload.type == type) return std::get_if<T>(&payload.body);
    }
    return nullptr;
  }
  const Notify* find(NotifyType type) const;
  /// The first notify that tells of an error.
  const Notify* find_error() const;
  /// In a response such an error means that all of the request has failed (RFC 7296 §3.10.1).
  bool has_unknown_error() const;
  std::size_t count(PayloadType type) const;
  const std::vector<Payload>& items() const { return items_; }
  bool operator==(const Payloads&) const = default;

 private:
  std::vector<Payload> items_;
};

/// The protected part of a message: an SK payload, or one fragment of it.
struct ProtectedPart {
  PayloadType type = PayloadType::encrypted;  ///< or encrypted_fragment
  PayloadType first_inner =
      PayloadType::none;  ///< type of the first payload inside; of fragments only the first says it
  std::size_t body = 0;   ///< where the IV begins, octets from the start of the message
  std::uint16_t fragment_number = 1, fragment_total = 1;  ///< RFC 7383 §2.5
  bool operator==(const ProtectedPart&) const = default;
};

/// What a chain came to. Of payloads that are not known, the critical ones are told (RFC 7296 §2.5), the others passed
/// over.
struct Chain {
  Payloads payloads;
  std::optional<std::uint8_t> unknown_critical;
  std::optional<ProtectedPart> protected_part;  ///< the last payload, where there is one
};

/// The payloads of a whole datagram, after its header has been parsed.
std::expected<Chain, ParseError> parse_message(const Header& header, Bytes datagram);
/// The payloads from inside an SK payload: an SK payload in there is refused.
std::expected<Chain, ParseError> parse_inner(PayloadType first, Bytes plaintext);

/// A message in clear; the header's next payload and length are filled in.
ByteString build_message(Header header, const Payloads& payloads);

/// The octets that go into an SK payload, and the type of their first payload.
struct Inner {
  PayloadType first = PayloadType::none;
  ByteString octets;
};
Inner build_inner(const Payloads& payloads);

/// A message up to where the IV of its SK payload begins. `sealed` is the number of octets that will follow: IV,
/// ciphertext and ICV; both lengths are authenticated, so they must be right before sealing.
ByteString build_protected_start(Header header, PayloadType first_inner, std::size_t sealed);
/// The same of one fragment, numbers from 1 (RFC 7383 §2.5).
ByteString build_fragment_start(Header header, PayloadType first_inner, std::uint16_t number, std::uint16_t total,
                                std::size_t sealed);

}  // namespace adit::ike::wire
