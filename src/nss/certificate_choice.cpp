#include "nss/certificate_choice.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "nss/certificate_identity.h"

namespace adit::nss {
namespace {

using contract::ServiceRefusal;
using contract::SignatureChoice;
using crypto::HashId;
using crypto::KeyKind;

// Candidates whose refusal a message explains.
constexpr std::size_t most_explained = 16;

std::string_view name_of_kind(KeyKind kind) {
  switch (kind) {
    case KeyKind::rsa:
      return "RSA";
    case KeyKind::ecdsa_256:
      return "ECDSA P-256";
    case KeyKind::ecdsa_384:
      return "ECDSA P-384";
    case KeyKind::ecdsa_521:
      return "ECDSA P-521";
    case KeyKind::ed25519:
      return "Ed25519";
    case KeyKind::ed448:
      return "Ed448";
    case KeyKind::other:
      break;
  }
  return "of an unsupported kind";
}

std::optional<AuthMethod> own_method(KeyKind kind) {
  switch (kind) {
    case KeyKind::rsa:
      return AuthMethod::rsa_signature;
    case KeyKind::ecdsa_256:
      return AuthMethod::ecdsa_256;
    case KeyKind::ecdsa_384:
      return AuthMethod::ecdsa_384;
    case KeyKind::ecdsa_521:
      return AuthMethod::ecdsa_521;
    case KeyKind::ed25519:
    case KeyKind::ed448:
    case KeyKind::other:
      break;
  }
  return std::nullopt;
}

std::expected<AuthMethod, std::string> open_method(KeyKind kind, std::span<const HashId> peer_hashes) {
  const bool is_edwards = kind == KeyKind::ed25519 || kind == KeyKind::ed448;
  // EdDSA hashes by itself, which the peer announces as "Identity" (RFC 8420 §2).
  const auto fits = [&](HashId hash) { return (hash == HashId::identity) == is_edwards; };
  if (kind != KeyKind::other && std::ranges::any_of(peer_hashes, fits)) return AuthMethod::digital_signature;
  if (const auto own = own_method(kind)) return *own;
  if (is_edwards)
    return std::unexpected{fmt::format("its key is {}, for which the peer must announce the hash Identity (RFC 8420)",
                                       name_of_kind(kind))};
  return std::unexpected{"its key is " + std::string{name_of_kind(kind)}};
}

std::expected<AuthMethod, std::string> fixed_method(SignatureChoice choice, KeyKind kind, KeyKind wanted,
                                                    AuthMethod method) {
  if (kind == wanted) return method;
  return std::unexpected{
      fmt::format("its key is {}; {} needs {}", name_of_kind(kind), name_of(choice), name_of_kind(wanted))};
}

// How a certificate's chain fits the peer's CERTREQs.
enum class AuthorityFit : std::uint8_t { named, unknown, other };

AuthorityFit fit_of(const RingCertificate& candidate, const contract::Sign& request) {
  if (request.requested_authorities.empty() && request.requested_subjects.empty()) return AuthorityFit::named;
  const auto has_requested_key = [&](const Certificate& authority) {
    return std::ranges::any_of(request.requested_authorities,
                               [&](const ByteString& hash) { return std::ranges::equal(hash, authority.key_hash()); });
  };
  if (std::ranges::any_of(candidate.issuers, has_requested_key)) return AuthorityFit::named;
  // By name an authority is found that the ring does not know, too: each certificate names its issuer.
  const auto is_issued_by_requested = [&](const Certificate& certificate) {
    return std::ranges::any_of(request.requested_subjects, [&](const ByteString& name) {
      return std::ranges::equal(name, certificate.issuer_der());
    });
  };
  if (is_issued_by_requested(candidate.certificate) || std::ranges::any_of(candidate.issuers, is_issued_by_requested))
    return AuthorityFit::named;
  // Above the end of a chain that the ring knows in part, the authority that the peer named may well stand.
  return candidate.has_whole_chain ? AuthorityFit::other : AuthorityFit::unknown;
}

std::expected<AuthMethod, std::string> judge(const RingCertificate& candidate, const contract::Sign& request,
                                             WallTime now) {
  const Certificate& certificate = candidate.certificate;
  if (!candidate.private_key) return std::unexpected{"the ring has no private key for it"};
  if (const auto carried = carries(certificate, request.identity); !carried) return std::unexpected{carried.error()};
  const auto method = method_for(request.choice, certificate.key_kind(), request.peer_hashes);
  if (!method) return method;
  if (const auto current = certificate.is_current(now); !current) return std::unexpected{current.error()};
  if (const auto usable = certificate.may_sign_for_ike(); !usable) return std::unexpected{usable.error()};
  if (fit_of(candidate, request) == AuthorityFit::other)
    return std::unexpected{fmt::format("its issuer {} is not among the {} authorities that the peer named",
                                       certificate.issuer(),
                                       request.requested_authorities.size() + request.requested_subjects.size())};
  return method;
}

ServiceRefusal none_fits(const contract::Sign& request, std::span<const std::string> reasons) {
  ServiceRefusal refusal{
      .kind = ServiceRefusal::Kind::no_certificate,
      .reason = fmt::format("no certificate can sign for {} {} by {}", adit::name_of(request.identity.type),
                            request.identity.to_string(), name_of(request.choice)),
      .offered = {},
      .acceptable = "a certificate with that identity, a fitting key and a chain that the peer accepts"};
  for (std::size_t i = 0; i < std::min(reasons.size(), most_explained); ++i)
    refusal.offered += (i == 0 ? "" : "; ") + reasons[i];
  if (reasons.size() > most_explained) refusal.offered += fmt::format("; {} more", reasons.size() - most_explained);
  if (reasons.empty()) refusal.offered = "no certificate that this client may sign with";
  refusal.reason += ": " + refusal.offered;
  return refusal;
}

}  // namespace

std::string_view name_of(SignatureChoice choice) {
  switch (choice) {
    case SignatureChoice::rsa_signature:
      return "RsaSignature";
    case SignatureChoice::ecdsa_256:
      return "ECDSA-256";
    case SignatureChoice::ecdsa_384:
      return "ECDSA-384";
    case SignatureChoice::ecdsa_521:
      return "ECDSA-521";
    case SignatureChoice::any:
      return "DigitalSignature";
  }
  return "an unknown method";
}

std::expected<AuthMethod, std::string> method_for(SignatureChoice choice, KeyKind kind,
                                                  std::span<const HashId> peer_hashes) {
  switch (choice) {
    case SignatureChoice::rsa_signature:
      return fixed_method(choice, kind, KeyKind::rsa, AuthMethod::rsa_signature);
    case SignatureChoice::ecdsa_256:
      return fixed_method(choice, kind, KeyKind::ecdsa_256, AuthMethod::ecdsa_256);
    case SignatureChoice::ecdsa_384:
      return fixed_method(choice, kind, KeyKind::ecdsa_384, AuthMethod::ecdsa_384);
    case SignatureChoice::ecdsa_521:
      return fixed_method(choice, kind, KeyKind::ecdsa_521, AuthMethod::ecdsa_521);
    case SignatureChoice::any:
      return open_method(kind, peer_hashes);
  }
  return std::unexpected{"no such authentication method"};
}

std::expected<CertificateChoice, ServiceRefusal> choose_certificate(std::span<const RingCertificate* const> candidates,
                                                                    const contract::Sign& request, WallTime now) {
  std::optional<CertificateChoice> fallback;  // fits, though not known to lead to an authority of the peer's
  std::vector<std::string> reasons;
  for (const RingCertificate* candidate : candidates) {
    const auto method = judge(*candidate, request, now);
    if (!method) {
      reasons.push_back(fmt::format("'{}': {}", candidate->label, method.error()));
      continue;
    }
    const CertificateChoice choice{.certificate = candidate, .method = *method};
    if (fit_of(*candidate, request) == AuthorityFit::named) return choice;
    if (!fallback) fallback = choice;
  }
  if (fallback) return *fallback;
  return std::unexpected{none_fits(request, reasons)};
}

}  // namespace adit::nss
