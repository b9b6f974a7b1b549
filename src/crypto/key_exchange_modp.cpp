#include "crypto/key_exchange_modp.h"

#include "base/narrow.h"

namespace adit::crypto {

namespace {

/// base^exponent mod p into octets padded to the length of p (RFC 7296 §2.14, §3.4), in a time that does not depend on
/// the exponent's bits.
void power(const ModpGroup& group, const BIGNUM* base, const BIGNUM* exponent, MutableBytes out) {
  const BigNumberScratch scratch{BN_CTX_secure_new()};
  const BigNumber result{BN_secure_new()};
  must(BN_mod_exp_mont_consttime(result.get(), base, exponent, group.p.get(), scratch.get(), group.montgomery.get()) ==
       1);
  must(BN_bn2binpad(result.get(), out.data(), narrow<int>(out.size())) == narrow<int>(out.size()));
}

bool is_in_range(const ModpGroup& group, const BIGNUM* value) {
  return BN_is_negative(value) == 0 && BN_cmp(value, BN_value_one()) > 0 &&
         BN_cmp(value, group.largest_value.get()) <= 0;
}

/// RFC 6989 §2.1, and §2.2 for the groups with small subgroups. All public: the time may tell.
bool is_valid_public_value(const ModpGroup& group, const BIGNUM* value) {
  if (!is_in_range(group, value)) return false;
  if (group.order == nullptr) return true;
  const BigNumberScratch scratch{BN_CTX_new()};
  const BigNumber power{BN_new()};
  must(BN_mod_exp_mont(power.get(), value, group.order.get(), group.p.get(), scratch.get(), group.montgomery.get()) ==
       1);
  return BN_is_one(power.get()) == 1;
}

}  // namespace

ModpKeyExchange::ModpKeyExchange(GroupId id, const ModpGroup& group, BigNumber private_key)
    : id_{id}, group_{group}, private_key_{std::move(private_key)}, public_value_(group.size) {
  BN_set_flags(private_key_.get(), BN_FLG_CONSTTIME);
  power(group_, group_.generator.get(), private_key_.get(), public_value_);
}

BigNumber ModpKeyExchange::draw_private_key(const ModpGroup& group, Random& random) {
  // Below an order: 64 bits more than needed, reduced, so that no value is noticeably more likely (FIPS 186-4 §B.1.1).
  constexpr std::size_t surplus = 8;
  Secret drawn{(group.exponent_bits + 7) / 8 + (group.order != nullptr ? surplus : 0)};
  random.fill(drawn.reveal_to_fill());
  BigNumber key{BN_secure_new()};
  must(BN_bin2bn(drawn.reveal().data(), narrow<int>(drawn.size()), key.get()) != nullptr);
  if (group.order == nullptr) {
    // The top bit is set: every exponent has the full length, whatever was drawn.
    const int top = narrow<int>(group.exponent_bits) - 1;
    if (BN_num_bits(key.get()) > top + 1) must(BN_mask_bits(key.get(), top + 1) == 1);
    must(BN_set_bit(key.get(), top) == 1);
    return key;
  }
  // 2 to order - 1.
  const BigNumberScratch scratch{BN_CTX_secure_new()};
  const BigNumber choices{BN_dup(group.order.get())};
  must(BN_sub_word(choices.get(), 2) == 1);
  BN_set_flags(key.get(), BN_FLG_CONSTTIME);
  must(BN_mod(key.get(), key.get(), choices.get(), scratch.get()) == 1 && BN_add_word(key.get(), 2) == 1);
  return key;
}

bool ModpKeyExchange::is_private_key(const ModpGroup& group, const BIGNUM* number) {
  return is_in_range(group, number);
}

std::expected<Secret, KeyExchangeError> ModpKeyExchange::derive(Bytes peer_public_value) const {
  if (peer_public_value.size() != group_.size) return std::unexpected{KeyExchangeError::wrong_length};
  const BigNumber peer{BN_bin2bn(peer_public_value.data(), narrow<int>(peer_public_value.size()), nullptr)};
  must(peer != nullptr);
  if (!is_valid_public_value(group_, peer.get())) return std::unexpected{KeyExchangeError::bad_value};
  Secret shared{group_.size};
  power(group_, peer.get(), private_key_.get(), shared.reveal_to_fill());
  return shared;
}

}  // namespace adit::crypto
