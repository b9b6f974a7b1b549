#include "ike/v2/cookie.h"

#include "base/writer.h"
#include "crypto/prf.h"

namespace adit::ike::v2 {

namespace {

constexpr Seconds secret_life{120};  // a cookie is right for one to two of these
constexpr std::size_t secret_octets = 32;

ByteString cookie_of(std::uint8_t version, SecretView secret, Bytes ni, const IpAddress& peer, IkeSpi spi_i) {
  Writer spi;
  spi.u64(spi_i.value());
  const Secret mac = (*crypto::Prf::find(PrfId::hmac_sha2_256))(secret, {ni, peer.octets(), spi.written()});
  return concatenated({Bytes{&version, 1}, mac.reveal()});
}

}  // namespace

void CookieJar::rotate(Random& random, Instant now) {
  if (!current_.secret.empty() && now < rotate_at_) return;
  // Unused for a whole life longer: what was made by the old secret has had its time.
  previous_ = !current_.secret.empty() && now < rotate_at_ + secret_life ? std::move(current_) : Generation{};
  current_.secret = Secret{secret_octets};
  random.fill(current_.secret.reveal_to_fill());
  current_.version = static_cast<std::uint8_t>(previous_.version + 1);
  rotate_at_ = now + secret_life;
}

ByteString CookieJar::make(Bytes ni, const IpAddress& peer, IkeSpi spi_i, Random& random, Instant now) {
  rotate(random, now);
  return cookie_of(current_.version, current_.secret, ni, peer, spi_i);
}

bool CookieJar::is_right(Bytes cookie, Bytes ni, const IpAddress& peer, IkeSpi spi_i, Random& random, Instant now) {
  rotate(random, now);
  if (cookie.empty()) return false;
  for (const Generation* generation : {&current_, &previous_}) {
    if (generation->secret.empty() || generation->version != cookie.front()) continue;
    return equal_in_constant_time(cookie, cookie_of(generation->version, generation->secret, ni, peer, spi_i));
  }
  return false;
}

}  // namespace adit::ike::v2
