#pragma once
// Numbers in network order at a place in a packet. The caller has checked that the octets are there.

#include <bit>
#include <cstdint>
#include <cstring>

namespace adit::stack {

inline std::uint16_t load_u16(const std::uint8_t* at) {
  std::uint16_t value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap16(value);
  return value;
}
inline std::uint32_t load_u32(const std::uint8_t* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap32(value);
  return value;
}
inline void store_u16(std::uint8_t* at, std::uint16_t value) {
  if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap16(value);
  std::memcpy(at, &value, sizeof value);
}
inline void store_u32(std::uint8_t* at, std::uint32_t value) {
  if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap32(value);
  std::memcpy(at, &value, sizeof value);
}

}  // namespace adit::stack
