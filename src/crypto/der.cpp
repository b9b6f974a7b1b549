#include "crypto/der.h"

namespace adit::crypto {

Bytes DerReader::take(std::uint8_t tag) {
  const auto content = take_if(tag);
  if (!content) failed_ = true;
  return content.value_or(Bytes{});
}

std::optional<Bytes> DerReader::take_if(std::uint8_t tag) {
  if (failed_ || left_.empty() || left_[0] != tag) return std::nullopt;
  if (left_.size() < 2) {
    failed_ = true;
    return std::nullopt;
  }
  // An AlgorithmIdentifier has at most 255 octets (RFC 7427 §3): lengths of one octet, or 0x81 and one, suffice. DER
  // has one form for each: the short one below 128.
  std::size_t header = 2;
  std::size_t size = left_[1];
  if (size == 0x81 && left_.size() >= 3) {
    header = 3;
    size = left_[2];
    if (size < 0x80) failed_ = true;
  } else if (size >= 0x80) {
    failed_ = true;
  }
  if (failed_ || left_.size() - header < size) {
    failed_ = true;
    return std::nullopt;
  }
  const Bytes content = left_.subspan(header, size);
  left_ = left_.subspan(header + size);
  return content;
}

}  // namespace adit::crypto
