// Aggressive mode (RFC 2409 §5): three messages, identities in clear, and no status messages (RFC 2407 §4.6.3).

#include "ike/v1/certificate_requests.h"
#include "ike/v1/ending.h"
#include "ike/v1/machine.h"
#include "ike/v1/nat.h"
#include "ike/v1/phase1_parts.h"

namespace adit::ike::v1 {

Taken take_aggressive_answer(Turn& turn, Phase1Sa& sa, const Received& message) {
  const wire::v1::Payloads& payloads = message.chain.payloads;
  const auto* answer = payloads.find<wire::v1::SecurityAssociation>();
  if (answer == nullptr || message.header.responder_cookie == IkeSpi{}) {
    return drop(turn, sa, "no SA, or no cookie, in the answer"), Taken::no;
  }
  const auto choice = chosen_phase1(*sa.rule, *answer);
  if (!choice || choice->group != sa.choice.group) {
    return drop(turn, sa, "it chose what was not offered: " + describe_phase1(*answer)), Taken::no;
  }
  sa.choice = *choice;
  sa.responder_cookie = message.header.responder_cookie;
  const auto claimed = keep_proof(sa, message);
  if (!claimed || !take_keys(sa, payloads)) {
    sa.responder_cookie = IkeSpi{};
    return drop(turn, sa, "no ID, proof, KE or good NONCE in the answer"), Taken::no;
  }
  heed_vendor_ids(sa, payloads);
  heed_nat_detection(sa, message);
  accept(turn, sa, message);
  float_port(sa);
  if (!take_rule(turn, sa, *claimed)) {
    happen(turn, sa, Phase1Event::service_refused);
  } else {
    check_proof(turn, sa);
  }
  return Taken::yes;
}

void send_proof(Turn& turn, Phase1Sa& sa) {
  wire::v1::Payloads payloads;
  add_proof(payloads, sa);
  add_nat_detection(payloads, sa);
  ByteString octets = sealed(sa, header_of(sa, exchange_of(sa), MessageId{0}), payloads, sa.iv);
  send_message(turn, sa, std::move(octets), Expects::nothing);
  establish(turn, sa);
}

void send_aggressive_answer(Turn& turn, Phase1Sa& sa) {
  wire::v1::Payloads payloads;
  payloads.add(sa.establishing->sa_answer);
  add_key_exchange(payloads, sa);
  payloads.add(wire::v1::Identification::of(*sa.local_identity));
  add_proof(payloads, sa);
  // Whom this side trusts is not for anybody who names a peer, nor should he get so much more than he sent.
  if (!turn.shard.knows_path(sa)) sa.establishing->our_authorities.clear();
  add_certificate_requests(payloads, sa);
  announce(payloads, sa.nat_traversal);
  add_nat_detection(payloads, sa);
  // Whoever forged the address of message 1 would have it repeated to the one who has that address. So it is repeated
  // when the peer shows that it has our cookie (receive.cpp); or to where another SA leads already, whose refresh needs
  // no quick mode that would show it.
  const Expects expects = turn.shard.knows_path(sa) ? Expects::answer : Expects::nothing;
  send_message(turn, sa, wire::v1::build_message(header_of(sa, exchange_of(sa), MessageId{0}), payloads), expects);
}

Taken verify_proof(Turn& turn, Phase1Sa& sa, const Received& message) {
  const auto claimed = keep_proof(sa, message);
  if (!claimed) return drop(turn, sa, "no proof of the identity"), Taken::no;
  // In clear anybody can send it who saw message 2: a wrong one changes nothing, for the peer's own may yet come.
  if (!message.header.is_encrypted && !is_by_signature(sa) && !is_proved_by_key(sa)) {
    return drop(turn, sa, "message 3 in clear, and its HASH is wrong"), Taken::no;
  }
  heed_nat_detection(sa, message);
  accept(turn, sa, message);
  follow_peer(turn, sa, message.datagram);  // to port 4500 (RFC 3947 §4)
  check_proof(turn, sa);
  return Taken::yes;
}

}  // namespace adit::ike::v1
