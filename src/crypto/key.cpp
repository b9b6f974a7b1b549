#include "crypto/signature.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/narrow.h"
#include "crypto/evp.h"

namespace adit::crypto {

namespace {

/// More than any key has: a file named by mistake is not read into OpenSSL.
constexpr std::size_t largest_key_file = 65536;  // octets

/// Without it OpenSSL would ask at the terminal for the passphrase of an encrypted key.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

std::expected<Key, std::string> parse_private_key(Bytes pem_or_der) {
  if (pem_or_der.empty() || pem_or_der.size() > largest_key_file)
    return std::unexpected{"a private key has 1 to 65536 octets"};
  EVP_PKEY* parsed = nullptr;
  if (as_text(pem_or_der).find("-----BEGIN ") != std::string_view::npos) {
    const std::unique_ptr<BIO, FreedBy<&BIO_free>> source{
        BIO_new_mem_buf(pem_or_der.data(), narrow<int>(pem_or_der.size()))};
    parsed = PEM_read_bio_PrivateKey_ex(source.get(), nullptr, &no_passphrase, nullptr, nullptr, nullptr);
  } else {
    const unsigned char* at = pem_or_der.data();
    parsed = d2i_AutoPrivateKey_ex(nullptr, &at, narrow<long>(pem_or_der.size()), nullptr, nullptr);
  }
  if (parsed == nullptr)
    return std::unexpected{"not a private key that can be read without a passphrase: " + take_reason()};
  ERR_clear_error();  // trying one format after another leaves failures behind
  return Key{parsed, &EVP_PKEY_free};
}

KeyKind kind_of(const Key& key) {
  if (key == nullptr) return KeyKind::other;
  if (EVP_PKEY_is_a(key.get(), "RSA") == 1) return KeyKind::rsa;
  if (EVP_PKEY_is_a(key.get(), "ED25519") == 1) return KeyKind::ed25519;
  if (EVP_PKEY_is_a(key.get(), "ED448") == 1) return KeyKind::ed448;
  if (EVP_PKEY_is_a(key.get(), "EC") != 1) return KeyKind::other;
  char name[32];
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key.get(), name, sizeof name, &size) != 1) {
    ERR_clear_error();
    return KeyKind::other;
  }
  const std::string_view curve{name, size};
  if (curve == SN_X9_62_prime256v1) return KeyKind::ecdsa_256;
  if (curve == SN_secp384r1) return KeyKind::ecdsa_384;
  if (curve == SN_secp521r1) return KeyKind::ecdsa_521;
  return KeyKind::other;
}

}  // namespace adit::crypto
