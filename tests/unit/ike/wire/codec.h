#pragma once
// The table test of a payload's codec: what parses, builds the octets it came from; what does not, names field and
// offset.

#include <gtest/gtest.h>

#include <expected>
#include <string>

#include "base/reader.h"
#include "base/writer.h"
#include "hex.h"

namespace adit::ike::wire {

template <class T>
struct CodecCase {
  const char* name;
  std::string octets;  ///< hexadecimal
  std::expected<T, ParseError> want;
};

inline std::unexpected<ParseError> fails(std::string_view field, std::size_t offset) {
  return std::unexpected{ParseError{.field = field, .offset = offset}};
}

template <class T, std::size_t n>
void expect_codec(const CodecCase<T> (&cases)[n]) {
  for (const auto& [name, octets, want] : cases) {
    SCOPED_TRACE(name);
    const std::expected<T, ParseError> parsed = T::parse(from_hex(octets));
    if (want) {
      ASSERT_TRUE(parsed) << parsed.error().field << " at " << parsed.error().offset;
      EXPECT_TRUE(*parsed == *want);
      EXPECT_EQ(to_hex(built(*parsed)), to_hex(from_hex(octets)));
    } else if (parsed) {
      ADD_FAILURE() << "parsed, though it is malformed";
    } else {
      EXPECT_EQ(parsed.error().field, want.error().field);
      EXPECT_EQ(parsed.error().offset, want.error().offset);
    }
  }
}

/// Hexadecimal of `count` octets, all the same.
inline std::string octets_of(std::size_t count, std::uint8_t value = 0x5a) { return to_hex(ByteString(count, value)); }

}  // namespace adit::ike::wire
