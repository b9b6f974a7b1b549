#include "crypto/key_exchange_montgomery.h"

#include <openssl/err.h>

#include <algorithm>

namespace adit::crypto {

namespace {

const char* name_of(GroupId group) { return group == GroupId::curve25519 ? "X25519" : "X448"; }

}  // namespace

bool MontgomeryKeyExchange::supports(GroupId group) {
  return group == GroupId::curve25519 || group == GroupId::curve448;
}

MontgomeryKeyExchange::MontgomeryKeyExchange(GroupId group, SecretView private_key)
    : group_{group},
      private_key_{EVP_PKEY_new_raw_private_key_ex(nullptr, name_of(group), nullptr, private_key.reveal().data(),
                                                   private_key.size())},
      public_value_(private_key.size()) {
  must(private_key_ != nullptr);
  std::size_t size = public_value_.size();
  must(EVP_PKEY_get_raw_public_key(private_key_.get(), public_value_.data(), &size) == 1);
}

std::expected<Secret, KeyExchangeError> MontgomeryKeyExchange::derive(Bytes peer_public_value) const {
  if (peer_public_value.size() != public_value_.size()) return std::unexpected{KeyExchangeError::wrong_length};
  const OwnedKey peer{EVP_PKEY_new_raw_public_key_ex(nullptr, name_of(group_), nullptr, peer_public_value.data(),
                                                     peer_public_value.size())};
  const KeyOperation operation{EVP_PKEY_CTX_new_from_pkey(nullptr, private_key_.get(), nullptr)};
  must(peer != nullptr && operation != nullptr && EVP_PKEY_derive_init(operation.get()) == 1 &&
       EVP_PKEY_derive_set_peer(operation.get(), peer.get()) == 1);
  Secret shared{public_value_.size()};
  std::size_t size = shared.size();
  // OpenSSL fails when all octets come out zero; RFC 8031 §2 asks for it, so it is not left to OpenSSL alone.
  const bool succeeded = EVP_PKEY_derive(operation.get(), shared.reveal_to_fill().data(), &size) == 1;
  if (!succeeded) ERR_clear_error();
  if (!succeeded || shared == Secret{shared.size()}) return std::unexpected{KeyExchangeError::bad_value};
  return shared;
}

}  // namespace adit::crypto
