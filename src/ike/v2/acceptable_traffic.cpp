#include "ike/v2/acceptable_traffic.h"

namespace adit::ike::v2 {

std::string acceptable_traffic(const policy::PolicyPointer& policy) {
  constexpr std::size_t most_named = 4;  // a line of the log has an end
  std::string text;
  std::size_t named = 0;
  if (policy == nullptr) return "none: the stack has no policy";
  for (const policy::Filter& filter : policy->filter.filters) {
    if (filter.vpn == nullptr || filter.direction != policy::Direction::outbound) continue;
    if (!text.empty()) text += ", ";
    if (++named > most_named) return text + "and more";
    text += filter.local_selector().to_string() + " here, " + filter.remote_selector().to_string() +
            " there (IpFilterRule " + filter.rule + ")";
  }
  return text.empty() ? "none: no IpFilterRule has an IpDynVpnAction" : text;
}

}  // namespace adit::ike::v2
