#include "nss/path_failure.h"

#include <algorithm>

#include <fmt/format.h>

#include "nss/certificate_names.h"
#include "nss/openssl_pointer.h"

namespace adit::nss {
namespace {

using contract::ServiceRefusal;

// Anchors that a message lists.
constexpr std::size_t most_anchors_listed = 8;

std::string names_of(const std::vector<const RingAuthority*>& anchors) {
  if (anchors.empty()) return "none";
  std::string names;
  for (std::size_t i = 0; i < std::min(anchors.size(), most_anchors_listed); ++i)
    names += (i == 0 ? "" : "; ") + anchors[i]->certificate.subject();
  if (anchors.size() > most_anchors_listed) names += fmt::format("; {} more", anchors.size() - most_anchors_listed);
  return names;
}

ServiceRefusal bad_chain(std::string reason, std::string offered, std::string acceptable) {
  return {.kind = ServiceRefusal::Kind::bad_chain,
          .reason = std::move(reason),
          .offered = std::move(offered),
          .acceptable = std::move(acceptable)};
}

ServiceRefusal untrusted(const X509* at, const PeerCertificates& peer, const PathInputs& inputs) {
  const std::string subject = text_of(X509_get_subject_name(at));
  const std::string issuer = text_of(X509_get_issuer_name(at));
  const std::string trusted = names_of(inputs.anchors);
  const std::string passed_over =
      peer.unreadable == 0 ? "" : fmt::format("; {} CERT payloads could not be read", peer.unreadable);
  if ((X509_get_extension_flags(const_cast<X509*>(at)) & EXFLAG_SS) != 0)
    return bad_chain(fmt::format("{} is self-signed and not trusted; trusted: {}{}", subject, trusted, passed_over),
                     subject, trusted);
  return bad_chain(fmt::format("issuer {} of {} is not trusted, and no certificate of it was sent or is in the ring; "
                               "trusted: {}{}",
                               issuer, subject, trusted, passed_over),
                   issuer, trusted);
}

}  // namespace

ServiceRefusal path_failure(X509_STORE_CTX* path, const PeerCertificates& peer, const PathInputs& inputs) {
  const X509* at = X509_STORE_CTX_get_current_cert(path);
  if (at == nullptr) at = peer.signer.native();
  const std::string subject = text_of(X509_get_subject_name(at));
  const std::string issuer = text_of(X509_get_issuer_name(at));
  const std::string now = text_of(inputs.at);
  const int error = X509_STORE_CTX_get_error(path);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: {
      const std::string end = text_of(wall_time_of(X509_get0_notAfter(at)));
      return bad_chain(fmt::format("certificate expired {}, subject {}", end, subject), "valid until " + end,
                       "valid at " + now);
    }
    case X509_V_ERR_CERT_NOT_YET_VALID: {
      const std::string begin = text_of(wall_time_of(X509_get0_notBefore(at)));
      return bad_chain(fmt::format("certificate not valid before {}, subject {}", begin, subject),
                       "valid from " + begin, "valid at " + now);
    }
    case X509_V_ERR_CERT_REVOKED:
      return bad_chain(fmt::format("certificate revoked by {}, subject {}", issuer, subject), subject,
                       "a certificate that is not revoked");
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return bad_chain(fmt::format("no CRL of {} to check {} with; RevocationChecking is Strict", issuer, subject),
                       "no CRL", "a CRL of " + issuer);
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return bad_chain(fmt::format("the CRL of {} is out of date at {}; RevocationChecking is Strict", issuer, now),
                       "a CRL whose nextUpdate has passed", "a CRL that is current at " + now);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return untrusted(at, peer, inputs);
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
      return bad_chain("the certificate chain is too long",
                       fmt::format("more than {} certificates", KeyRing::longest_chain),
                       fmt::format("{} at most, anchor included", KeyRing::longest_chain));
    default:
      return bad_chain(fmt::format("{}, subject {}", X509_verify_cert_error_string(error), subject), subject,
                       "a path valid by RFC 5280 to one of: " + names_of(inputs.anchors));
  }
}

}  // namespace adit::nss
