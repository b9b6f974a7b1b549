#pragma once
// The Diffie-Hellman groups of IKEv2 (RFC 7296 §3.4, RFC 3526, RFC 5114, RFC 5903, RFC 8031).

#include <expected>
#include <memory>

#include "base/algorithms.h"
#include "base/random.h"
#include "base/secret.h"

namespace adit::crypto {

enum class KeyExchangeError : std::uint8_t {
  wrong_length,  ///< the peer's value has not the group's length (RFC 7296 §3.4, RFC 2409 §5)
  bad_value,     ///< fails the checks of RFC 6989 §2, or the shared secret is all zeros (RFC 8031 §2)
  unsupported,   ///< no such group here
};

/// Our half of one exchange: a private key, used once. The private key is drawn from the Random, so that the simulator
/// can repeat a run.
class KeyExchange {
 public:
  static std::expected<std::unique_ptr<KeyExchange>, KeyExchangeError> generate(GroupId group, Random& random);
  /// With a private key given: for published vectors.
  static std::expected<std::unique_ptr<KeyExchange>, KeyExchangeError> from_private(GroupId group, SecretView key);
  static bool supports(GroupId group);

  KeyExchange() = default;
  KeyExchange(const KeyExchange&) = delete;
  KeyExchange& operator=(const KeyExchange&) = delete;
  virtual ~KeyExchange() = default;

  virtual GroupId group() const = 0;
  /// The KE payload's data.
  virtual Bytes public_value() const = 0;
  /// g^ir as RFC 7296 §2.14 wants it: padded to the group's length; the x coordinate for ECP (RFC 5903 §7).
  virtual std::expected<Secret, KeyExchangeError> derive(Bytes peer_public_value) const = 0;
};

}  // namespace adit::crypto
