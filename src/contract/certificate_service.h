#pragma once
// What iked asks of nssd and what nssd answers: the vocabulary of NssService, as domain types. nssd picks certificates,
// signs and judges; iked only carries payloads (reference: certificate service of the IPSec discipline).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/algorithms.h"
#include "base/identity.h"
#include "base/strong_id.h"
#include "contract/ike_version.h"
#include "crypto/signature.h"

namespace adit::contract {

/// Certificate encodings of CERT and CERTREQ payloads (RFC 7296 §3.6).
enum class CertificateEncoding : std::uint8_t {
  pkcs7 = 1,
  x509_signature = 4,
  crl = 7,
  x509_hash_and_url = 12,
  x509_bundle_hash_and_url = 13,
};

struct CertificatePayload {
  std::uint8_t encoding = 0;  ///< as on the wire; a CertificateEncoding where it is known
  ByteString data;
  bool operator==(const CertificatePayload&) const = default;
};

enum class RevocationChecking : std::uint8_t { none, loose, strict };

/// How this side may prove itself: HowToAuthMe of the policy.
enum class SignatureChoice : std::uint8_t {
  rsa_signature,  // method 1
  ecdsa_256,      // method 9
  ecdsa_384,      // method 10
  ecdsa_521,      // method 11
  any,            // DigitalSignature: method 14 when the peer announced hashes (RFC 7427 §4), else what the key fits
};

/// The CAs that the policy lets the peer's chain end in, as a CERTREQ names them: by the SHA-1 of the
/// SubjectPublicKeyInfo (RFC 7296 §3.7), in IKEv1 by the subject (RFC 2408 §3.10).
struct ListAuthorities {
  std::vector<std::string> ca_labels;  ///< of the policy's CaLabel; none: all that the client may see
};
struct Authorities {
  std::vector<ByteString> key_hashes;     ///< 20 octets each
  std::vector<ByteString> subjects = {};  ///< their distinguished names in DER, in the same order
};

struct Sign {
  Identity identity;  ///< the local identity that the certificate must carry
  SignatureChoice choice{};
  std::vector<crypto::HashId> peer_hashes;          ///< of SIGNATURE_HASH_ALGORITHMS; none: method 14 cannot be used
  std::vector<ByteString> requested_authorities;    ///< of the peer's CERTREQs; none: no wish
  bool may_send_urls = false;                       ///< hash-and-URL encodings may be returned
  ByteString signed_octets;                         ///< RFC 7296 §2.15
  IkeVersion version = IkeVersion::v2;              ///< IKEv1 signs HASH_I or HASH_R as they are (RFC 2409 §5.1)
  std::vector<ByteString> requested_subjects = {};  ///< of IKEv1's CERTREQs: names in DER; none: no wish
};
struct Signature {
  AuthMethod method{};
  ByteString auth_data;
  std::vector<CertificatePayload> certificates;  ///< the signing certificate first
};

struct Verify {
  Identity identity;  ///< the peer's IDi or IDr: must appear in the certificate
  AuthMethod method{};
  ByteString auth_data;
  ByteString signed_octets;
  std::vector<CertificatePayload> certificates;  ///< as received, in order
  std::vector<std::string> ca_labels;            ///< trust anchors that the policy allows; none: all
  RevocationChecking revocation = RevocationChecking::loose;
  IkeVersion version = IkeVersion::v2;  ///< IKEv1 signs HASH_I or HASH_R as they are (RFC 2409 §5.1)
};
struct Verified {
  std::string subject;  ///< of the peer's certificate, for reports
};

/// Why nssd did not do it. `offered` and `acceptable` say which value differed, where one did.
struct ServiceRefusal {
  enum class Kind : std::uint8_t {
    unavailable,
    not_permitted,
    no_certificate,
    bad_chain,
    bad_signature,
    malformed
  } kind{};
  std::string reason;
  std::string offered, acceptable;
};

}  // namespace adit::contract
