// Manual tunnels: checked in full, so that a file is known to be sound; this release refuses their use.

#include <fmt/format.h>

#include "policy/resolver.h"

namespace adit::policy {
namespace {

// Octets of key that a manual SA takes.
std::size_t key_octets(const EncryptionChoice& cipher) { return cipher.key_bits / 8; }
std::size_t key_octets(IntegrityId id) {
  const IntegrityFacts* facts = find(id);
  return facts == nullptr ? 0 : facts->key;
}

}  // namespace

void Resolver::check_manual(const Statement& statement) {
  const auto& cipher = value_as<EncryptionChoice>(statement, Attribute::how_to_encrypt);
  target(statement, Attribute::time_condition);
  const auto& mac = value_as<AuthenticationChoice>(statement, Attribute::how_to_auth);
  check_fips(statement, cipher.id, mac.id);
  const auto refuse = [&](Attribute at, std::string problem, std::string expected) {
    findings_.error(name_of(statement, at),
                    {.problem = std::move(problem), .found = {}, .expected = std::move(expected), .nearest = {}});
  };
  if (mac.id == IntegrityId::none || mac.id == IntegrityId::aes_128_gmac || mac.id == IntegrityId::aes_192_gmac ||
      mac.id == IntegrityId::aes_256_gmac) {
    refuse(Attribute::how_to_auth, "no integrity for keys that do not change", "HMAC_… or AES128_XCBC_96");
    return;
  }
  if (!statement.is_sound(Attribute::how_to_encrypt) || !statement.is_sound(Attribute::how_to_auth)) return;
  const auto check_key = [&](Attribute id, std::size_t octets) {
    const auto* key = std::get_if<Secret>(&statement.value_of(id));
    if (key == nullptr && statement.find(id) == nullptr && octets != 0) {
      refuse(id, "IpManVpnAction without a key", fmt::format("{} octets of key for each direction", octets));
    } else if (key != nullptr && key->size() != octets) {
      refuse(id, fmt::format("key of {} octets", key->size()), fmt::format("{} octets", octets));
    }
  };
  check_key(Attribute::encrypt_inbound_key, key_octets(cipher));
  check_key(Attribute::encrypt_outbound_key, key_octets(cipher));
  check_key(Attribute::auth_inbound_key, key_octets(mac.id));
  check_key(Attribute::auth_outbound_key, key_octets(mac.id));
  const auto check_spi = [&](Attribute encrypt, Attribute auth) {
    const auto* one = std::get_if<Span>(&statement.value_of(encrypt));
    const auto* other = std::get_if<Span>(&statement.value_of(auth));
    const bool is_sound = statement.is_sound(encrypt) && statement.is_sound(auth);
    if (is_sound && one == nullptr && other == nullptr) {
      refuse(auth, "IpManVpnAction without an SPI", "an SPI for each direction");
    }
    // ESP is one SA: encryption and integrity share its SPI.
    if (!mac.ah && one != nullptr && other != nullptr && one->first != other->first) {
      refuse(auth, "two SPIs for one ESP SA", fmt::format("{}", one->first));
    }
  };
  check_spi(Attribute::encrypt_inbound_spi, Attribute::auth_inbound_spi);
  check_spi(Attribute::encrypt_outbound_spi, Attribute::auth_outbound_spi);
  const auto local = addresses(statement.find(Attribute::local_endpoint), statement, Attribute::local_endpoint);
  const auto remote = addresses(statement.find(Attribute::remote_endpoint), statement, Attribute::remote_endpoint);
  const auto is_unspecified = [](const std::vector<IpRange>& ranges) {
    return ranges.size() == 1 && ranges.front().is_single() && ranges.front().first.is_any();
  };
  if (is_unspecified(local)) refuse(Attribute::local_endpoint, "unspecified address", "an address of this host");
  if (is_unspecified(remote)) refuse(Attribute::remote_endpoint, "unspecified address", "an address of the peer");
  if (local.size() == 1 && remote.size() == 1 && local.front().family() != remote.front().family()) {
    refuse(Attribute::remote_endpoint, "endpoints of two families", "both IPv4, or both IPv6");
  }
}

}  // namespace adit::policy
