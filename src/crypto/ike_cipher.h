#pragma once
// Protection of the SK payload, one direction (RFC 7296 §3.14, RFC 5282 for combined modes).

#include <memory>
#include <optional>

#include "base/algorithms.h"
#include "base/secret.h"

namespace adit::crypto {

struct IkeCipherAlgorithms {
  EncryptionId encryption{};
  unsigned key_bits = 0;
  IntegrityId integrity = IntegrityId::none;  ///< none exactly when the encryption is a combined mode
  auto operator<=>(const IkeCipherAlgorithms&) const = default;
};

/// Octets of SK_e (with the salt) and of SK_a that the algorithms take; nothing for a pair that is not built in.
struct IkeKeySizes {
  std::size_t encryption = 0, integrity = 0;
};
std::optional<IkeKeySizes> ike_key_sizes(const IkeCipherAlgorithms& algorithms);

class IkeCipher {
 public:
  /// Nothing for algorithms that are not built in or keys of the wrong size.
  static std::unique_ptr<IkeCipher> make(const IkeCipherAlgorithms& algorithms, SecretView sk_e, SecretView sk_a);

  IkeCipher() = default;
  IkeCipher(const IkeCipher&) = delete;
  IkeCipher& operator=(const IkeCipher&) = delete;
  virtual ~IkeCipher() = default;

  virtual std::size_t iv_size() const = 0;
  virtual std::size_t icv_size() const = 0;
  /// Octets of the encrypted part (padding and pad length octet counted in) for this much plaintext.
  virtual std::size_t padded_size(std::size_t plaintext) const = 0;

  /// Appends IV, ciphertext with padding and pad length, and ICV to `message`, whose octets so far (IKE header to SK's
  /// or SKF's own header, lengths already right) are authenticated. `iv` has iv_size() octets; for a combined mode it
  /// must never repeat under this key, for CBC it must be unpredictable.
  virtual void seal(ByteString& message, Bytes plaintext, Bytes iv) const = 0;

  /// The plaintext without padding, of a whole message whose SK or SKF body begins at `body` (the IV's first octet).
  /// Nothing when the ICV does not fit (compared in constant time) or the lengths are impossible.
  virtual std::optional<ByteString> open(Bytes message, std::size_t body) const = 0;
};

}  // namespace adit::crypto
