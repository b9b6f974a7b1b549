#pragma once
// Reads octets that came from outside. A Reader keeps its first failure and from then on yields zeros and
// more() == false: a parser reads straight down and asks once, at the end, by finish().

#include <concepts>
#include <expected>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace adit {

/// Octets that do not parse: which field, and where it stands, in octets from the start of what the Reader was given.
struct ParseError {
  std::string_view field;  ///< of static life: the parsers' own words
  std::size_t offset = 0;
  bool operator==(const ParseError&) const = default;
};

class Reader {
 public:
  explicit Reader(Bytes octets) : octets_{octets} {}

  std::uint8_t u8(std::string_view field) { return static_cast<std::uint8_t>(number(1, field)); }
  std::uint16_t u16(std::string_view field) { return static_cast<std::uint16_t>(number(2, field)); }
  std::uint32_t u32(std::string_view field) { return static_cast<std::uint32_t>(number(4, field)); }
  std::uint64_t u64(std::string_view field) { return number(8, field); }

  /// The next octets, borrowed from what the Reader was given; none after a failure.
  Bytes take(std::size_t count, std::string_view field);
  /// All octets that are left.
  Bytes rest() { return take(remaining(), "rest"); }

  /// An enumerator by its number; fails on a number for which is_known(Enum), found by its namespace, is false.
  template <class Enum>
  Enum known(std::string_view field) {
    const std::size_t at = offset_;
    const auto value = static_cast<Enum>(number(sizeof(Enum), field));
    if (!error_ && !is_known(value)) fail(field, at);
    return error_ ? Enum{} : value;
  }

  /// Fails, naming the field last read, unless the condition holds.
  void require(bool condition, std::string_view field) {
    if (!condition) fail(field, last_);
  }

  bool more() const { return !error_ && offset_ < octets_.size(); }
  bool failed() const { return error_; }
  std::size_t remaining() const { return error_ ? 0 : octets_.size() - offset_; }
  std::size_t offset() const { return offset_; }

  /// What was parsed, or the first failure; octets left over are a failure too.
  template <class T>
  std::expected<T, ParseError> finish(T value) const {
    if (error_) return std::unexpected{first_};
    if (offset_ != octets_.size()) return std::unexpected{ParseError{.field = "octets left over", .offset = offset_}};
    return value;
  }
  ParseError error() const { return first_; }

 private:
  std::uint64_t number(std::size_t size, std::string_view field);
  void fail(std::string_view field, std::size_t at);

  Bytes octets_;
  std::size_t offset_ = 0;
  std::size_t last_ = 0;  // where the field last read stands
  bool error_ = false;
  ParseError first_{};
};

}  // namespace adit
