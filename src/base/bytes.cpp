#include "base/bytes.h"

namespace adit {
namespace {

int digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<ByteString> parse_hex(std::string_view text) {
  ByteString octets;
  octets.reserve(text.size() / 2);
  int high = -1;
  for (const char character : text) {
    if (character == ' ' || character == '\n' || character == '\t') continue;
    const int value = digit_value(character);
    if (value < 0) return std::nullopt;
    if (high < 0) {
      high = value;
      continue;
    }
    octets.push_back(static_cast<std::uint8_t>(high << 4 | value));
    high = -1;
  }
  if (high >= 0) return std::nullopt;
  return octets;
}

std::string to_hex(Bytes octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(octets.size() * 2);
  for (const std::uint8_t octet : octets) {
    text += digits[octet >> 4];
    text += digits[octet & 15];
  }
  return text;
}

Bytes as_bytes(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

std::string_view as_text(Bytes octets) { return {reinterpret_cast<const char*>(octets.data()), octets.size()}; }

bool equal_in_constant_time(Bytes a, Bytes b) {
  if (a.size() != b.size()) return false;
  // Volatile keeps the compiler from ending the loop at the first difference.
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = difference | (a[i] ^ b[i]);
  return difference == 0;
}

void append(ByteString& to, Bytes octets) { to.insert(to.end(), octets.begin(), octets.end()); }

ByteString concatenated(std::initializer_list<Bytes> parts) {
  ByteString all;
  std::size_t size = 0;
  for (const Bytes part : parts) size += part.size();
  all.reserve(size);
  for (const Bytes part : parts) append(all, part);
  return all;
}

}  // namespace adit
