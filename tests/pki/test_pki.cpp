#include "pki/test_pki.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <stdexcept>

namespace adit::test_pki {
namespace {

using crypto::KeyKind;

void require(bool fine, const char* attempted) {
  if (!fine) throw std::runtime_error{std::string{attempted} + " failed"};
}

crypto::Key make_key(KeyKind kind) {
  EVP_PKEY* key = nullptr;
  switch (kind) {
    case KeyKind::rsa:
      key = EVP_RSA_gen(2048);
      break;
    case KeyKind::ecdsa_256:
      key = EVP_EC_gen("P-256");
      break;
    case KeyKind::ecdsa_384:
      key = EVP_EC_gen("P-384");
      break;
    case KeyKind::ecdsa_521:
      key = EVP_EC_gen("P-521");
      break;
    case KeyKind::ed25519:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      break;
    case KeyKind::ed448:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448");
      break;
    case KeyKind::other:
      key = EVP_EC_gen("secp256k1");
      break;
  }
  require(key != nullptr, "key generation");
  return {key, EVP_PKEY_free};
}

const EVP_MD* digest_for(const crypto::Key& key) {
  const bool hashes_itself = EVP_PKEY_is_a(key.get(), "ED25519") == 1 || EVP_PKEY_is_a(key.get(), "ED448") == 1;
  return hashes_itself ? nullptr : EVP_sha256();
}

void set_time(ASN1_TIME* to, WallTime time) {
  require(ASN1_TIME_set(to, time.time_since_epoch().count()) != nullptr, "ASN1_TIME_set");
}

void add_extension(X509* to, const X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, const_cast<X509*>(issuer), to, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension != nullptr, value.c_str());
  X509_add_ext(to, extension, -1);
  X509_EXTENSION_free(extension);
}

void add_extensions(X509* to, const X509* issuer, const Wish& wish) {
  add_extension(to, issuer, NID_basic_constraints, wish.is_authority ? "critical,CA:TRUE" : "CA:FALSE");
  add_extension(to, issuer, NID_subject_key_identifier, "hash");
  if (!wish.key_usage.empty()) add_extension(to, issuer, NID_key_usage, "critical," + wish.key_usage);
  if (!wish.extended_key_usage.empty()) add_extension(to, issuer, NID_ext_key_usage, wish.extended_key_usage);
  std::string names;
  for (const std::string& name : wish.names) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) add_extension(to, issuer, NID_subject_alt_name, names);
}

// Without an issuer the certificate signs itself.
Issued make(const Wish& wish, const Issued* issuer) {
  static std::atomic<long> next_serial{1000};
  const Issued made{.x509 = {X509_new(), X509_free}, .key = make_key(wish.kind)};
  X509* x509 = made.x509.get();
  const X509* signer = issuer == nullptr ? x509 : issuer->x509.get();
  const crypto::Key& signing_key = issuer == nullptr ? made.key : issuer->key;
  X509_set_version(x509, wish.is_version_1 ? X509_VERSION_1 : X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), next_serial++);
  set_time(X509_getm_notBefore(x509), wish.not_before);
  set_time(X509_getm_notAfter(x509), wish.not_after);
  if (!wish.common_name.empty())
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(x509, X509_get_subject_name(signer));
  X509_set_pubkey(x509, made.key.get());
  if (!wish.is_version_1) add_extensions(x509, signer, wish);
  require(X509_sign(x509, signing_key.get(), digest_for(signing_key)) > 0, "X509_sign");
  return made;
}

template <class Write>
std::string written(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out{BIO_new(BIO_s_mem()), BIO_free};
  require(write(out.get()) == 1, "writing PEM");
  char* octets = nullptr;
  const long size = BIO_get_mem_data(out.get(), &octets);
  return {octets, static_cast<std::size_t>(size)};
}

nss::RingFile file_of(nss::RingPlace place, const std::string& folder, const std::string& label,
                      const std::string& text) {
  return {.place = place, .label = label, .name = folder + "/" + label + ".pem", .octets = Secret{as_bytes(text)}};
}

}  // namespace

ByteString Issued::der() const {
  unsigned char* octets = nullptr;
  const int size = i2d_X509(x509.get(), &octets);
  require(size > 0, "i2d_X509");
  ByteString result(octets, octets + size);
  OPENSSL_free(octets);
  return result;
}

std::string Issued::pem() const {
  return written([&](BIO* out) { return PEM_write_bio_X509(out, x509.get()); });
}

std::string Issued::key_pem() const {
  return written(
      [&](BIO* out) { return PEM_write_bio_PKCS8PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
}

nss::Certificate Issued::certificate() const {
  auto parsed = nss::Certificate::parse_der(der());
  if (!parsed) throw std::runtime_error{parsed.error()};
  return *std::move(parsed);
}

Issued Issued::issue(const Wish& wish) const { return make(wish, this); }

std::string Issued::crl(const std::vector<Issued>& revoked, WallTime this_update, WallTime next_update) const {
  const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> list{X509_CRL_new(), X509_CRL_free};
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(x509.get()));
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> time{ASN1_TIME_new(), ASN1_TIME_free};
  for (const Issued& one : revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(one.x509.get()));
    set_time(time.get(), this_update);
    X509_REVOKED_set_revocationDate(entry, time.get());
    X509_CRL_add0_revoked(list.get(), entry);
  }
  set_time(time.get(), this_update);
  X509_CRL_set1_lastUpdate(list.get(), time.get());
  set_time(time.get(), next_update);
  X509_CRL_set1_nextUpdate(list.get(), time.get());
  X509V3_CTX context;  // names the key that signs, as a CRL must (RFC 5280 §5.2.1)
  X509V3_set_ctx(&context, x509.get(), nullptr, nullptr, list.get(), 0);
  X509_EXTENSION* key_name = X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid");
  require(key_name != nullptr, "authorityKeyIdentifier");
  X509_CRL_add_ext(list.get(), key_name, -1);
  X509_EXTENSION_free(key_name);
  require(X509_CRL_sign(list.get(), key.get(), digest_for(key)) > 0, "X509_CRL_sign");
  return written([&](BIO* out) { return PEM_write_bio_X509_CRL(out, list.get()); });
}

Issued self_signed(const Wish& wish) { return make(wish, nullptr); }

Issued authority(const std::string& common_name) {
  return self_signed({.common_name = common_name, .key_usage = "keyCertSign,cRLSign", .is_authority = true});
}

nss::RingFile certificate_file(const std::string& label, const std::string& pem) {
  return file_of(nss::RingPlace::certificate, "certs", label, pem);
}
nss::RingFile key_file(const std::string& label, const std::string& pem) {
  return file_of(nss::RingPlace::private_key, "private", label, pem);
}
nss::RingFile authority_file(const std::string& label, const std::string& pem) {
  return file_of(nss::RingPlace::authority, "ca", label, pem);
}
nss::RingFile crl_file(const std::string& label, const std::string& pem) {
  return file_of(nss::RingPlace::revocation_list, "crls", label, pem);
}

std::shared_ptr<const nss::KeyRing> ring_of(const std::vector<nss::RingFile>& files) {
  auto ring = nss::KeyRing::build(files);
  if (ring) return *std::move(ring);
  std::string problems;
  for (const nss::RingProblem& problem : ring.error()) problems += problem.file + ": " + problem.reason + "\n";
  throw std::runtime_error{problems};
}

}  // namespace adit::test_pki
