#pragma once
// One packet in memory that its owner lends: | headroom | packet | tailroom |. Headers are written into the headroom
// and trailers into the tailroom, so a packet is never moved. The one place that says how much of each a packet needs.

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace adit::stack {

/// Before an IP packet that will be encapsulated: outer IPv6 header 40, UDP 8, ESP 8 and IV 16 are 72; with the outer
/// header of the widest algorithm the packet still begins on a cache line.
inline constexpr std::size_t packet_headroom = 128;
/// After it: padding to 16 octets 15, pad length and next header 2, ICV 32 are 49.
inline constexpr std::size_t packet_tailroom = 64;
/// The MTU of what is protected, unless told otherwise: with the largest overhead, outer IPv6 40, UDP 8, ESP 8, IV 16,
/// padding to 16 octets with pad length and next header, ICV 32, it fits into the 1500 octets of an Ethernet frame; AH
/// around ESP with a hash of 512 bits over IPv6 does not, and has the device's MTU lowered by its first packet too
/// long.
inline constexpr unsigned default_mtu = (1500 - 40 - 8 - 8 - 16 - 32) / 16 * 16 - 2;
/// No IP packet is longer than its length field can say. A jumbogram (RFC 2675) is not taken.
inline constexpr std::size_t largest_packet = 65535;
/// The packets one call takes. What a batch needs beside the packets is kept in arrays of this size.
inline constexpr std::size_t largest_batch = 256;

class PacketBuffer {
 public:
  PacketBuffer() = default;
  /// Lends `storage`; the packet is empty and begins after `headroom` octets.
  explicit PacketBuffer(MutableBytes storage, std::size_t headroom = packet_headroom)
      : storage_{storage.data()},
        capacity_{static_cast<std::uint32_t>(storage.size())},
        offset_{static_cast<std::uint32_t>(headroom)} {
    assert(headroom <= storage.size());
  }

  std::uint8_t* data() { return storage_ + offset_; }
  const std::uint8_t* data() const { return storage_ + offset_; }
  std::size_t size() const { return size_; }
  Bytes octets() const { return {data(), size_}; }
  MutableBytes octets() { return {data(), size_}; }
  std::size_t headroom() const { return offset_; }
  std::size_t tailroom() const { return capacity_ - offset_ - size_; }

  /// Makes the packet `size` octets long, as after a read into data(); it must fit.
  void resize(std::size_t size) {
    assert(size <= capacity_ - offset_);
    size_ = static_cast<std::uint32_t>(size);
  }
  /// Empties it, to begin after `headroom` octets again.
  void reset(std::size_t headroom = packet_headroom) {
    assert(headroom <= capacity_);
    offset_ = static_cast<std::uint32_t>(headroom);
    size_ = 0;
  }
  /// Octets added in front, to be written by the caller; the headroom must have them.
  std::uint8_t* prepend(std::size_t count) {
    assert(count <= headroom());
    offset_ -= static_cast<std::uint32_t>(count);
    size_ += static_cast<std::uint32_t>(count);
    return data();
  }
  /// Octets added behind, to be written by the caller; the tailroom must have them.
  std::uint8_t* append(std::size_t count) {
    assert(count <= tailroom());
    std::uint8_t* added = data() + size_;
    size_ += static_cast<std::uint32_t>(count);
    return added;
  }
  void remove_front(std::size_t count) {
    assert(count <= size_);
    offset_ += static_cast<std::uint32_t>(count);
    size_ -= static_cast<std::uint32_t>(count);
  }
  void remove_back(std::size_t count) {
    assert(count <= size_);
    size_ -= static_cast<std::uint32_t>(count);
  }

 private:
  std::uint8_t* storage_ = nullptr;
  std::uint32_t capacity_ = 0;
  std::uint32_t offset_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace adit::stack
