#include "policy/weak_des_key.h"

#include <algorithm>
#include <array>

namespace adit::policy {
namespace {

constexpr std::size_t single = 8;
using Key = std::array<std::uint8_t, single>;

constexpr Key alternating(std::uint8_t first, std::uint8_t second, std::uint8_t fifth, std::uint8_t sixth) {
  return {first, second, first, second, fifth, sixth, fifth, sixth};
}

// With the parity bits zero.
constexpr std::array<Key, 16> weak_keys = {
    alternating(0x00, 0x00, 0x00, 0x00), alternating(0xfe, 0xfe, 0xfe, 0xfe), alternating(0xe0, 0xe0, 0xf0, 0xf0),
    alternating(0x1e, 0x1e, 0x0e, 0x0e), alternating(0x00, 0x1e, 0x00, 0x0e), alternating(0x1e, 0x00, 0x0e, 0x00),
    alternating(0x00, 0xe0, 0x00, 0xf0), alternating(0xe0, 0x00, 0xf0, 0x00), alternating(0x00, 0xfe, 0x00, 0xfe),
    alternating(0xfe, 0x00, 0xfe, 0x00), alternating(0x1e, 0xe0, 0x0e, 0xf0), alternating(0xe0, 0x1e, 0xf0, 0x0e),
    alternating(0x1e, 0xfe, 0x0e, 0xfe), alternating(0xfe, 0x1e, 0xfe, 0x0e), alternating(0xe0, 0xfe, 0xf0, 0xfe),
    alternating(0xfe, 0xe0, 0xfe, 0xf0)};

Secret without_parity(SecretView key) {
  Secret plain{key.reveal()};
  for (std::uint8_t& octet : plain.reveal_to_fill()) octet &= 0xfe;
  return plain;
}

}  // namespace

bool is_weak_des_key(SecretView key) {
  const Secret plain = without_parity(key);
  return std::ranges::any_of(weak_keys, [&](const Key& weak) { return SecretView{plain} == SecretView{Bytes{weak}}; });
}

bool is_weak_triple_des_key(SecretView key) {
  const Secret plain = without_parity(key);
  const SecretView all{plain};
  const SecretView first = all.part(0, single), second = all.part(single, single), third = all.part(2 * single, single);
  return first == second || second == third || is_weak_des_key(first) || is_weak_des_key(second) ||
         is_weak_des_key(third);
}

}  // namespace adit::policy
