#pragma once
// What main and aggressive mode share.

#include "ike/v1/phase1.h"

namespace adit::ike::v1 {

inline constexpr std::size_t nonce_size = 32;  // octets, of ours
/// A nonce has 8 to 256 octets (RFC 2409 §5).
bool is_good(const wire::v1::Nonce& nonce);

/// The exchange of the SA's mode.
wire::ExchangeType exchange_of(const Phase1Sa& sa);
/// Sends a message of phase 1 with a timer and a counter (RFC 2408 §5.1) and repeats it until the peer answers;
/// `expects`: whether an answer is expected.
enum class Expects : std::uint8_t { answer, nothing };
void send_message(Turn& turn, Phase1Sa& sa, ByteString octets, Expects expects);
/// A message was taken: it is the one whose repetition gets the last answer.
void accept(Turn& turn, Phase1Sa& sa, const Received& message);

/// Draws our half of the key exchange and our nonce (RFC 2408 §5.7, §5.13); false when the group is not there.
bool make_key_exchange(Turn& turn, Phase1Sa& sa);
/// Keeps the peer's KE and NONCE and makes all keys of them; false, and nothing changed, when they are not good.
bool take_keys(Phase1Sa& sa, const wire::v1::Payloads& payloads);
/// The peer's KE and NONCE, before there is a half of ours.
bool keep_public_value(Phase1Sa& sa, const wire::v1::Payloads& payloads);
bool derive_keys(Phase1Sa& sa);
void add_key_exchange(wire::v1::Payloads& payloads, const Phase1Sa& sa);

/// The proof of ours, with the certificates where the peer has asked for them (RFC 2408 §3.9, §3.10, §5.9).
void add_proof(wire::v1::Payloads& payloads, const Phase1Sa& sa);
/// Keeps the peer's ID, proof and certificates; the identity it claims, or nothing when one is missing.
std::optional<Identity> keep_proof(Phase1Sa& sa, const Received& message);
/// Whether the rule, or for a responder another that fits better, is for that peer (RFC 2407 §4.6.2); takes it.
bool take_rule(Turn& turn, Phase1Sa& sa, const Identity& claimed);
void heed_vendor_ids(Phase1Sa& sa, const wire::v1::Payloads& payloads);
bool is_by_signature(const Phase1Sa& sa);
bool answers(policy::HowToRespondIkeV1 how, Mode mode);
/// Whether no other SA with the peer is known here (RFC 2407 §4.6.3.3), and what tells the peer so.
bool is_first_contact(Turn& turn, const Phase1Sa& sa);
wire::v1::Notify initial_contact_of(const Phase1Sa& sa);
/// Whether the peer's HASH is made with our shared key.
bool is_proved_by_key(const Phase1Sa& sa);

}  // namespace adit::ike::v1
