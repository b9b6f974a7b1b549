#include "crypto/key_exchange.h"

#include "base/narrow.h"
#include "crypto/key_exchange_ecp.h"
#include "crypto/key_exchange_modp.h"
#include "crypto/key_exchange_montgomery.h"

namespace adit::crypto {

namespace {

using Made = std::expected<std::unique_ptr<KeyExchange>, KeyExchangeError>;

template <class Exchange, class Group>
Made from_number(GroupId id, const Group& group, SecretView key) {
  constexpr std::size_t largest = 1024;  // octets of the largest group, MODP 8192
  if (key.size() > largest) return std::unexpected{KeyExchangeError::wrong_length};
  BigNumber number{BN_secure_new()};
  must(BN_bin2bn(key.reveal().data(), narrow<int>(key.size()), number.get()) != nullptr);
  if (!Exchange::is_private_key(group, number.get())) return std::unexpected{KeyExchangeError::bad_value};
  return std::make_unique<Exchange>(id, group, std::move(number));
}

}  // namespace

Made KeyExchange::generate(GroupId group, Random& random) {
  if (MontgomeryKeyExchange::supports(group)) {
    Secret key{find(group)->public_value};
    random.fill(key.reveal_to_fill());
    return std::make_unique<MontgomeryKeyExchange>(group, key);
  }
  if (const EcpCurve* curve = EcpCurve::find(group))
    return std::make_unique<EcpKeyExchange>(group, *curve, EcpKeyExchange::draw_private_key(*curve, random));
  if (const ModpGroup* modp = ModpGroup::find(group))
    return std::make_unique<ModpKeyExchange>(group, *modp, ModpKeyExchange::draw_private_key(*modp, random));
  return std::unexpected{KeyExchangeError::unsupported};
}

Made KeyExchange::from_private(GroupId group, SecretView key) {
  if (MontgomeryKeyExchange::supports(group)) {
    if (key.size() != find(group)->public_value) return std::unexpected{KeyExchangeError::wrong_length};
    return std::make_unique<MontgomeryKeyExchange>(group, key);
  }
  if (const EcpCurve* curve = EcpCurve::find(group)) return from_number<EcpKeyExchange>(group, *curve, key);
  if (const ModpGroup* modp = ModpGroup::find(group)) return from_number<ModpKeyExchange>(group, *modp, key);
  return std::unexpected{KeyExchangeError::unsupported};
}

bool KeyExchange::supports(GroupId group) { return group != GroupId::none && find(group) != nullptr; }

}  // namespace adit::crypto
