#pragma once
// Pseudo-random functions of IKEv2 (RFC 7296 §2.13) and prf+.

#include <expected>
#include <initializer_list>
#include <string>

#include "base/algorithms.h"
#include "base/secret.h"

namespace adit::crypto {

/// A PRF of fixed algorithm. Copyable, cheap, thread-safe; the algorithm is fetched once in the process' life.
class Prf {
 public:
  /// Nothing for an algorithm that is not built in.
  static const Prf* find(PrfId id);

  PrfId id() const { return facts_.id; }
  std::size_t key_size() const { return facts_.key; }        ///< preferred, octets
  std::size_t output_size() const { return facts_.output; }  ///< octets

  /// prf(key, part | part | …). Keys of any length, with the rules of RFC 4434 and RFC 4615 for XCBC and CMAC.
  Secret operator()(SecretView key, std::initializer_list<Bytes> parts) const;

  /// prf+(key, seed), RFC 7296 §2.13. Asserts size <= 255 * output_size().
  Secret plus(SecretView key, Bytes seed, std::size_t size) const;

  explicit Prf(const PrfFacts& facts) : facts_{facts} {}

 private:
  PrfFacts facts_;
};

}  // namespace adit::crypto
