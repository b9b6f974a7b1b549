#include "stack/filter_log.h"

#include "stack/network_order.h"
#include "stack/nftables_ruleset.h"
#include "stack/packet_selectors.h"

namespace adit::stack {
namespace {

std::optional<policy::PacketPath> path_of(std::string_view search) {
  if (search == "local_in") return policy::PacketPath{.direction = policy::Direction::inbound};
  if (search == "local_out") return policy::PacketPath{.direction = policy::Direction::outbound};
  if (search == "routed_in") return policy::PacketPath{.direction = policy::Direction::inbound, .routed = true};
  if (search == "routed_out") return policy::PacketPath{.direction = policy::Direction::outbound, .routed = true};
  return std::nullopt;
}

std::optional<LoggedAs> decision_of(std::string_view word) {
  if (word == LogPrefix::permit) return LoggedAs::permitted;
  if (word == LogPrefix::deny || word == LogPrefix::implicit_deny) return LoggedAs::denied;
  if (word == LogPrefix::no_tunnel) return LoggedAs::no_tunnel;
  if (word == LogPrefix::mismatch) return LoggedAs::mismatch;
  return std::nullopt;
}

/// The length that the header tells, and the same packet as if it ended where its octets do.
std::optional<std::pair<std::size_t, ByteString>> cut_to_what_is_there(Bytes octets) {
  if (octets.size() < 20) return std::nullopt;
  ByteString shown{octets.begin(), octets.end()};
  const bool is_v4 = octets[0] >> 4 == 4;
  if (!is_v4 && octets.size() < 40) return std::nullopt;
  const std::size_t at = is_v4 ? 2 : 4, before = is_v4 ? 0 : 40;
  const std::size_t length = before + load_u16(&octets[at]);
  if (octets.size() < length) {
    const std::size_t there = octets.size() - before;
    shown[at] = static_cast<std::uint8_t>(there >> 8);
    shown[at + 1] = static_cast<std::uint8_t>(there);
  }
  return std::pair{length, std::move(shown)};
}

}  // namespace

std::optional<LoggedPacket> read_logged(std::string_view prefix, Bytes octets, std::uint8_t security_class,
                                        const policy::FilterIndex* policy) {
  const std::size_t blank = prefix.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const auto path = path_of(prefix.substr(0, blank));
  const auto as = decision_of(prefix.substr(blank + 1));
  const auto shown = cut_to_what_is_there(octets);
  if (!path || !as || !shown) return std::nullopt;
  const auto packet = read_selectors(shown->second);
  if (!packet) return std::nullopt;

  LoggedPacket logged{.as = *as, .path = *path, .packet = *packet, .octets = shown->first};
  logged.path.security_class = security_class;
  const policy::Filter* filter = policy == nullptr ? nullptr : policy->first_match(*packet, logged.path);
  if (filter == nullptr) return logged;
  logged.rule = filter->rule;
  logged.extension = filter->extension;
  if (filter->vpn) logged.vpn_action = filter->vpn->name;
  if (filter->manual) logged.vpn_action = filter->manual->name;
  return logged;
}

}  // namespace adit::stack
