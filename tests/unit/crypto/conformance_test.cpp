// RFC 7296 on what an algorithm must have to be used at all.

#include <gtest/gtest.h>

#include "base/algorithms.h"
#include "crypto/prf.h"

namespace adit::crypto {
namespace {

// Shows RFC 7296 5-1.
TEST(Prfs, HaveAnOutputOf128BitsAtLeast) {
  for (const PrfFacts& facts : prf_table()) {
    EXPECT_GE(8 * Prf::find(facts.id)->output_size(), 128u) << facts.name;
  }
}

}  // namespace
}  // namespace adit::crypto
