#pragma once
// Curve25519 and Curve448 (RFC 7748, RFC 8031).

#include "crypto/evp.h"
#include "crypto/key_exchange.h"

namespace adit::crypto {

class MontgomeryKeyExchange : public KeyExchange {
 public:
  static bool supports(GroupId group);
  /// As many octets as a public value has.
  MontgomeryKeyExchange(GroupId group, SecretView private_key);

  GroupId group() const override { return group_; }
  Bytes public_value() const override { return public_value_; }
  std::expected<Secret, KeyExchangeError> derive(Bytes peer_public_value) const override;

 private:
  GroupId group_;
  OwnedKey private_key_;
  ByteString public_value_;
};

}  // namespace adit::crypto
