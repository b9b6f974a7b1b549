#include "nss/certificate_payloads.h"

#include <utility>

#include <fmt/format.h>

namespace adit::nss {
namespace {

using contract::CertificateEncoding;
using contract::ServiceRefusal;

std::unexpected<ServiceRefusal> malformed(std::string reason, std::string offered, std::string acceptable) {
  return std::unexpected{ServiceRefusal{.kind = ServiceRefusal::Kind::malformed,
                                        .reason = std::move(reason),
                                        .offered = std::move(offered),
                                        .acceptable = std::move(acceptable)}};
}

// Adds a supporting payload; false when it cannot be read.
bool add(PeerCertificates& peer, const contract::CertificatePayload& payload) {
  switch (static_cast<CertificateEncoding>(payload.encoding)) {
    case CertificateEncoding::x509_signature: {
      auto certificate = Certificate::parse_der(payload.data);
      if (certificate) peer.supporting.push_back(std::move(*certificate));
      return certificate.has_value();
    }
    case CertificateEncoding::crl: {
      auto list = RevocationList::parse_der(payload.data);
      if (list) peer.revocation_lists.push_back(std::move(*list));
      return list.has_value();
    }
    case CertificateEncoding::pkcs7:
    case CertificateEncoding::x509_hash_and_url:
    case CertificateEncoding::x509_bundle_hash_and_url:
      return false;
  }
  return false;
}

}  // namespace

std::expected<PeerCertificates, ServiceRefusal> read_payloads(std::span<const contract::CertificatePayload> payloads) {
  if (payloads.empty())
    return malformed("the peer signed but sent no certificate", "no CERT payload", "the signing certificate first");
  if (payloads.size() > most_certificate_payloads)
    return malformed("too many CERT payloads", fmt::format("{} CERT payloads", payloads.size()),
                     fmt::format("{} at most", most_certificate_payloads));
  const contract::CertificatePayload& first = payloads.front();
  if (first.encoding != std::to_underlying(CertificateEncoding::x509_signature))
    return malformed("the first CERT payload holds no X.509 certificate", fmt::format("encoding {}", first.encoding),
                     "encoding 4 (X.509 certificate, signature)");
  auto signer = Certificate::parse_der(first.data);
  if (!signer)
    return malformed("the first CERT payload: " + signer.error(), fmt::format("{} octets", first.data.size()),
                     fmt::format("one DER certificate of {} octets at most", Certificate::largest));

  PeerCertificates peer{.signer = std::move(*signer), .supporting = {}, .revocation_lists = {}, .unreadable = 0};
  for (const contract::CertificatePayload& payload : payloads.subspan(1))
    if (!add(peer, payload)) ++peer.unreadable;
  return peer;
}

}  // namespace adit::nss
