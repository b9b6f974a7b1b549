#include "base/reader.h"

namespace adit {

Bytes Reader::take(std::size_t count, std::string_view field) {
  last_ = offset_;
  if (count > remaining()) {
    fail(field, offset_);
    return {};
  }
  const Bytes taken = octets_.subspan(offset_, count);
  offset_ += count;
  return taken;
}

std::uint64_t Reader::number(std::size_t size, std::string_view field) {
  std::uint64_t value = 0;
  for (const std::uint8_t octet : take(size, field)) value = value << 8 | octet;
  return value;
}

void Reader::fail(std::string_view field, std::size_t at) {
  if (error_) return;
  error_ = true;
  first_ = {.field = field, .offset = at};
}

}  // namespace adit
