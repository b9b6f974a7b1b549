#pragma once
// Builds octets in network order.

#include "base/bytes.h"
#include "base/narrow.h"

namespace adit {

class Writer {
 public:
  void u8(std::uint8_t value) { octets_.push_back(value); }
  void u16(std::uint16_t value) { number(value, 2); }
  void u32(std::uint32_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }
  void bytes(Bytes octets) { append(octets_, octets); }
  void zeros(std::size_t count) { octets_.insert(octets_.end(), count, 0); }

  /// Overwrites two octets already written: a length, known only after what it counts.
  void set_u16(std::size_t at, std::uint16_t value);
  void set_u32(std::size_t at, std::uint32_t value);
  void set_u8(std::size_t at, std::uint8_t value) { octets_.at(at) = value; }

  std::size_t size() const { return octets_.size(); }
  Bytes written() const { return octets_; }
  ByteString take() && { return std::move(octets_); }

 private:
  void number(std::uint64_t value, unsigned size) {
    for (unsigned i = size; i-- > 0;) octets_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }

  ByteString octets_;
};

/// The octets that a value builds.
template <class T>
ByteString built(const T& value) {
  Writer out;
  value.build(out);
  return std::move(out).take();
}

}  // namespace adit
