#include "ike/v1/phase1_parts.h"

#include "crypto/ike_v1_cipher.h"
#include "ike/v1/certificate_requests.h"
#include "ike/v1/machine.h"
#include "ike/wire/header.h"

namespace adit::ike::v1 {

namespace {

constexpr std::size_t most_certificates = 16;  // of one peer: leaf, intermediates, and room
constexpr Seconds replays_answered{180};       // longer than any peer repeats a message

}  // namespace

bool is_good(const wire::v1::Nonce& nonce) {
  constexpr std::size_t least = 8, most = 256;  // octets (RFC 2409 §5)
  return nonce.value.size() >= least && nonce.value.size() <= most;
}

bool answers(policy::HowToRespondIkeV1 how, Mode mode) {
  switch (how) {
    case policy::HowToRespondIkeV1::main:
      return mode == Mode::main;
    case policy::HowToRespondIkeV1::aggressive:
      return mode == Mode::aggressive;
    case policy::HowToRespondIkeV1::either:
      break;
  }
  return true;
}

wire::ExchangeType exchange_of(const Phase1Sa& sa) {
  return sa.mode == Mode::main ? wire::ExchangeType::identity_protection : wire::ExchangeType::aggressive;
}

void send_message(Turn& turn, Phase1Sa& sa, ByteString octets, Expects expects) {
  sa.last_sent = octets;
  sa.replay_until = turn.now + replays_answered;
  send(turn, sa, octets);
  sa.outstanding.reset();
  if (expects == Expects::nothing) return;
  sa.outstanding = v2::Retransmission::begin(MessageId{0}, std::to_underlying(exchange_of(sa)), {std::move(octets)},
                                             turn.options, turn.now);
}

void accept(Turn& turn, Phase1Sa& sa, const Received& message) {
  heed_certificate_requests(sa, message.chain.payloads);
  sa.last_received = message.datagram.octets;
  sa.last_sent.clear();
  sa.repeats = 0;
  sa.outstanding.reset();
  sa.last_inbound = turn.now;
  if (message.header.is_encrypted) sa.iv = message.next_iv;
}

bool make_key_exchange(Turn& turn, Phase1Sa& sa) {
  Establishing& establishing = *sa.establishing;
  auto made = crypto::KeyExchange::generate(sa.choice.group, turn.random);
  if (!made) return false;
  establishing.key_exchange = *std::move(made);
  const Bytes value = establishing.key_exchange->public_value();
  (sa.role == Role::initiator ? establishing.gxi : establishing.gxr).assign(value.begin(), value.end());
  (sa.role == Role::initiator ? establishing.ni : establishing.nr) = turn.random.octets(nonce_size);
  return true;
}

bool keep_public_value(Phase1Sa& sa, const wire::v1::Payloads& payloads) {
  const auto* key_exchange = payloads.find<wire::v1::KeyExchange>();
  const auto* nonce = payloads.find<wire::v1::Nonce>();
  if (key_exchange == nullptr || nonce == nullptr) return false;
  if (!is_good(*nonce)) return false;
  Establishing& establishing = *sa.establishing;
  (sa.role == Role::initiator ? establishing.gxr : establishing.gxi) = key_exchange->value;
  (sa.role == Role::initiator ? establishing.nr : establishing.ni) = nonce->value;
  return true;
}

/// Nonces of both go into SKEYID, and so into both proofs (RFC 2408 §4.5, §4.7).
bool derive_keys(Phase1Sa& sa) {
  Establishing& establishing = *sa.establishing;
  const ByteString& theirs = sa.role == Role::initiator ? establishing.gxr : establishing.gxi;
  const auto shared = establishing.key_exchange->derive(theirs);
  if (!shared) return false;
  const crypto::Prf& prf = *crypto::Prf::find(sa.choice.hash);
  Secret skeyid = sa.choice.method == AuthMethod::shared_key
                      ? crypto::skeyid_of_shared_key(prf, sa.rule->shared_key, establishing.ni, establishing.nr)
                      : crypto::skeyid_of_signatures(prf, establishing.ni, establishing.nr, *shared);
  establishing.keys =
      crypto::derive_ike_v1_keys(prf, std::move(skeyid), *shared, sa.initiator_cookie, sa.responder_cookie);
  establishing.key_exchange.reset();  // no exponent outlives its use (RFC 2409 §10)
  const auto cipher = crypto::IkeV1Cipher::find(sa.choice.encryption, sa.choice.key_bits);
  sa.skeyid_d = establishing.keys->skeyid_d;
  sa.skeyid_a = establishing.keys->skeyid_a;
  sa.cipher_key = crypto::ike_v1_cipher_key(prf, establishing.keys->skeyid_e, cipher->key_size());
  // The first IV: the hash of both public values (RFC 2409 appendix B).
  sa.iv = crypto::ike_v1_hash(sa.choice.hash, {establishing.gxi, establishing.gxr});
  sa.iv.resize(cipher->block());
  sa.has_keys = true;
  return true;
}

bool take_keys(Phase1Sa& sa, const wire::v1::Payloads& payloads) {
  return keep_public_value(sa, payloads) && derive_keys(sa);
}

void add_key_exchange(wire::v1::Payloads& payloads, const Phase1Sa& sa) {
  const Establishing& establishing = *sa.establishing;
  payloads.add(wire::v1::KeyExchange{sa.role == Role::initiator ? establishing.gxi : establishing.gxr});
  payloads.add(wire::v1::Nonce{sa.role == Role::initiator ? establishing.ni : establishing.nr});
}

void add_proof(wire::v1::Payloads& payloads, const Phase1Sa& sa) {
  const contract::Signature& signature = sa.establishing->signature;
  if (!is_by_signature(sa)) {
    payloads.add(wire::v1::Hash{signature.auth_data});
    return;
  }
  // Who has asked for none gets none (RFC 4945 §3.3.6).
  if (sa.establishing->wants_certificate) {
    for (const contract::CertificatePayload& certificate : signature.certificates) {
      payloads.add(wire::Certificate{.encoding = certificate.encoding, .data = certificate.data});
    }
  }
  payloads.add(wire::v1::Signature{signature.auth_data});
}

bool is_first_contact(Turn& turn, const Phase1Sa& sa) {
  return !sa.refreshes && !turn.shard.knows_path(sa) && !turn.shard.awaits_proof(sa);
}

wire::v1::Notify initial_contact_of(const Phase1Sa& sa) {
  Writer cookies;
  cookies.u64(sa.initiator_cookie.value());
  cookies.u64(sa.responder_cookie.value());
  return {.protocol = std::to_underlying(wire::ProtocolId::ike),
          .spi = std::move(cookies).take(),
          .type = wire::v1::NotifyType::initial_contact};
}

std::optional<Identity> keep_proof(Phase1Sa& sa, const Received& message) {
  const wire::v1::Chain& chain = message.chain;
  Establishing& establishing = *sa.establishing;
  const Bytes proof =
      is_by_signature(sa) ? wire::v1::body_of<wire::v1::Signature>(chain) : wire::v1::body_of<wire::v1::Hash>(chain);
  if (proof.empty()) return std::nullopt;
  std::optional<Identity> claimed = sa.remote_identity;  // aggressive mode, responder: it came in message 1
  if (const auto* id = chain.payloads.find<wire::v1::Identification>(); id != nullptr && !claimed) {
    claimed = id->identity();
    const Bytes body = wire::v1::body_of<wire::v1::Identification>(chain);
    establishing.peer_id_body.assign(body.begin(), body.end());
  }
  if (!claimed) return std::nullopt;
  establishing.peer_proof.assign(proof.begin(), proof.end());
  establishing.peer_certificates.clear();
  for (const wire::v1::Payload& payload : chain.payloads.items()) {
    const auto* certificate = std::get_if<wire::Certificate>(&payload.body);
    if (certificate == nullptr || establishing.peer_certificates.size() == most_certificates) continue;
    establishing.peer_certificates.push_back({.encoding = certificate->encoding, .data = certificate->data});
  }
  // Whoever is on the way can add it to a message in clear (RFC 2407 §4.6.3).
  if (sa.mode == Mode::main && message.header.is_encrypted &&
      chain.payloads.find(wire::v1::NotifyType::initial_contact) != nullptr) {
    establishing.initial_contact = true;
  }
  return claimed;
}

bool take_rule(Turn& turn, Phase1Sa& sa, const Identity& claimed) {
  const auto fail = [&](std::string reason, std::string offered, std::string acceptable) {
    sa.establishing->failure_told = true;
    tell(turn, CatalogueId::authentication_failed,
         {{"peer", sa.remote.to_string()},
          {"reason", std::move(reason)},
          {"offered", std::move(offered)},
          {"acceptable", std::move(acceptable)},
          {"rule", sa.rule->name}});
    return false;
  };
  sa.remote_identity = claimed;
  if (sa.role == Role::initiator) {
    if (!sa.rule->remote_identity.matches(claimed)) {
      return fail("it is another than KeyExchangeRule " + sa.rule->name + " names", claimed.to_string(),
                  sa.rule->remote_identity.text);
    }
  } else {
    const policy::PolicyPointer policy = turn.shard.policy_of(sa.stack);
    if (policy == nullptr) return fail("the stack has no policy any more", "", "");
    const policy::KeyExchangeRule* found = policy::find_rule(policy->key_exchange, {.local_address = sa.local.address,
                                                                                    .remote_address = sa.remote.address,
                                                                                    .local_identity = std::nullopt,
                                                                                    .remote_identity = claimed});
    if (found == nullptr || !accepts(*found, sa.choice)) {
      return fail("no KeyExchangeRule for its identity has the accepted proposal", claimed.to_string(),
                  found == nullptr ? "" : describe_acceptable(*found));
    }
    // The key had to be chosen by address (RFC 2409 §5.4): the rule of the identity must have the same one.
    if (!is_by_signature(sa) && !(SecretView{found->shared_key} == SecretView{sa.rule->shared_key})) {
      return fail("the rule of its identity has another SharedKey than that of its address", claimed.to_string(),
                  sa.rule->name);
    }
    if (!answers(found->action->how_to_respond, sa.mode)) {
      return fail("KeyExchangeAction " + found->action->name + " of its identity does not answer this mode",
                  claimed.to_string(), "HowToRespondIKEv1 of the action");
    }
    if (!found->action->allow_nat && sa.is_in_udp()) {
      return fail("there is a NAT on the way, and KeyExchangeAction " + found->action->name + " has AllowNat No",
                  claimed.to_string(), "AllowNat Yes");
    }
    sa.rule = v2::share(policy, found);
    sa.local_identity = found->local_identity;
  }
  if (!v2::identity_fits_address(*sa.rule, claimed, sa.remote.address)) {
    return fail("its identity is another address than its own", claimed.to_string(), sa.remote.address.to_string());
  }
  return true;
}

void heed_vendor_ids(Phase1Sa& sa, const wire::v1::Payloads& payloads) {
  const Announced found = announced(payloads);
  sa.peer_has_dpd = found.dead_peer_detection;
  sa.nat_traversal = sa.rule->action->allow_nat ? found.nat_traversal : NatTraversal::none;
}

bool is_by_signature(const Phase1Sa& sa) { return sa.choice.method != AuthMethod::shared_key; }

}  // namespace adit::ike::v1
