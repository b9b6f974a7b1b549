#include "stack/transport_checksum.h"

#include "stack/network_order.h"

namespace adit::stack {
namespace {

std::uint16_t folded(std::uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

}  // namespace

std::uint16_t ones_complement_add(std::uint16_t a, std::uint16_t b) { return folded(std::uint64_t{a} + b); }

// The sum does not depend on the byte order in which it is taken (RFC 1071 §2): words of 32 bits in the machine's
// order, added up in 64 bits, cannot overflow and need no carry until the end. Four sums let the processor add in
// parallel.
std::uint16_t ones_complement_sum(Bytes octets) {
  const std::uint8_t* at = octets.data();
  std::size_t left = octets.size();
  std::uint64_t sums[4] = {};
  for (; left >= 16; at += 16, left -= 16) {
    std::uint32_t words[4];
    std::memcpy(words, at, sizeof words);
    for (unsigned i = 0; i < 4; ++i) sums[i] += words[i];
  }
  if (left > 0) {
    std::uint32_t words[4] = {};
    std::memcpy(words, at, left);  // zeros stand behind the last octet, as the RFC has it
    for (unsigned i = 0; i < 4; ++i) sums[i] += words[i];
  }
  const std::uint16_t native = folded(sums[0] + sums[1] + sums[2] + sums[3]);
  if constexpr (std::endian::native == std::endian::little) return __builtin_bswap16(native);
  return native;
}

std::uint16_t pseudo_header_sum(const std::uint8_t* ip, std::uint8_t protocol, std::size_t transport_size) {
  const bool is_v4 = ip[0] >> 4 == 4;
  const Bytes addresses = is_v4 ? Bytes{ip + 12, 8} : Bytes{ip + 8, 32};
  return folded(std::uint64_t{ones_complement_sum(addresses)} + protocol + (transport_size >> 16) +
                (transport_size & 0xffff));
}

std::uint16_t transport_sum(const std::uint8_t* ip, std::uint8_t protocol, Bytes transport) {
  return ones_complement_add(pseudo_header_sum(ip, protocol, transport.size()), ones_complement_sum(transport));
}

}  // namespace adit::stack
