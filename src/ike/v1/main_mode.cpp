// Main mode (RFC 2409 §5; RFC 2408 §1.6.2): an SA, keys, and then both identities under them, encrypted as soon as both
// public values are there (RFC 2408 §3.1).

#include "ike/v1/certificate_requests.h"
#include "ike/v1/ending.h"
#include "ike/v1/machine.h"
#include "ike/v1/nat.h"
#include "ike/v1/phase1_parts.h"

namespace adit::ike::v1 {

Taken take_sa_answer(Turn& turn, Phase1Sa& sa, const Received& message) {
  const auto* answer = message.chain.payloads.find<wire::v1::SecurityAssociation>();
  if (answer == nullptr || message.header.responder_cookie == IkeSpi{}) {
    return drop(turn, sa, "no SA, or no cookie, in the answer"), Taken::no;
  }
  const auto choice = chosen_phase1(*sa.rule, *answer);
  if (!choice) return drop(turn, sa, "it chose what was not offered: " + describe_phase1(*answer)), Taken::no;
  sa.choice = *choice;
  sa.responder_cookie = message.header.responder_cookie;
  heed_vendor_ids(sa, message.chain.payloads);
  accept(turn, sa, message);
  if (!make_key_exchange(turn, sa)) return fail(turn, sa, "no such group"), Taken::yes;
  wire::v1::Payloads payloads;
  add_key_exchange(payloads, sa);
  add_nat_detection(payloads, sa);
  send_message(turn, sa, wire::v1::build_message(header_of(sa, exchange_of(sa), MessageId{0}), payloads),
               Expects::answer);
  return Taken::yes;
}

Taken answer_key_exchange(Turn& turn, Phase1Sa& sa, const Received& message) {
  if (!keep_public_value(sa, message.chain.payloads)) return drop(turn, sa, "no KE, or no good NONCE"), Taken::no;
  // RFC 2408 §5.7.
  if (!make_key_exchange(turn, sa) || !derive_keys(sa)) {
    // Each costs as much as a good one: from a peer that repeats it no more are looked at.
    if (++sa.repeats > turn.options.init_repeats) close(turn, sa, Ending::failed);
    return drop(turn, sa, "no good public value"), Taken::no;
  }
  heed_nat_detection(sa, message);
  accept(turn, sa, message);
  list_authorities(turn, sa);
  return Taken::yes;
}

void send_key_exchange_answer(Turn& turn, Phase1Sa& sa) {
  wire::v1::Payloads payloads;
  add_key_exchange(payloads, sa);
  add_certificate_requests(payloads, sa);
  add_nat_detection(payloads, sa);
  send_message(turn, sa, wire::v1::build_message(header_of(sa, exchange_of(sa), MessageId{0}), payloads),
               Expects::answer);
}

Taken take_key_exchange(Turn& turn, Phase1Sa& sa, const Received& message) {
  if (!take_keys(sa, message.chain.payloads)) return drop(turn, sa, "no KE, or no good NONCE"), Taken::no;
  heed_nat_detection(sa, message);
  accept(turn, sa, message);
  float_port(sa);
  list_authorities(turn, sa);
  return Taken::yes;
}

void send_identity(Turn& turn, Phase1Sa& sa) {
  wire::v1::Payloads payloads;
  payloads.add(wire::v1::Identification::of(*sa.local_identity));
  add_proof(payloads, sa);
  // Here, where only the peer reads whom this side trusts (RFC 4945 §3.2.5).
  add_certificate_requests(payloads, sa);
  // Encrypted, and repeated until it is answered (RFC 2407 §4.6.3, §4.6.3.3).
  if (is_first_contact(turn, sa)) payloads.add(initial_contact_of(sa));
  ByteString octets = sealed(sa, header_of(sa, exchange_of(sa), MessageId{0}), payloads, sa.iv);
  send_message(turn, sa, std::move(octets), Expects::answer);
}

Taken verify_identity(Turn& turn, Phase1Sa& sa, const Received& message) {
  if (!message.header.is_encrypted) return drop(turn, sa, "an identity in clear"), Taken::no;
  const auto claimed = keep_proof(sa, message);
  // RFC 2407 §4.2.1, §4.6.2.
  if (!claimed) return drop(turn, sa, "no ID, or no proof of it"), Taken::no;
  accept(turn, sa, message);
  follow_peer(turn, sa, message.datagram);
  if (!take_rule(turn, sa, *claimed)) {
    happen(turn, sa, Phase1Event::service_refused);
  } else {
    check_proof(turn, sa);
  }
  return Taken::yes;
}

void answer_identity(Turn& turn, Phase1Sa& sa) {
  wire::v1::Payloads payloads;
  payloads.add(wire::v1::Identification::of(*sa.local_identity));
  add_proof(payloads, sa);
  ByteString octets = sealed(sa, header_of(sa, exchange_of(sa), MessageId{0}), payloads, sa.iv);
  send_message(turn, sa, std::move(octets), Expects::nothing);
  establish(turn, sa);
}

}  // namespace adit::ike::v1
