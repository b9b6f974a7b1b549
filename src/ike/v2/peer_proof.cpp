#include "ike/v2/peer_proof.h"

#include "ike/v2/auth.h"
#include "ike/v2/machine.h"

namespace adit::ike::v2 {

namespace {

constexpr std::size_t most_certificates = 16;  // of one peer: leaf, intermediates, and room

bool is_url(std::uint8_t encoding) {
  return encoding == std::to_underlying(contract::CertificateEncoding::x509_hash_and_url) ||
         encoding == std::to_underlying(contract::CertificateEncoding::x509_bundle_hash_and_url);
}

std::vector<contract::CertificatePayload> certificates_of(const wire::Payloads& payloads) {
  std::vector<contract::CertificatePayload> certificates;
  for (const wire::Payload& payload : payloads.items()) {
    const auto* certificate = std::get_if<wire::Certificate>(&payload.body);
    if (certificate == nullptr || certificates.size() == most_certificates) continue;
    certificates.push_back({.encoding = certificate->encoding, .data = certificate->data});
  }
  return certificates;
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

}  // namespace

void refuse_peer(Turn& turn, IkeSa& sa, std::string reason, std::string offered, std::string acceptable) {
  tell(turn, CatalogueId::authentication_failed,
       {{"peer", sa.remote.to_string()},
        {"reason", std::move(reason)},
        {"offered", std::move(offered)},
        {"acceptable", std::move(acceptable)},
        {"rule", sa.rule->name}});
  happen(turn, sa, SaEvent::service_refused);
}

void check_proof(Turn& turn, IkeSa& sa, const Identity& claimed) {
  const wire::Payloads& payloads = sa.establishing->auth_message->payloads;
  const auto* auth = payloads.find<wire::Authentication>();
  const policy::KeyExchangeRule& rule = *sa.rule;
  sa.remote_identity = claimed;
  if (!accepts_method(rule, sa.algorithms, auth->method)) {
    return refuse_peer(turn, sa, "its authentication method is not allowed", to_string(auth->method),
                       acceptable_methods(rule, sa.algorithms));
  }
  if (!identity_fits_address(rule, claimed, sa.remote.address)) {
    return refuse_peer(turn, sa, "its identity is another address than its own", claimed.to_string(),
                       sa.remote.address.to_string());
  }
  sa.remote_auth = auth->method;
  const Role peer = sa.role == Role::initiator ? Role::responder : Role::initiator;
  const ByteString octets = signed_octets(sa, peer, sa.establishing->peer_id_body);
  if (auth->method == AuthMethod::shared_key) {
    const crypto::Prf& prf = *crypto::Prf::find(sa.algorithms.prf);
    const Secret expected = crypto::shared_key_auth(prf, rule.shared_key, octets);
    if (!equal_in_constant_time(expected.reveal(), auth->data)) {
      return refuse_peer(turn, sa, "the pre-shared keys differ", claimed.to_string(),
                         "SharedKey of KeyExchangeRule " + rule.name);
    }
    return happen(turn, sa, SaEvent::peer_proved);
  }

  contract::Verify request{.identity = claimed,
                           .method = auth->method,
                           .auth_data = auth->data,
                           .signed_octets = octets,
                           .certificates = certificates_of(payloads),
                           .ca_labels = rule.ca_labels,
                           .revocation = checking(rule.action->revocation)};
  if (rule.action->url_preference == policy::UrlPreference::disallow && !request.certificates.empty() &&
      is_url(request.certificates.front().encoding)) {
    return refuse_peer(turn, sa, "its certificate came as a URL",
                       "encoding " + std::to_string(request.certificates.front().encoding), "encoding 4");
  }
  sa.waits_until = turn.now + turn.options.certificate_wait;
  turn.shard.ask(sa, std::move(request));
}

}  // namespace adit::ike::v2
