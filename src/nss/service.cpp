#include "nss/service.h"

#include <algorithm>

#include <fmt/format.h>

#include "nss/certificate_choice.h"
#include "nss/certificate_identity.h"
#include "nss/certificate_payloads.h"

namespace adit::nss {
namespace {

using contract::CertificateEncoding;
using contract::CertificatePayload;
using contract::ServiceRefusal;

std::unexpected<ServiceRefusal> refused(ServiceRefusal::Kind kind, std::string reason, std::string offered = {},
                                        std::string acceptable = {}) {
  return std::unexpected{ServiceRefusal{
      .kind = kind, .reason = std::move(reason), .offered = std::move(offered), .acceptable = std::move(acceptable)}};
}

std::unexpected<ServiceRefusal> unknown_client(std::string_view client) {
  return refused(ServiceRefusal::Kind::not_permitted,
                 fmt::format("client {} may not use the certificate service", client), std::string{client},
                 "a client that the configuration of nssd names");
}

CertificatePayload payload_of(const Certificate& certificate) {
  const Bytes der = certificate.der();
  return {.encoding = std::to_underlying(CertificateEncoding::x509_signature),
          .data = ByteString(der.begin(), der.end())};
}

// The signing certificate, then what leads to the peer's anchor. A self-signed root is left out: the peer trusts its
// own copy, or none.
std::vector<CertificatePayload> payloads_of(const RingCertificate& signer) {
  std::vector<CertificatePayload> payloads{payload_of(signer.certificate)};
  for (const Certificate& issuer : signer.issuers)
    if (!issuer.is_self_signed()) payloads.push_back(payload_of(issuer));
  return payloads;
}

Answer merged(auto answer) {
  if (answer) return std::move(*answer);
  return std::move(answer.error());
}

}  // namespace

Answer Service::answer(std::string_view client, const Request& request, WallTime now) const {
  if (const auto* list = std::get_if<contract::ListAuthorities>(&request))
    return merged(list_authorities(client, *list));
  if (const auto* sign_request = std::get_if<contract::Sign>(&request)) return merged(sign(client, *sign_request, now));
  return merged(verify(client, std::get<contract::Verify>(request), now));
}

std::expected<std::vector<const RingAuthority*>, ServiceRefusal> Service::authorities_for(
    std::string_view client, std::span<const std::string> labels) const {
  std::vector<const RingAuthority*> found;
  std::string seen;
  for (const RingAuthority& authority : ring_->authorities()) {
    if (!grants_.permits(client, authority.label, LabelUse::authority)) continue;
    seen += (seen.empty() ? "'" : ", '") + authority.label + "'";
    if (labels.empty() || std::ranges::find(labels, authority.label) != labels.end()) found.push_back(&authority);
  }
  // One CaLabel that is missing may be one of tomorrow; when all are, no peer could ever be trusted.
  if (found.empty() && !labels.empty()) {
    std::string wanted;
    for (const std::string& label : labels) wanted += (wanted.empty() ? "'" : ", '") + label + "'";
    return refused(ServiceRefusal::Kind::no_certificate,
                   fmt::format("no trusted authority has a CaLabel of the policy: {}", wanted), wanted,
                   seen.empty() ? "none in the ring for this client" : seen);
  }
  return found;
}

std::expected<contract::Authorities, ServiceRefusal> Service::list_authorities(
    std::string_view client, const contract::ListAuthorities& request) const {
  if (!grants_.knows(client)) return unknown_client(client);
  const auto authorities = authorities_for(client, request.ca_labels);
  if (!authorities) return std::unexpected{authorities.error()};
  contract::Authorities answer;
  for (const RingAuthority* authority : *authorities) {
    const Bytes hash = authority->certificate.key_hash();
    answer.key_hashes.emplace_back(hash.begin(), hash.end());
    const Bytes subject = authority->certificate.subject_der();
    answer.subjects.emplace_back(subject.begin(), subject.end());
  }
  return answer;
}

std::expected<contract::Signature, ServiceRefusal> Service::sign(std::string_view client, const contract::Sign& request,
                                                                 WallTime now) const {
  if (!grants_.knows(client)) return unknown_client(client);
  std::vector<const RingCertificate*> candidates;
  for (const RingCertificate& certificate : ring_->certificates())
    if (!certificate.label.empty() && grants_.permits(client, certificate.label, LabelUse::sign))
      candidates.push_back(&certificate);
  const auto choice = choose_certificate(candidates, request, now);
  if (!choice) return std::unexpected{choice.error()};

  const RingCertificate& signer = *choice->certificate;
  auto auth_data =
      request.version == contract::IkeVersion::v1
          ? crypto::sign_ike_v1(signer.private_key, choice->method, request.signed_octets)
          : crypto::sign_auth(signer.private_key, choice->method, request.peer_hashes, request.signed_octets);
  if (!auth_data)
    return refused(ServiceRefusal::Kind::bad_signature,
                   fmt::format("certificate '{}' could not sign: {}", signer.label, auth_data.error()));
  return contract::Signature{
      .method = choice->method, .auth_data = std::move(*auth_data), .certificates = payloads_of(signer)};
}

std::expected<contract::Verified, ServiceRefusal> Service::verify(std::string_view client,
                                                                  const contract::Verify& request, WallTime now) const {
  if (!grants_.knows(client)) return unknown_client(client);
  const auto peer = read_payloads(request.certificates);
  if (!peer) return std::unexpected{peer.error()};
  const Certificate& signer = peer->signer;

  // What costs no signature comes first.
  if (const auto carried = carries(signer, request.identity); !carried)
    return refused(ServiceRefusal::Kind::bad_chain, "the peer's identity is not in its certificate: " + carried.error(),
                   fmt::format("{} {}", adit::name_of(request.identity.type), request.identity.to_string()),
                   identities_of(signer));
  if (const auto usable = signer.may_sign_for_ike(); !usable)
    return refused(ServiceRefusal::Kind::bad_chain,
                   fmt::format("certificate {} may not sign for IKE: {}", signer.subject(), usable.error()),
                   signer.subject(), "digitalSignature; and ipsecIKE where ExtendedKeyUsage is there");
  auto anchors = authorities_for(client, request.ca_labels);
  if (!anchors) return std::unexpected{anchors.error()};
  const PathInputs inputs{.at = now, .revocation = request.revocation, .anchors = std::move(*anchors)};
  if (const auto valid = paths_.validate(*peer, inputs); !valid) return std::unexpected{valid.error()};

  // The key is used only now that somebody we trust vouches for it.
  if (!signer.public_key())
    return refused(ServiceRefusal::Kind::bad_signature,
                   fmt::format("the key of certificate {} is of an unsupported kind", signer.subject()));
  const auto right =
      request.version == contract::IkeVersion::v1
          ? crypto::verify_ike_v1(signer.public_key(), request.method, request.auth_data, request.signed_octets)
          : crypto::verify_auth(signer.public_key(), request.method, request.auth_data, request.signed_octets);
  if (!right)
    return refused(ServiceRefusal::Kind::bad_signature,
                   fmt::format("signature of {} is not valid: {}", signer.subject(), right.error()),
                   adit::to_string(request.method), {});
  return contract::Verified{.subject = signer.subject()};
}

}  // namespace adit::nss
