// IKE_AUTH from the responder's side.

#include "ike/v2/announcements.h"
#include "ike/v2/auth.h"
#include "ike/v2/child_exchange.h"
#include "ike/v2/machine.h"
#include "ike/v2/peer_proof.h"
#include "ike/v2/requests.h"
#include "ike/v2/sending.h"
#include "ike/v2/timing.h"

namespace adit::ike::v2 {

namespace {

void tell_refused(Turn& turn, const IkeSa& sa, std::string reason) {
  tell(turn, CatalogueId::negotiation_failed,
       {{"tunnel", "K" + std::to_string(sa.tunnel.value())},
        {"peer", sa.remote.to_string()},
        {"reason", std::move(reason)}});
}

void refuse_with(Turn& turn, IkeSa& sa, std::string reason, wire::NotifyType notify, ByteString octets = {}) {
  tell_refused(turn, sa, std::move(reason));
  sa.establishing->refusal = notify;
  sa.establishing->refusal_octets = std::move(octets);
  happen(turn, sa, SaEvent::service_refused);
}

/// The rule that both identities lead to, and with it the key that belongs to the peer's (RFC 7296 §1.2). False when
/// none fits; that has been told then.
bool settle_rule(Turn& turn, IkeSa& sa, const Identity& idi, const wire::Identification* idr) {
  const policy::PolicyPointer policy = turn.shard.policy_of(sa.stack);
  const auto asked_for = idr == nullptr ? std::nullopt : std::optional{idr->identity};
  FinalRule found;
  if (policy != nullptr) {
    found = final_rule(policy, sa.local.address, sa.remote.address, idi, asked_for, sa.algorithms);
  }
  if (found.rule == nullptr) {
    tell(turn, CatalogueId::no_key_exchange_rule,
         {{"peer", sa.remote.to_string()},
          {"reason", "no rule for identity " + idi.to_string() + " with an offer " + to_string(sa.algorithms)}});
    return false;
  }
  if (found.idr_ignored) {
    tell(turn, CatalogueId::idr_ignored, {{"peer", sa.remote.to_string()}, {"identity", idr->identity.to_string()}});
  }
  if (found.rule->name != sa.rule->name) {
    tell(turn, CatalogueId::final_rule_chosen,
         {{"rule", found.rule->name}, {"tentative", sa.rule->name}, {"peer", sa.remote.to_string()}});
  }
  sa.rule = std::move(found.rule);
  sa.local_identity = sa.rule->local_identity;
  return true;
}

}  // namespace

void verify_request(Turn& turn, IkeSa& sa, const Received& request) {
  // Authentic: the peer is where it sends from, on port 4500 when a NAT was found (RFC 7296 §2.23).
  sa.local = request.local;
  sa.remote = request.remote;
  // Nothing else of the request is looked at then (RFC 7296 §2.5, §2.21.2).
  if (request.unknown_critical) {
    return refuse_with(turn, sa,
                       "its IKE_AUTH request has a critical payload of type " +
                           std::to_string(*request.unknown_critical) + ", which is not known",
                       wire::NotifyType::unsupported_critical_payload, {*request.unknown_critical});
  }
  const auto* idi = request.payloads.find<wire::Identification>(wire::PayloadType::identification_initiator);
  const auto* idr = request.payloads.find<wire::Identification>(wire::PayloadType::identification_responder);
  if (idi == nullptr) {
    return refuse_with(turn, sa, "its IKE_AUTH request has no IDi", wire::NotifyType::invalid_syntax);
  }
  if (request.payloads.find<wire::Authentication>() == nullptr) {
    // A request without AUTH asks for EAP (RFC 7296 §2.16), which no policy here names.
    return refuse_peer(turn, sa, "it asks for EAP", "EAP", acceptable_methods(*sa.rule, sa.algorithms));
  }
  heed_certificate_requests(*sa.establishing, request.payloads);
  sa.establishing->auth_message = std::make_unique<Received>(request);
  sa.establishing->auth_octets = request.octets;
  sa.establishing->peer_id_body = built(*idi);
  if (!settle_rule(turn, sa, idi->identity, idr)) return happen(turn, sa, SaEvent::service_refused);
  check_proof(turn, sa, idi->identity);
}

void settle_first_child(Turn& turn, IkeSa& sa) {
  const Establishing& establishing = *sa.establishing;
  wire::Payloads answer;
  answer.add(wire::PayloadType::identification_responder, wire::Identification{*sa.local_identity});
  for (const contract::CertificatePayload& certificate : establishing.signature.certificates) {
    answer.add(wire::Certificate{.encoding = certificate.encoding, .data = certificate.data});
  }
  answer.add(wire::Authentication{.method = establishing.signature.method, .data = establishing.signature.auth_data});
  // After a restart here the peer that begins may hold older SAs that nobody uses (RFC 7296 §2.4).
  if (!turn.shard.knows_peer(sa, *sa.remote_identity)) {
    answer.add(wire::Notify{.type = wire::NotifyType::initial_contact});
  }
  answer.add(window_size());
  sa.window_announced = true;
  answer_child_request(turn, sa, *establishing.auth_message, std::move(answer));
}

void answer_auth(Turn& turn, IkeSa& sa) {
  const bool initial = sa.establishing->auth_message->payloads.find(wire::NotifyType::initial_contact) != nullptr;
  turn.shard.authenticated(sa, initial ? Shard::Contact::initial : Shard::Contact::further);
  become_established(turn, sa);
  finish_waiting_answer(turn, sa, auth_request_id);
  go_on(turn, sa);
}

void refuse_initiator(Turn& turn, IkeSa& sa) {
  ++turn.statistics.failed;
  wire::Payloads payloads;
  payloads.add(wire::Notify{.type = sa.establishing->refusal, .data = sa.establishing->refusal_octets});
  send_response(turn, sa, wire::ExchangeType::ike_auth, auth_request_id, payloads);
  drop_waiting_child(turn, sa);
  sa.establishing.reset();
  sa.waits_until.reset();
  sa.expires_at = turn.now + turn.options.half_open_life;
}

void refuse_malformed(Turn& turn, IkeSa& sa, const Received& request) {
  tell_refused(turn, sa, "its IKE_AUTH request is malformed: " + std::string{request.malformed});
  sa.establishing->refusal = wire::NotifyType::invalid_syntax;
  refuse_initiator(turn, sa);
}

}  // namespace adit::ike::v2
