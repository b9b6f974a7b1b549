#pragma once
// One X.509 certificate (RFC 5280) and what IKE asks of it (RFC 4945 §5.1). A value: copies share the parsed form,
// which nobody changes, so threads may too.

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/signature.h"

struct x509_st;

namespace adit::nss {

class Certificate {
 public:
  /// Octets. Certificates are of one to four thousand; nothing larger has a use in an IKE message of at most 64 KiB.
  static constexpr std::size_t largest = std::size_t{32} * 1024;

  /// One DER certificate and nothing after it; an error says what is wrong.
  static std::expected<Certificate, std::string> parse_der(Bytes der);

  const std::string& subject() const { return facts_->subject; }  ///< `CN=a,O=b`, most specific first; for people
  const std::string& issuer() const { return facts_->issuer; }
  const std::string& serial() const { return facts_->serial; }  ///< hexadecimal
  WallTime not_before() const { return facts_->not_before; }
  WallTime not_after() const { return facts_->not_after; }
  /// Null when the key is of a kind that this build cannot read.
  const crypto::Key& public_key() const { return facts_->public_key; }
  crypto::KeyKind key_kind() const { return facts_->key_kind; }
  Bytes der() const { return facts_->der; }
  /// The names in DER, as they stand in the certificate: how IKEv1's CERTREQ names an authority (RFC 4945 §3.2.7.1).
  Bytes subject_der() const { return facts_->subject_der; }
  Bytes issuer_der() const { return facts_->issuer_der; }
  /// SHA-1 of the SubjectPublicKeyInfo, 20 octets: how a CERTREQ names an authority (RFC 7296 §3.7).
  Bytes key_hash() const { return facts_->key_hash; }

  /// basicConstraints says CA; or there is none, and the certificate is self-signed (reference §5.3: trusted then).
  bool is_authority() const { return facts_->is_authority; }
  bool is_self_signed() const { return facts_->is_self_signed; }
  /// True when `issuer` names, fits and has signed this certificate.
  bool is_issued_by(const Certificate& issuer) const;

  /// Whether the certificate's times allow its use; an error such as `expired 2024-01-01T00:00:00Z`.
  std::expected<void, std::string> is_current(WallTime now) const;
  /// Whether KeyUsage and ExtendedKeyUsage let the key sign for IKE (RFC 4945 §5.1.3.2, §5.1.3.12).
  std::expected<void, std::string> may_sign_for_ike() const;

  x509_st* native() const { return x509_.get(); }
  bool operator==(const Certificate& other) const;

 private:
  struct Facts {
    std::string subject, issuer, serial;
    WallTime not_before, not_after;
    crypto::Key public_key;
    crypto::KeyKind key_kind = crypto::KeyKind::other;
    ByteString der, key_hash, subject_der, issuer_der;
    bool is_authority = false, is_self_signed = false;
  };
  Certificate(std::shared_ptr<x509_st> x509, std::shared_ptr<const Facts> facts)
      : x509_{std::move(x509)}, facts_{std::move(facts)} {}

  std::shared_ptr<x509_st> x509_;
  std::shared_ptr<const Facts> facts_;
};

}  // namespace adit::nss
