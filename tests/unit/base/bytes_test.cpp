#include "base/bytes.h"

#include <gtest/gtest.h>

#include "base/narrow.h"
#include "base/secret.h"
#include "base/writer.h"

namespace adit {
namespace {

TEST(Hex, IsReadWithBlanksAndInEitherCase) {
  const struct {
    const char* text;
    std::optional<ByteString> want;
  } cases[] = {
      {"", ByteString{}},
      {"00fF", ByteString{0x00, 0xff}},
      {" 0 a\n\tB1 ", ByteString{0x0a, 0xb1}},
      {"0", std::nullopt},
      {"0g", std::nullopt},
      {"0x01", std::nullopt},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(parse_hex(text), want) << text;
  EXPECT_EQ(to_hex(ByteString{0x00, 0x9a, 0xff}), "009aff");
}

TEST(Bytes, AreEqualOnlyWhenEveryOctetIs) {
  const ByteString one = {1, 2, 3};
  EXPECT_TRUE(equal_in_constant_time(one, ByteString{1, 2, 3}));
  EXPECT_FALSE(equal_in_constant_time(one, ByteString{1, 2, 4}));
  EXPECT_FALSE(equal_in_constant_time(one, ByteString{0, 2, 3}));
  EXPECT_FALSE(equal_in_constant_time(one, ByteString{1, 2}));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
}

TEST(Bytes, AreJoinedInOrder) {
  EXPECT_EQ(concatenated({as_bytes("ab"), {}, as_bytes("c")}), (ByteString{'a', 'b', 'c'}));
  EXPECT_EQ(as_text(as_bytes("ab")), "ab");
}

TEST(Writer, BuildsInNetworkOrderAndFillsInLengths) {
  Writer out;
  out.u8(1);
  out.u16(0);
  out.u32(0x01020304);
  out.u64(0x1122334455667788);
  out.zeros(2);
  out.bytes(as_bytes("a"));
  out.set_u16(1, 0xbeef);
  out.set_u32(3, 0xcafef00d);
  out.set_u8(0, 9);
  EXPECT_EQ(to_hex(std::move(out).take()), "09beefcafef00d1122334455667788000061");
}

TEST(Secret, MovesWithoutLeavingACopy) {
  Secret one{as_bytes("key")};
  const Secret two = std::move(one);
  EXPECT_TRUE(one.empty());  // NOLINT(bugprone-use-after-move): that it is empty is what is tested
  EXPECT_EQ(as_text(two.reveal()), "key");
}

TEST(Secret, CopiesAreOfTheirOwn) {
  const Secret one{as_bytes("key")};
  Secret two{std::size_t{5}};
  two = one;
  two.reveal_to_fill()[0] = 'K';
  EXPECT_EQ(as_text(one.reveal()), "key");
  EXPECT_EQ(as_text(two.reveal()), "Key");
  EXPECT_FALSE(SecretView{one} == SecretView{two});
  EXPECT_TRUE(SecretView{one}.part(1, 2) == SecretView{two}.part(1, 2));
}

TEST(Narrow, KeepsWhatFits) {
  EXPECT_EQ(narrow<std::uint8_t>(255), 255);
  EXPECT_EQ(narrow<std::uint16_t>(std::size_t{65535}), 65535);
}

}  // namespace
}  // namespace adit
