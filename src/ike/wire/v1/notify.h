#pragma once
// The Notification payload (RFC 2408 §3.14, §5.14) with the types of RFC 2408 §3.14.1, RFC 2407 §4.6.3 and RFC 3706 §5.

#include <expected>
#include <string>

#include "base/reader.h"
#include "base/writer.h"
#include "ike/wire/v1/security_association.h"

namespace adit::ike::wire::v1 {

enum class NotifyType : std::uint16_t {
#define ADIT_NOTIFY(enumerator, number, name) enumerator = number,
#include "ike/wire/v1/notify_types.inc"
#undef ADIT_NOTIFY
};
/// `NO-PROPOSAL-CHOSEN`; the number of a type that is not in the table.
std::string name_of(NotifyType type);
/// RFC 2408 §3.14.1: below 16384 are errors.
constexpr bool is_error(NotifyType type) { return static_cast<std::uint16_t>(type) < 16384; }

struct Notify {
  std::uint32_t doi = doi_ipsec;
  std::uint8_t protocol = 0;
  ByteString spi;
  NotifyType type{};
  ByteString data;

  static std::expected<Notify, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const Notify&) const = default;
};

}  // namespace adit::ike::wire::v1
