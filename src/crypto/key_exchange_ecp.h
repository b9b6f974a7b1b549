#pragma once
// Elliptic curve Diffie-Hellman over prime fields: the NIST curves (RFC 5903).

#include "crypto/evp.h"
#include "crypto/key_exchange.h"

namespace adit::crypto {

/// A curve with what is asked of it again and again.
struct EcpCurve {
  std::unique_ptr<EC_GROUP, FreedBy<&EC_GROUP_free>> group;
  std::size_t coordinate = 0;  ///< octets

  /// Built when first asked for, then shared by all threads. Nothing for a group that is not ECP.
  static const EcpCurve* find(GroupId id);
};

class EcpKeyExchange : public KeyExchange {
 public:
  /// 0 < private key < order. `curve` lives as long as the process.
  EcpKeyExchange(GroupId id, const EcpCurve& curve, BigNumber private_key);

  static BigNumber draw_private_key(const EcpCurve& curve, Random& random);
  static bool is_private_key(const EcpCurve& curve, const BIGNUM* number);

  GroupId group() const override { return id_; }
  Bytes public_value() const override { return public_value_; }
  std::expected<Secret, KeyExchangeError> derive(Bytes peer_public_value) const override;

 private:
  GroupId id_;
  const EcpCurve& curve_;
  BigNumber private_key_;
  ByteString public_value_;
};

}  // namespace adit::crypto
