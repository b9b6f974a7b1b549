// How both ends prove who they are: HASH_I and HASH_R (RFC 2409 §5) by a shared key, which all have (RFC 2409 §4), or
// signed (RFC 2409 §5.1, §5.4; RFC 4754; RFC 2408 §1.5.3, §5.11, §5.12).

#include "ike/v1/certificate_requests.h"
#include "ike/v1/ending.h"
#include "ike/v1/informational.h"
#include "ike/v1/machine.h"
#include "ike/v1/phase1_parts.h"
#include "ike/v1/quick_mode.h"
#include "ike/v1/timing.h"

namespace adit::ike::v1 {

namespace {

/// prf(SKEYID, g^x of the prover | g^x of the other | cookies in the same order | SAi_b | ID of the prover)
ByteString hash_of(const Phase1Sa& sa, Role prover, Bytes id_body) {
  const Establishing& establishing = *sa.establishing;
  Writer cookies;
  const bool is_initiator = prover == Role::initiator;
  cookies.u64(is_initiator ? sa.initiator_cookie.value() : sa.responder_cookie.value());
  cookies.u64(is_initiator ? sa.responder_cookie.value() : sa.initiator_cookie.value());
  const ByteString& own = is_initiator ? establishing.gxi : establishing.gxr;
  const ByteString& other = is_initiator ? establishing.gxr : establishing.gxi;
  const Secret hash = (*crypto::Prf::find(sa.choice.hash))(
      establishing.keys->skeyid, {own, other, cookies.written(), establishing.sa_body, id_body});
  const Bytes octets = hash.reveal();
  return {octets.begin(), octets.end()};
}

Role peer_of(const Phase1Sa& sa) { return sa.role == Role::initiator ? Role::responder : Role::initiator; }

contract::SignatureChoice choice_of(AuthMethod method) {
  switch (method) {
    case AuthMethod::ecdsa_256:
      return contract::SignatureChoice::ecdsa_256;
    case AuthMethod::ecdsa_384:
      return contract::SignatureChoice::ecdsa_384;
    case AuthMethod::ecdsa_521:
      return contract::SignatureChoice::ecdsa_521;
    default:
      return contract::SignatureChoice::rsa_signature;
  }
}

contract::RevocationChecking checking(policy::Revocation revocation) {
  switch (revocation) {
    case policy::Revocation::none:
      return contract::RevocationChecking::none;
    case policy::Revocation::loose:
      return contract::RevocationChecking::loose;
    case policy::Revocation::strict:
      return contract::RevocationChecking::strict;
  }
  return contract::RevocationChecking::strict;
}

void refuse(Turn& turn, Phase1Sa& sa, std::string reason, std::string offered, std::string acceptable) {
  sa.establishing->failure_told = true;
  tell(turn, CatalogueId::authentication_failed,
       {{"peer", sa.remote.to_string()},
        {"reason", std::move(reason)},
        {"offered", std::move(offered)},
        {"acceptable", std::move(acceptable)},
        {"rule", sa.rule->name}});
  happen(turn, sa, Phase1Event::service_refused);
}

constexpr std::string_view service_is_away = "the certificate service is away: ";

void tell_why_no_proof(Turn& turn, Phase1Sa& sa, const std::string& reason) {
  tell(turn, CatalogueId::negotiation_failed,
       {{"tunnel", name_of_tunnel(sa)}, {"peer", sa.remote.to_string()}, {"reason", reason}});
  sa.establishing->failure_told = true;
}

}  // namespace

void make_proof(Turn& turn, Phase1Sa& sa) {
  const ByteString id_body = built(wire::v1::Identification::of(*sa.local_identity));
  ByteString hash = hash_of(sa, sa.role, id_body);
  if (!is_by_signature(sa)) {
    if (sa.mode == Mode::aggressive && sa.role == Role::responder && turn.shard.is_first_guess(sa)) {
      tell(turn, CatalogueId::v1_aggressive_shared_key, {{"peer", sa.remote.to_string()}, {"rule", sa.rule->name}});
    }
    sa.establishing->signature = {.method = AuthMethod::shared_key, .auth_data = std::move(hash)};
    return happen(turn, sa, Phase1Event::signature_made);
  }
  sa.waits_until = turn.now + turn.options.certificate_wait;
  turn.shard.ask(sa, contract::Sign{.identity = *sa.local_identity,
                                    .choice = choice_of(sa.choice.method),
                                    .peer_hashes = {},
                                    .requested_authorities = {},
                                    .may_send_urls = false,
                                    .signed_octets = std::move(hash),
                                    .version = contract::IkeVersion::v1,
                                    .requested_subjects = sa.establishing->peer_authorities});
}

bool is_proved_by_key(const Phase1Sa& sa) {
  return equal_in_constant_time(hash_of(sa, peer_of(sa), sa.establishing->peer_id_body), sa.establishing->peer_proof);
}

void check_proof(Turn& turn, Phase1Sa& sa) {
  Establishing& establishing = *sa.establishing;
  ByteString hash = hash_of(sa, peer_of(sa), establishing.peer_id_body);
  if (!is_by_signature(sa)) {
    if (!is_proved_by_key(sa)) {
      return refuse(turn, sa, "the pre-shared keys differ", sa.remote_identity->to_string(),
                    "SharedKey of KeyExchangeRule " + sa.rule->name);
    }
    return happen(turn, sa, Phase1Event::peer_proved);
  }
  sa.waits_until = turn.now + turn.options.certificate_wait;
  // nssd wants the identity in the certificate (RFC 2407 §4.6.2.1).
  turn.shard.ask(sa, contract::Verify{.identity = *sa.remote_identity,
                                      .method = sa.choice.method,
                                      .auth_data = establishing.peer_proof,
                                      .signed_octets = std::move(hash),
                                      .certificates = establishing.peer_certificates,
                                      .ca_labels = sa.rule->ca_labels,
                                      .revocation = checking(sa.rule->action->revocation),
                                      .version = contract::IkeVersion::v1});
}

void service_answered(Turn& turn, Phase1Sa& sa, const CertificateAnswer& answer) {
  if (sa.establishing == nullptr) return;
  sa.waits_until.reset();
  if (const auto* signature = std::get_if<contract::Signature>(&answer.answer)) {
    sa.establishing->signature = *signature;
    return happen(turn, sa, Phase1Event::signature_made);
  }
  if (std::holds_alternative<contract::Verified>(answer.answer)) return happen(turn, sa, Phase1Event::peer_proved);
  const auto* refusal = std::get_if<contract::ServiceRefusal>(&answer.answer);
  if (refusal == nullptr) return;
  const bool about_peer = sa.state == Phase1State::verifying_initiator ||
                          sa.state == Phase1State::verifying_responder || sa.state == Phase1State::verifying_answer ||
                          sa.state == Phase1State::verifying_proof;
  const bool is_away = refusal->kind == contract::ServiceRefusal::Kind::unavailable;
  if (about_peer && !is_away) return refuse(turn, sa, refusal->reason, refusal->offered, refusal->acceptable);
  tell_why_no_proof(turn, sa, std::string{is_away ? service_is_away : "no signature of ours: "} + refusal->reason);
  happen(turn, sa, Phase1Event::service_refused);
}

void service_kept_silent(Turn& turn, Phase1Sa& sa) {
  if (sa.establishing != nullptr && sa.establishing->awaits_authorities) return authorities_kept_silent(turn, sa);
  const auto seconds = std::to_string(turn.options.certificate_wait.count());
  tell_why_no_proof(turn, sa, std::string{service_is_away} + "no answer within " + seconds + " s");
  happen(turn, sa, Phase1Event::timed_out);
}

void refuse_peer(Turn& turn, Phase1Sa& sa) {
  // In clear (RFC 2409 §5.7): what the peer made of the keys is not known, and nothing secret is said.
  wire::v1::Payloads payloads;
  payloads.add(
      wire::v1::Notify{.protocol = std::to_underlying(wire::ProtocolId::ike), .type = sa.establishing->refusal});
  send(turn, sa,
       wire::v1::build_message(
           header_of(sa, wire::ExchangeType::informational_v1, draw_message_id(turn, sa, Exchange::informational)),
           payloads));
  give_up(turn, sa);
}

void establish(Turn& turn, Phase1Sa& sa) {
  using Contact = Shard::Contact;
  // In aggressive mode nothing protects a notification, so it follows under the SA (RFC 2407 §4.6.3).
  const bool tells = sa.mode == Mode::aggressive && sa.role == Role::initiator && is_first_contact(turn, sa);
  // The last message of main mode is the peer's: it has the SA. (So is that of aggressive mode to its responder, whose
  // older SAs wait for the INITIAL-CONTACT that may follow.)
  if (sa.role == Role::initiator && sa.mode == Mode::main) sa.heard_since_up = true;
  turn.shard.authenticated(sa, sa.establishing->initial_contact ? Contact::initial : Contact::further);
  become_established(turn, sa);
  if (tells) send_notify(turn, sa, initial_contact_of(sa));
  sa.says_initial_contact = tells;
  go_on(turn, sa);
}

void notify_stranger(Turn& turn, const Datagram& to, const wire::v1::Header& header, wire::v1::NotifyType type) {
  wire::v1::Header answer{.initiator_cookie = header.initiator_cookie,
                          .responder_cookie = header.responder_cookie,
                          .exchange = wire::ExchangeType::informational_v1,
                          .id = MessageId{turn.random.number<std::uint32_t>()}};
  wire::v1::Payloads payloads;
  payloads.add(wire::v1::Notify{.protocol = std::to_underlying(wire::ProtocolId::ike), .type = type});
  turn.step.send.push_back(
      {.stack = to.stack, .local = to.local, .remote = to.remote, .octets = wire::v1::build_message(answer, payloads)});
}

}  // namespace adit::ike::v1
