#include "base/writer.h"

namespace adit {

void Writer::set_u16(std::size_t at, std::uint16_t value) {
  octets_.at(at) = static_cast<std::uint8_t>(value >> 8);
  octets_.at(at + 1) = static_cast<std::uint8_t>(value);
}

void Writer::set_u32(std::size_t at, std::uint32_t value) {
  set_u16(at, static_cast<std::uint16_t>(value >> 16));
  set_u16(at + 2, static_cast<std::uint16_t>(value));
}

}  // namespace adit
