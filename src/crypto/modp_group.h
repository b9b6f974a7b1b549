#pragma once
// The MODP groups: primes, generators, and what a private key and a peer's value must be.

#include <cstdint>

#include "base/algorithms.h"
#include "crypto/evp.h"

namespace adit::crypto {

struct ModpGroup {
  std::size_t size = 0;  ///< octets of the prime, of a public value and of the shared secret
  BigNumber p, generator;
  /// Order of the generator, of groups 22 to 24 alone. Those have small subgroups too, so a peer's value must be
  /// checked to lie in this one (RFC 6989 §2.2). The others are safe primes: nothing but 1 and p - 1 is small.
  BigNumber order;
  BigNumber largest_value;  ///< p - 2: RFC 6989 §2.1 wants 1 < r < p - 1
  unsigned exponent_bits = 0;
  std::unique_ptr<BN_MONT_CTX, FreedBy<&BN_MONT_CTX_free>> montgomery;

  /// Built when first asked for, then shared by all threads. Nothing for a group that is not MODP.
  static const ModpGroup* find(GroupId id);
};

}  // namespace adit::crypto
