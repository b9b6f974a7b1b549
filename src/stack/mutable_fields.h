#pragma once
// The fields of the headers before AH that routers may change on the way: zeros while the ICV is computed (RFC 4302
// §3.3.3.1, appendix A), and what they were before and after.

#include <array>

#include "base/bytes.h"
#include "stack/authentication_header.h"

namespace adit::stack {

class MutableFields {
 public:
  /// Keeps the headers, at most most_before_ah octets as find_ah() or place_of_ah() found them, and zeroes in them what
  /// is mutable.
  void zero(MutableBytes headers);
  /// The headers are again as zero() found them.
  void put_back(std::uint8_t* headers) const;

 private:
  std::uint8_t size_ = 0;
  std::array<std::uint8_t, most_before_ah> kept_;
};

}  // namespace adit::stack
