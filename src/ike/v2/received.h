#pragma once
// A message that has passed its checks: authentic, or of IKE_SA_INIT.

#include <optional>

#include "base/ip_address.h"
#include "base/strong_id.h"
#include "ike/wire/message.h"

namespace adit::ike::v2 {

struct Received {
  wire::ExchangeType exchange{};
  MessageId id;
  Endpoint local, remote;
  std::size_t octets = 0;  ///< what it takes to keep it
  wire::Payloads payloads;
  std::optional<std::uint8_t> unknown_critical;  ///< RFC 7296 §2.5
  std::string_view malformed;                    ///< the field that does not parse; then there are no payloads
};

}  // namespace adit::ike::v2
