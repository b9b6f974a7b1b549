#pragma once
// The Notify payload (RFC 7296 §3.10) and the notify message types of the IANA registry.

#include <expected>
#include <string>

#include "base/reader.h"
#include "base/writer.h"

namespace adit::ike::wire {

enum class NotifyType : std::uint16_t {
#define ADIT_NOTIFY(enumerator, number, name) enumerator = number,
#include "ike/wire/notify_types.inc"
#undef ADIT_NOTIFY
};

/// `NO_PROPOSAL_CHOSEN`; the number of a type that is not in the registry's table.
std::string name_of(NotifyType type);
bool is_known(NotifyType type);
/// Types below 16384 tell of an error (RFC 7296 §3.10.1).
constexpr bool is_error(NotifyType type) { return static_cast<std::uint16_t>(type) < 16384; }

struct Notify {
  std::uint8_t protocol = 0;  ///< ProtocolId where an SPI follows, else 0
  ByteString spi;
  NotifyType type{};
  ByteString data;

  static std::expected<Notify, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const Notify&) const = default;
};

}  // namespace adit::ike::wire
