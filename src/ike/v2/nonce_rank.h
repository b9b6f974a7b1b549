#pragma once
// Which of two exchanges loses when both made an SA for the same purpose: the one with the lowest of the four nonces
// (RFC 7296 §2.8.1). Both ends know all four, so they agree without another word.

#include <algorithm>
#include <compare>
#include <cstdint>

#include "base/bytes.h"

namespace adit::ike::v2 {

class NonceRank {
 public:
  NonceRank() = default;

  /// Of an exchange, by the lower of its nonces, octet by octet. The first eight octets are kept: those of two random
  /// nonces are equal once in 2^64 collisions, and then both SAs live on.
  static NonceRank of(Bytes ni, Bytes nr) {
    const bool ni_is_lower = std::ranges::lexicographical_compare(ni, nr);
    NonceRank rank;
    std::size_t kept = 0;
    for (const std::uint8_t octet : ni_is_lower ? ni : nr) {
      if (kept++ == sizeof rank.first_octets_) break;
      rank.first_octets_ = rank.first_octets_ << 8 | octet;
    }
    return rank;
  }
  auto operator<=>(const NonceRank&) const = default;

 private:
  std::uint64_t first_octets_ = 0;
};

}  // namespace adit::ike::v2
