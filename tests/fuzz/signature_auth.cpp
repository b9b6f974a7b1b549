// AUTH data of method 14 as a peer sends it: length octet, AlgorithmIdentifier, signature. What parses must be what it
// says: a scheme that may be used; and no octets may pass for a signature by a key that never signed.

#include <openssl/evp.h>

#include <cstdlib>

#include "crypto/evp.h"
#include "crypto/signature.h"
#include "crypto/signature_scheme.h"

namespace {

using namespace adit;
using namespace adit::crypto;

void demand(bool holds) {
  if (!holds) std::abort();
}

const Key& some_key() {
  static const Key key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), &EVP_PKEY_free};
  return key;
}

/// True for the schemes that algorithm_identifier() writes: PSS there has one hash and its length of salt.
bool is_written_by_us(const SignatureScheme& scheme) {
  if (scheme.form != SignatureForm::rsa_pss) return true;
  const unsigned size = scheme.hash == HashId::sha2_256 ? 32 : scheme.hash == HashId::sha2_384 ? 48 : 64;
  return scheme.mask_hash == scheme.hash && scheme.salt == size;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes auth_data{data, size};
  demand(!verify_auth(some_key(), AuthMethod::digital_signature, auth_data, as_bytes("signed octets")).has_value());

  const auto parts = DigitalSignature::parse(auth_data);
  if (!parts) return 0;
  demand(parts->algorithm_identifier.size() + parts->signature.size() + 1 == size && !parts->signature.empty());
  const auto scheme = SignatureScheme::parse(parts->algorithm_identifier);
  if (!scheme) return 0;
  demand(scheme->hash != HashId::sha1 && scheme->mask_hash != HashId::sha1 && scheme->salt < 128);
  if (is_written_by_us(*scheme)) demand(SignatureScheme::parse(scheme->algorithm_identifier()) == *scheme);
  return 0;
}
