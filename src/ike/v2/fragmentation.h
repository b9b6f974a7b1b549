#pragma once
// IKE fragmentation, receiving (RFC 7383 §2.6): fragments are authenticated one by one, then put together.

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/strong_id.h"
#include "ike/wire/message.h"

namespace adit::ike::v2 {

inline constexpr std::size_t most_fragments = 64;              // of one message
inline constexpr std::size_t most_reassembled_octets = 65536;  // plaintext of one message

/// The fragments of one message, received so far.
class Reassembly {
 public:
  Reassembly(MessageId id, std::uint16_t total) : id_{id}, parts_(total) {}

  static bool is_possible(const wire::ProtectedPart& part) {
    return part.fragment_number != 0 && part.fragment_number <= part.fragment_total &&
           part.fragment_total <= most_fragments;
  }

  enum class Intake : std::uint8_t { taken, complete, dropped };
  /// Takes an authentic fragment. A larger total replaces what was there; a smaller one is an older attempt (RFC 7383
  /// §2.6).
  Intake take(MessageId id, const wire::ProtectedPart& fragment, ByteString plaintext);

  MessageId id() const { return id_; }
  std::size_t octets() const { return octets_; }
  wire::PayloadType first() const { return first_; }
  ByteString whole() const;

 private:
  MessageId id_;
  std::vector<std::optional<ByteString>> parts_;
  std::size_t octets_ = 0, received_ = 0;
  wire::PayloadType first_{};
};

}  // namespace adit::ike::v2
