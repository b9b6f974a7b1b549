#pragma once
// The stateless cookie of IKE_SA_INIT (RFC 7296 §2.6): a peer that returns it receives at the address it claims.

#include <array>

#include "base/ip_address.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/strong_id.h"
#include "base/time.h"

namespace adit::ike::v2 {

class CookieJar {
 public:
  /// <version of the secret> | HMAC-SHA2-256(secret, Ni | IPi | SPIi)
  ByteString make(Bytes ni, const IpAddress& peer, IkeSpi spi_i, Random& random, Instant now);
  /// Made by the secret in use or the one before.
  bool is_right(Bytes cookie, Bytes ni, const IpAddress& peer, IkeSpi spi_i, Random& random, Instant now);

 private:
  struct Generation {
    std::uint8_t version = 0;
    Secret secret;
  };
  void rotate(Random& random, Instant now);

  Generation current_, previous_;
  Instant rotate_at_{};
};

}  // namespace adit::ike::v2
