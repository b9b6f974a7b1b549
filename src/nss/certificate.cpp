#include "nss/certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>

#include <fmt/format.h>

#include "nss/certificate_names.h"
#include "nss/openssl_pointer.h"

namespace adit::nss {
namespace {

constexpr std::size_t sha1_size = 20;

std::string serial_of(const X509* x509) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(x509);
  if (serial == nullptr || ASN1_STRING_length(serial) <= 0) return "0";
  constexpr std::size_t longest = 20;  // octets, RFC 5280 §4.1.2.2
  const Bytes octets{ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial))};
  return to_hex(octets.first(std::min(octets.size(), longest)));
}

ByteString key_hash_of(X509* x509) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
  if (size <= 0) return {};
  ByteString hash(sha1_size);
  // SHA-1 names the key here, it does not protect it (RFC 7296 §3.7).
  EVP_Digest(der, static_cast<std::size_t>(size), hash.data(), nullptr, EVP_sha1(), nullptr);
  OPENSSL_free(der);
  return hash;
}

ByteString der_of(const X509_NAME* name) {
  const unsigned char* der = nullptr;
  std::size_t size = 0;
  if (X509_NAME_get0_der(name, &der, &size) != 1) return {};
  return {der, der + size};
}

bool has_basic_constraints(const X509* x509) { return X509_get_ext_by_NID(x509, NID_basic_constraints, -1) >= 0; }

}  // namespace

std::expected<Certificate, std::string> Certificate::parse_der(Bytes der) {
  if (der.size() > largest)
    return std::unexpected{fmt::format("a certificate of {} octets; {} are the most", der.size(), largest)};
  const unsigned char* at = der.data();
  std::shared_ptr<X509> x509{d2i_X509(nullptr, &at, static_cast<long>(der.size())), X509_free};
  if (!x509) {
    ERR_clear_error();
    return std::unexpected{"not an X.509 certificate in DER"};
  }
  if (at != der.data() + der.size())
    return std::unexpected{fmt::format("{} octets after the certificate", der.data() + der.size() - at)};

  // Has OpenSSL read the extensions now, so that every thread finds them read.
  const std::uint32_t flags = (X509_check_purpose(x509.get(), -1, 0), X509_get_extension_flags(x509.get()));
  if ((flags & EXFLAG_INVALID) != 0) {
    ERR_clear_error();
    return std::unexpected{fmt::format("malformed extensions, subject {}", text_of(X509_get_subject_name(x509.get())))};
  }

  auto facts = std::make_shared<Facts>();
  facts->subject = text_of(X509_get_subject_name(x509.get()));
  facts->issuer = text_of(X509_get_issuer_name(x509.get()));
  facts->serial = serial_of(x509.get());
  facts->not_before = wall_time_of(X509_get0_notBefore(x509.get()));
  facts->not_after = wall_time_of(X509_get0_notAfter(x509.get()));
  facts->public_key = crypto::Key{X509_get_pubkey(x509.get()), EVP_PKEY_free};
  if (facts->public_key) facts->key_kind = crypto::kind_of(facts->public_key);
  facts->der.assign(der.begin(), der.end());
  facts->subject_der = der_of(X509_get_subject_name(x509.get()));
  facts->issuer_der = der_of(X509_get_issuer_name(x509.get()));
  facts->key_hash = key_hash_of(x509.get());
  facts->is_self_signed = (flags & EXFLAG_SS) != 0;
  facts->is_authority = has_basic_constraints(x509.get()) ? (flags & EXFLAG_CA) != 0 : facts->is_self_signed;
  ERR_clear_error();  // a key that cannot be read leaves its error behind
  return Certificate{std::move(x509), std::move(facts)};
}

bool Certificate::is_issued_by(const Certificate& issuer) const {
  if (!issuer.public_key() || X509_check_issued(issuer.native(), native()) != X509_V_OK) return false;
  const bool is_signed = X509_verify(native(), issuer.public_key().get()) == 1;
  ERR_clear_error();
  return is_signed;
}

std::expected<void, std::string> Certificate::is_current(WallTime now) const {
  if (now < not_before()) return std::unexpected{"not valid before " + text_of(not_before())};
  if (now > not_after()) return std::unexpected{"expired " + text_of(not_after())};
  return {};
}

std::expected<void, std::string> Certificate::may_sign_for_ike() const {
  // UINT32_MAX without the extension: every usage (RFC 4945 §5.1.3.2).
  if ((X509_get_key_usage(native()) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
    return std::unexpected{"its KeyUsage has neither digitalSignature nor nonRepudiation"};
  const ExtendedKeyUsagePointer usages{
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(native(), NID_ext_key_usage, nullptr, nullptr))};
  if (!usages) return {};
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    const int usage = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages.get(), i));
    if (usage == NID_anyExtendedKeyUsage || usage == NID_ipsec_IKE) return {};
  }
  return std::unexpected{"its ExtendedKeyUsage has neither ipsecIKE nor anyExtendedKeyUsage"};
}

bool Certificate::operator==(const Certificate& other) const { return facts_->der == other.facts_->der; }

}  // namespace adit::nss
