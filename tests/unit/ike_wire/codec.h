#pragma once
// Tables of a codec: octets and what they mean, or how they are refused.

#include <gtest/gtest.h>

#include <expected>

#include "base/reader.h"
#include "base/writer.h"
#include "hex.h"

namespace adit::ike::wire {

template <class T>
struct CodecCase {
  const char* name;
  const char* octets;
  std::expected<T, ParseError> want;
};

/// What parses builds the octets it came from.
template <class T, std::size_t count>
void check_codec(const CodecCase<T> (&cases)[count]) {
  for (const auto& [name, octets, want] : cases) {
    SCOPED_TRACE(name);
    const auto parsed = T::parse(from_hex(octets));
    ASSERT_EQ(parsed.has_value(), want.has_value()) << (parsed ? "was accepted" : parsed.error().field);
    if (!want) {
      EXPECT_EQ(parsed.error().field, want.error().field);
      EXPECT_EQ(parsed.error().offset, want.error().offset);
      continue;
    }
    EXPECT_EQ(*parsed, *want);
    EXPECT_EQ(to_hex(built(*want)), to_hex(from_hex(octets)));
  }
}

inline std::unexpected<ParseError> refused(std::string_view field, std::size_t offset) {
  return std::unexpected{ParseError{.field = field, .offset = offset}};
}

}  // namespace adit::ike::wire
