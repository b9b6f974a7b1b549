#pragma once
// Diffie-Hellman in the MODP groups (RFC 2409 §6, RFC 3526, RFC 5114).

#include "crypto/key_exchange.h"
#include "crypto/modp_group.h"

namespace adit::crypto {

class ModpKeyExchange : public KeyExchange {
 public:
  /// 1 < private key < p - 1. `group` lives as long as the process.
  ModpKeyExchange(GroupId id, const ModpGroup& group, BigNumber private_key);

  /// An exponent of the group's length: below the order of its subgroup where it has one.
  static BigNumber draw_private_key(const ModpGroup& group, Random& random);
  static bool is_private_key(const ModpGroup& group, const BIGNUM* number);

  GroupId group() const override { return id_; }
  Bytes public_value() const override { return public_value_; }
  std::expected<Secret, KeyExchangeError> derive(Bytes peer_public_value) const override;

 private:
  GroupId id_;
  const ModpGroup& group_;
  BigNumber private_key_;
  ByteString public_value_;
};

}  // namespace adit::crypto
