#include "crypto/key_exchange_ecp.h"

#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <algorithm>
#include <array>

#include "base/narrow.h"

namespace adit::crypto {

namespace {

using Point = std::unique_ptr<EC_POINT, FreedBy<&EC_POINT_clear_free>>;
constexpr std::uint8_t uncompressed = 0x04;  // SEC 1 §2.3.3: x and y follow

struct Row {
  GroupId id;
  int name;
};
constexpr std::array rows = {Row{GroupId::ecp_256, NID_X9_62_prime256v1}, Row{GroupId::ecp_384, NID_secp384r1},
                             Row{GroupId::ecp_521, NID_secp521r1}};

EcpCurve build(const Row& row) {
  EcpCurve curve;
  curve.group.reset(EC_GROUP_new_by_curve_name(row.name));
  must(curve.group != nullptr);
  curve.coordinate = narrow<std::size_t>((EC_GROUP_get_degree(curve.group.get()) + 7) / 8);
  return curve;
}

}  // namespace

const EcpCurve* EcpCurve::find(GroupId id) {
  // All three at once: to build them takes a fraction of what one exchange does.
  static const std::array curves = {build(rows[0]), build(rows[1]), build(rows[2])};
  static_assert(curves.size() == rows.size());
  const auto row = std::ranges::find(rows, id, &Row::id);
  return row == rows.end() ? nullptr : &curves[static_cast<std::size_t>(row - rows.begin())];
}

EcpKeyExchange::EcpKeyExchange(GroupId id, const EcpCurve& curve, BigNumber private_key)
    : id_{id}, curve_{curve}, private_key_{std::move(private_key)}, public_value_(2 * curve.coordinate) {
  BN_set_flags(private_key_.get(), BN_FLG_CONSTTIME);
  const EC_GROUP* group = curve_.group.get();
  const BigNumberScratch scratch{BN_CTX_secure_new()};
  const Point point{EC_POINT_new(group)};
  must(EC_POINT_mul(group, point.get(), private_key_.get(), nullptr, nullptr, scratch.get()) == 1);
  ByteString encoded(1 + public_value_.size());
  must(EC_POINT_point2oct(group, point.get(), POINT_CONVERSION_UNCOMPRESSED, encoded.data(), encoded.size(),
                          scratch.get()) == encoded.size());
  // RFC 5903 §7: x | y, without the octet that says so.
  std::copy(encoded.begin() + 1, encoded.end(), public_value_.begin());
}

BigNumber EcpKeyExchange::draw_private_key(const EcpCurve& curve, Random& random) {
  // 64 bits more than needed, reduced, so that no value is noticeably more likely (FIPS 186-4 §B.4.1).
  const BIGNUM* order = EC_GROUP_get0_order(curve.group.get());
  Secret drawn{narrow<std::size_t>(BN_num_bytes(order)) + 8};
  random.fill(drawn.reveal_to_fill());
  const BigNumberScratch scratch{BN_CTX_secure_new()};
  BigNumber key{BN_secure_new()};
  must(BN_bin2bn(drawn.reveal().data(), narrow<int>(drawn.size()), key.get()) != nullptr);
  BN_set_flags(key.get(), BN_FLG_CONSTTIME);
  const BigNumber choices{BN_dup(order)};
  must(BN_sub_word(choices.get(), 1) == 1);
  must(BN_mod(key.get(), key.get(), choices.get(), scratch.get()) == 1 && BN_add_word(key.get(), 1) == 1);
  return key;
}

bool EcpKeyExchange::is_private_key(const EcpCurve& curve, const BIGNUM* number) {
  return BN_is_zero(number) == 0 && BN_cmp(number, EC_GROUP_get0_order(curve.group.get())) < 0;
}

std::expected<Secret, KeyExchangeError> EcpKeyExchange::derive(Bytes peer_public_value) const {
  if (peer_public_value.size() != public_value_.size()) return std::unexpected{KeyExchangeError::wrong_length};
  const EC_GROUP* group = curve_.group.get();
  const BigNumberScratch scratch{BN_CTX_secure_new()};
  ByteString encoded{uncompressed};
  append(encoded, peer_public_value);
  const Point peer{EC_POINT_new(group)};
  // Refuses coordinates that are not below p and points that are not on the curve (RFC 6989 §2.3). The curves have
  // cofactor 1, and infinity has no encoding of this form: there is no more to check.
  if (EC_POINT_oct2point(group, peer.get(), encoded.data(), encoded.size(), scratch.get()) != 1) {
    ERR_clear_error();
    return std::unexpected{KeyExchangeError::bad_value};
  }
  const Point product{EC_POINT_new(group)};
  must(EC_POINT_mul(group, product.get(), nullptr, peer.get(), private_key_.get(), scratch.get()) == 1);
  const BigNumber x{BN_secure_new()};
  must(EC_POINT_get_affine_coordinates(group, product.get(), x.get(), nullptr, scratch.get()) == 1);
  Secret shared{curve_.coordinate};
  const int size = narrow<int>(shared.size());
  must(BN_bn2binpad(x.get(), shared.reveal_to_fill().data(), size) == size);
  return shared;
}

}  // namespace adit::crypto
