#include "crypto/modp_group.h"

#include <gtest/gtest.h>

namespace adit::crypto {
namespace {

constexpr int scale = 8192 + 64;  // bits behind the point: what the largest prime needs of pi, and room for rounding

BigNumber number(BN_ULONG value, int shift = 0) {
  BigNumber result{BN_new()};
  must(BN_set_word(result.get(), value) == 1 && BN_lshift(result.get(), result.get(), shift) == 1);
  return result;
}

/// arctan(1 / x), by its series.
BigNumber arctangent_of_inverse(BN_ULONG x) {
  BigNumber sum = number(0);
  const BigNumber power = number(1, scale);
  BN_div_word(power.get(), x);
  for (BN_ULONG k = 0; BN_is_zero(power.get()) == 0; ++k) {
    const BigNumber term{BN_dup(power.get())};
    BN_div_word(term.get(), 2 * k + 1);
    must((k % 2 == 0 ? BN_add : BN_sub)(sum.get(), sum.get(), term.get()) == 1);
    BN_div_word(power.get(), x * x);
  }
  return sum;
}

/// pi = 16 arctan(1/5) - 4 arctan(1/239) (Machin).
BigNumber pi() {
  BigNumber result = arctangent_of_inverse(5);
  const BigNumber less = arctangent_of_inverse(239);
  must(BN_lshift(result.get(), result.get(), 2) == 1 && BN_sub(result.get(), result.get(), less.get()) == 1 &&
       BN_lshift(result.get(), result.get(), 2) == 1);
  return result;
}

TEST(ModpGroup, HasThePrimesOfTheRfcsFormula) {  // RFC 7296 appendix B, RFC 3526 §2 to §7
  const struct {
    GroupId id;
    int bits;
    BN_ULONG added;
  } cases[] = {
      {GroupId::modp_768, 768, 149686},   {GroupId::modp_1024, 1024, 129093},  {GroupId::modp_1536, 1536, 741804},
      {GroupId::modp_2048, 2048, 124476}, {GroupId::modp_3072, 3072, 1690314}, {GroupId::modp_4096, 4096, 240904},
      {GroupId::modp_6144, 6144, 929484}, {GroupId::modp_8192, 8192, 4743158},
  };
  const BigNumber circle = pi();
  for (const auto& [id, bits, added] : cases) {
    SCOPED_TRACE(bits);
    // 2^n - 2^(n-64) - 1 + 2^64 * ([2^(n-130) pi] + added)
    BigNumber prime{BN_new()};
    must(BN_rshift(prime.get(), circle.get(), scale - (bits - 130)) == 1 && BN_add_word(prime.get(), added) == 1 &&
         BN_lshift(prime.get(), prime.get(), 64) == 1 && BN_add(prime.get(), prime.get(), number(1, bits).get()) == 1 &&
         BN_sub(prime.get(), prime.get(), number(1, bits - 64).get()) == 1 && BN_sub_word(prime.get(), 1) == 1);
    const ModpGroup* group = ModpGroup::find(id);
    ASSERT_NE(group, nullptr);
    EXPECT_EQ(BN_cmp(group->p.get(), prime.get()), 0);
    EXPECT_EQ(BN_is_word(group->generator.get(), 2), 1);
  }
}

}  // namespace
}  // namespace adit::crypto
