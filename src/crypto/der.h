#pragma once
// Reads the little of DER (X.690) that an AlgorithmIdentifier is made of.

#include <optional>

#include "base/bytes.h"

namespace adit::crypto {

/// Tags of one octet: class, constructed bit and number.
struct DerTag {
  static constexpr std::uint8_t integer = 0x02;
  static constexpr std::uint8_t null = 0x05;
  static constexpr std::uint8_t object_identifier = 0x06;
  static constexpr std::uint8_t sequence = 0x30;
  static constexpr std::uint8_t explicit_context(unsigned number) { return static_cast<std::uint8_t>(0xa0 | number); }
};

/// Goes through elements that follow one another. Keeps its first failure: from then on every element is absent.
class DerReader {
 public:
  explicit DerReader(Bytes octets) : left_{octets} {}

  /// The content of the next element, which must have this tag.
  Bytes take(std::uint8_t tag);
  /// The content of the next element when it has this tag; else nothing is passed over.
  std::optional<Bytes> take_if(std::uint8_t tag);
  /// True when no read failed and all octets were read.
  bool ended_well() const { return !failed_ && left_.empty(); }
  bool failed() const { return failed_; }
  void fail() { failed_ = true; }

 private:
  Bytes left_;
  bool failed_ = false;
};

}  // namespace adit::crypto
