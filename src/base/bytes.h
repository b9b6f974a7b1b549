#pragma once
// Octets: borrowed (Bytes) and owned (ByteString), and their hexadecimal form.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace adit {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;
using ByteString = std::vector<std::uint8_t>;

/// The octets that hexadecimal text means; blanks between digits are passed over. Nothing when a character is no digit
/// or the digits are odd in number.
std::optional<ByteString> parse_hex(std::string_view text);

/// Lower-case hexadecimal, no separators.
std::string to_hex(Bytes octets);

/// The octets of text, as they are.
Bytes as_bytes(std::string_view text);
std::string_view as_text(Bytes octets);

/// True when both hold the same octets. Takes a time that depends on the lengths alone, so a forger learns nothing from
/// it.
bool equal_in_constant_time(Bytes a, Bytes b);

/// Appends octets to a string of them.
void append(ByteString& to, Bytes octets);

/// One string of octets after another.
ByteString concatenated(std::initializer_list<Bytes> parts);

}  // namespace adit
