// How this side proves itself, as initiator and as responder (RFC 7296 §2.15), whatever the peer's way is (§4).

#include "ike/v2/auth.h"
#include "ike/v2/machine.h"
#include "ike/v2/peer_proof.h"

namespace adit::ike::v2 {

namespace {

contract::SignatureChoice choice_of(policy::HowToAuthMe how) {
  switch (how) {
    case policy::HowToAuthMe::rsa_signature:
      return contract::SignatureChoice::rsa_signature;
    case policy::HowToAuthMe::ecdsa_256:
      return contract::SignatureChoice::ecdsa_256;
    case policy::HowToAuthMe::ecdsa_384:
      return contract::SignatureChoice::ecdsa_384;
    case policy::HowToAuthMe::ecdsa_521:
      return contract::SignatureChoice::ecdsa_521;
    case policy::HowToAuthMe::preshared_key:
    case policy::HowToAuthMe::digital_signature:
      break;
  }
  return contract::SignatureChoice::any;
}

constexpr std::string_view service_is_away = "the certificate service is away: ";

/// The one line about a negotiation that nssd's silence or refusal ends.
void tell_why_no_proof(Turn& turn, IkeSa& sa, const std::string& reason) {
  tell(turn, CatalogueId::negotiation_failed,
       {{"tunnel", "K" + std::to_string(sa.tunnel.value())}, {"peer", sa.remote.to_string()}, {"reason", reason}});
  sa.establishing->failure_told = true;
}

}  // namespace

ByteString signed_octets(const IkeSa& sa, Role signer, Bytes id_body) {
  const Establishing& establishing = *sa.establishing;
  const crypto::Prf& prf = *crypto::Prf::find(sa.algorithms.prf);
  if (signer == Role::initiator) {
    return concatenated({establishing.init_request, establishing.nr, prf(sa.keys.sk_pi, {id_body}).reveal()});
  }
  return concatenated({establishing.init_response, establishing.ni, prf(sa.keys.sk_pr, {id_body}).reveal()});
}

void ask_signature(Turn& turn, IkeSa& sa) {
  Establishing& establishing = *sa.establishing;
  const policy::KeyExchangeRule& rule = *sa.rule;
  if (sa.role == Role::initiator && wants_signatures(rule)) {
    establishing.our_authorities = turn.shard.authorities(sa.stack, rule.ca_labels, std::nullopt).key_hashes;
  }
  const ByteString octets = signed_octets(sa, sa.role, built(wire::Identification{*sa.local_identity}));
  if (rule.action->how_to_auth_me == policy::HowToAuthMe::preshared_key) {
    if (rule.shared_key.empty()) return refuse_peer(turn, sa, "KeyExchangeRule has no SharedKey", "", rule.name);
    const crypto::Prf& prf = *crypto::Prf::find(sa.algorithms.prf);
    const Secret auth = crypto::shared_key_auth(prf, rule.shared_key, octets);
    const Bytes revealed = auth.reveal();
    establishing.signature = {.method = AuthMethod::shared_key, .auth_data = {revealed.begin(), revealed.end()}};
    sa.local_auth = AuthMethod::shared_key;
    return happen(turn, sa, SaEvent::signature_made);
  }
  sa.waits_until = turn.now + turn.options.certificate_wait;
  turn.shard.ask(sa, contract::Sign{.identity = *sa.local_identity,
                                    .choice = choice_of(rule.action->how_to_auth_me),
                                    .peer_hashes = establishing.peer_hashes,
                                    .requested_authorities = establishing.peer_authorities,
                                    .may_send_urls = establishing.peer_takes_urls &&
                                                     rule.action->url_preference != policy::UrlPreference::disallow,
                                    .signed_octets = octets});
}

void service_answered(Turn& turn, IkeSa& sa, const CertificateAnswer& answer) {
  if (sa.establishing == nullptr) return;
  sa.waits_until.reset();
  if (const auto* signature = std::get_if<contract::Signature>(&answer.answer)) {
    sa.establishing->signature = *signature;
    sa.local_auth = signature->method;
    return happen(turn, sa, SaEvent::signature_made);
  }
  if (std::holds_alternative<contract::Verified>(answer.answer)) return happen(turn, sa, SaEvent::peer_proved);
  const auto* refusal = std::get_if<contract::ServiceRefusal>(&answer.answer);
  if (refusal == nullptr) return;
  const bool about_peer = sa.state == SaState::verifying_request || sa.state == SaState::verifying_response;
  const bool is_away = refusal->kind == contract::ServiceRefusal::Kind::unavailable;
  if (about_peer && !is_away) return refuse_peer(turn, sa, refusal->reason, refusal->offered, refusal->acceptable);
  tell_why_no_proof(turn, sa, std::string{is_away ? service_is_away : "no signature of ours: "} + refusal->reason);
  happen(turn, sa, SaEvent::service_refused);
}

void service_kept_silent(Turn& turn, IkeSa& sa) {
  const auto seconds = std::to_string(turn.options.certificate_wait.count());
  tell_why_no_proof(turn, sa, std::string{service_is_away} + "no answer within " + seconds + " s");
  happen(turn, sa, SaEvent::timed_out);
}

}  // namespace adit::ike::v2
