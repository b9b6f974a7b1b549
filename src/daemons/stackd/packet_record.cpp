#include "daemons/stackd/packet_record.h"

#include <fmt/format.h>

namespace adit::daemons::stackd {
namespace {

CatalogueId message_of(stack::LoggedAs as) {
  switch (as) {
    case stack::LoggedAs::permitted:
      return CatalogueId::packet_permitted;
    case stack::LoggedAs::denied:
      return CatalogueId::packet_denied;
    case stack::LoggedAs::no_tunnel:
      return CatalogueId::packet_without_tunnel;
    case stack::LoggedAs::inactive:
      return CatalogueId::packet_of_inactive_tunnel;
    case stack::LoggedAs::mismatch:
      return CatalogueId::packet_of_other_tunnel;
  }
  std::unreachable();
}

}  // namespace

LogRecord record_of(const stack::LoggedPacket& packet, const StackName& stack) {
  const bool is_implicit = packet.rule.empty();
  LogRecord record{message_of(packet.as),
                   {{"stack", stack.text},
                    {"rule", is_implicit ? "SYSDEFAULTDENYRULE" : packet.rule},
                    {"extension", fmt::to_string(is_implicit ? 1 : packet.extension)},
                    {"packet", packet.packet.to_string()},
                    {"octets", fmt::to_string(packet.octets)},
                    {"direction", packet.path.direction == policy::Direction::inbound ? "inbound" : "outbound"},
                    {"routing", packet.path.routed ? "routed" : "local"},
                    {"interface", packet.interface.empty() ? "n/a" : packet.interface}}};
  if (packet.packet.is_fragment) record.fields.push_back({"fragment", "yes"});
  if (!packet.vpn_action.empty()) record.fields.push_back({"vpn_action", packet.vpn_action});
  if (packet.path.security_class != 0) {
    record.fields.push_back({"security_class", fmt::to_string(packet.path.security_class)});
  }
  return record;
}

}  // namespace adit::daemons::stackd
