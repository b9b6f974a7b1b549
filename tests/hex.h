#pragma once
// Octets of a test, written as hexadecimal text.

#include <stdexcept>

#include "base/bytes.h"

namespace adit {

inline ByteString from_hex(std::string_view text) {
  auto octets = parse_hex(text);
  if (!octets) throw std::invalid_argument{"not hexadecimal: " + std::string{text}};
  return *std::move(octets);
}

}  // namespace adit
