// IKE_AUTH from the initiator's side.

#include "ike/v2/announcements.h"
#include "ike/v2/auth.h"
#include "ike/v2/child_exchange.h"
#include "ike/v2/ending.h"
#include "ike/v2/machine.h"
#include "ike/v2/peer_proof.h"
#include "ike/v2/requests.h"
#include "ike/v2/sending.h"
#include "ike/v2/timing.h"

namespace adit::ike::v2 {

namespace {

/// What ends the IKE SA even beside a proof; other errors are the Child SA's, those that are not known too (RFC 7296
/// §2.21.2).
const wire::Notify* find_fatal(const wire::Payloads& payloads) {
  for (const auto type : {wire::NotifyType::authentication_failed, wire::NotifyType::invalid_syntax,
                          wire::NotifyType::unsupported_critical_payload}) {
    if (const wire::Notify* found = payloads.find(type)) return found;
  }
  return nullptr;
}

}  // namespace

void prepare_auth(Turn& turn, IkeSa& sa) {
  if (wants_signatures(*sa.rule)) {
    const KnownAuthorities& known = turn.shard.authorities(sa.stack, sa.rule->ca_labels, sa.our_spi());
    if (known.standing == KnownAuthorities::Standing::asked) {
      sa.waits_until = turn.now + turn.options.certificate_wait;
      return;
    }
  }
  happen(turn, sa, SaEvent::authorities_listed);
}

void send_auth(Turn& turn, IkeSa& sa) {
  const Establishing& establishing = *sa.establishing;
  // Nothing is wished for: an unused IKE SA is reauthenticated by command, or the wish was withdrawn meanwhile.
  if (sa.wishes.empty() && !establishing.peer_may_be_childless) {
    return fail(turn, sa, "no Child SA is wanted, and the peer takes no IKE_AUTH without one (RFC 6023)");
  }
  const policy::KeyExchangeRule& rule = *sa.rule;
  wire::Payloads payloads;
  payloads.add(wire::PayloadType::identification_initiator, wire::Identification{*sa.local_identity});
  for (const contract::CertificatePayload& certificate : establishing.signature.certificates) {
    payloads.add(wire::Certificate{.encoding = certificate.encoding, .data = certificate.data});
  }
  const std::optional<Identity>& peer = rule.remote_identity.exact;
  // After a restart here the peer may hold SAs that nobody uses (RFC 7296 §2.4).
  if (peer && !turn.shard.knows_peer(sa, *peer)) {
    payloads.add(wire::Notify{.type = wire::NotifyType::initial_contact});
  }
  if (peer) turn.shard.asks_peer(sa, *peer);
  if (wants_signatures(rule)) {
    if (!establishing.our_authorities.empty()) payloads.add(certificate_request(establishing.our_authorities));
  }
  if (peer) payloads.add(wire::PayloadType::identification_responder, wire::Identification{*peer});
  payloads.add(wire::Authentication{.method = establishing.signature.method, .data = establishing.signature.auth_data});
  payloads.add(window_size());
  sa.window_announced = true;
  if (!sa.wishes.empty()) {
    ChildWish wish = std::move(sa.wishes.front());
    sa.wishes.erase(sa.wishes.begin());
    ask_for_child(turn, sa, std::move(wish), wire::ExchangeType::ike_auth, payloads);
  }
  sa.waits_until.reset();
  sa.auth_after = turn.now;
  send_request(turn, sa, wire::ExchangeType::ike_auth, payloads);
}

void verify_response(Turn& turn, IkeSa& sa, const Received& response) {
  sa.outstanding.reset();
  const auto* idr = response.payloads.find<wire::Identification>(wire::PayloadType::identification_responder);
  const bool has_proof = idr != nullptr && response.payloads.find<wire::Authentication>() != nullptr;
  const wire::Notify* error = has_proof ? find_fatal(response.payloads) : response.payloads.find_error();
  if (error != nullptr) {
    const std::string notify = wire::name_of(error->type);
    tell(turn, CatalogueId::error_notify_received,
         {{"peer", sa.remote.to_string()}, {"exchange", "IKE_AUTH"}, {"notify", notify}});
    // Protected, so the peer's own word: it has no SA any more (RFC 7296 §2.21.2).
    return fail(turn, sa, "the peer answered IKE_AUTH with " + notify);
  }
  if (!has_proof) {  // without an error: it takes the SA to be up
    return refuse_peer(turn, sa, "its IKE_AUTH response proves nothing", idr == nullptr ? "no IDr" : "no AUTH",
                       "IDr and AUTH");
  }
  sa.establishing->auth_message = std::make_unique<Received>(response);
  sa.establishing->peer_id_body = built(*idr);
  // The rule's key is that of this identity alone (RFC 7296 §1.2).
  if (!sa.rule->remote_identity.matches(idr->identity)) {
    return refuse_peer(turn, sa, "it is not whom KeyExchangeRule " + sa.rule->name + " names",
                       idr->identity.to_string(), sa.rule->remote_identity.text);
  }
  check_proof(turn, sa, idr->identity);
}

void establish_as_initiator(Turn& turn, IkeSa& sa) {
  const std::unique_ptr<Received> response = std::move(sa.establishing->auth_message);
  const ByteString ni = std::move(sa.establishing->ni);
  const ByteString nr = std::move(sa.establishing->nr);
  const bool initial = response->payloads.find(wire::NotifyType::initial_contact) != nullptr;
  turn.shard.authenticated(sa, initial ? Shard::Contact::initial : Shard::Contact::further);
  become_established(turn, sa);
  if (sa.delete_wanted) return happen(turn, sa, SaEvent::delete_wanted);
  if (sa.negotiation != nullptr) take_child_answer(turn, sa, response->payloads, ni, nr);
  go_on(turn, sa);
}

void reject_responder(Turn& turn, IkeSa& sa) {
  ++turn.statistics.failed;
  sa.ending = Ending::failed;
  sa.waits_until.reset();
  wire::Payloads payloads;
  payloads.add(wire::Notify{.type = wire::NotifyType::authentication_failed});
  send_request(turn, sa, wire::ExchangeType::informational, payloads);
  sa.delete_sent = true;
}

}  // namespace adit::ike::v2
