#include "stack/user/packet_notes.h"

namespace adit::stack::user {

void PacketNotes::add(LoggedAs as, const policy::Filter* rule, const policy::PacketPath& path,
                      const PacketSelectors& packet, std::size_t octets) {
  using enum policy::FilterLogging;
  const policy::FilterLogging wanted = rule == nullptr ? all : rule->logging;
  if (wanted != all && wanted != (as == LoggedAs::permitted ? permit : deny)) return;
  unsigned& noted = in_second_[{as, path.direction, path.routed}];
  if (noted == most_logged_a_second) return;
  ++noted;
  LoggedPacket logged{.as = as, .path = path, .packet = packet, .octets = octets};
  if (rule != nullptr) {
    logged.rule = rule->rule;
    logged.extension = rule->extension;
    if (rule->vpn) logged.vpn_action = rule->vpn->name;
    if (rule->manual) logged.vpn_action = rule->manual->name;
  }
  notes_.push_back(std::move(logged));
}

}  // namespace adit::stack::user
