#include "base/reader.h"

#include <gtest/gtest.h>

namespace adit {
namespace {

TEST(Reader, KeepsItsFirstFailureAndYieldsZeros) {
  const ByteString octets = {1, 2, 3};
  Reader in{octets};
  EXPECT_EQ(in.u16("first"), 0x0102);
  EXPECT_EQ(in.u16("second"), 0);
  EXPECT_EQ(in.u8("third"), 0);
  EXPECT_FALSE(in.more());
  EXPECT_EQ(in.finish(0).error(), (ParseError{.field = "second", .offset = 2}));
}

TEST(Reader, RefusesOctetsLeftOver) {
  const ByteString octets = {1, 2};
  Reader in{octets};
  in.u8("only");
  EXPECT_EQ(in.finish(0).error(), (ParseError{.field = "octets left over", .offset = 1}));
}

TEST(Reader, NamesTheFieldThatARequirementFails) {
  const ByteString octets = {9};
  Reader in{octets};
  in.require(in.u8("count") < 9, "count");
  EXPECT_EQ(in.finish(0).error(), (ParseError{.field = "count", .offset = 0}));
}

}  // namespace
}  // namespace adit
