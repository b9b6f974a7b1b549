#pragma once
// A packet that a filter logs, and which filter that was: the kernel gives the beginning of the packet and says by
// which search and how it was decided (LogPrefix); the policy says by which filter. What becomes of a packet that an
// IpSec rule is to protect, the data plane itself knows.

#include <optional>
#include <string>
#include <string_view>

#include "policy/filter_index.h"

namespace adit::stack {

enum class LoggedAs : std::uint8_t { permitted, denied, no_tunnel, inactive, mismatch };

struct LoggedPacket {
  LoggedAs as{};
  std::string rule;             ///< empty: the implicit deny
  std::uint32_t extension = 0;  ///< of the rule
  std::string vpn_action;       ///< of an IpSec rule
  policy::PacketPath path;
  PacketSelectors packet;
  std::size_t octets = 0;  ///< length of the packet, by its header
  std::string interface;   ///< that it came in by, or leaves by
};

/// Nothing for a prefix that is none of ours, or octets that are no packet. `octets` may be the beginning alone.
std::optional<LoggedPacket> read_logged(std::string_view prefix, Bytes octets, std::uint8_t security_class,
                                        const policy::FilterIndex* policy);

}  // namespace adit::stack
