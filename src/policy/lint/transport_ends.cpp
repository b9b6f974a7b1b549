// Manual tunnels in transport mode protect what is between their two ends. Of a rule that is for other addresses, the
// data plane drops the rest.

#include <fmt/format.h>

#include <set>

#include "policy/lint/subject.h"

namespace adit::policy::lint {
namespace {

bool is_wider(const IpRange& range, const std::optional<IpAddress>& end) { return end && range != IpRange::of(*end); }

}  // namespace

void check_transport_ends(const Subject& subject, Remarks& remarks) {
  std::set<SourceRange> seen;  // rules
  for (const Filter& filter : subject.policy.filter.filters) {
    if (filter.manual == nullptr || filter.manual->how_to_encap != EncapsulationChoice::transport) continue;
    const ManVpnAction& action = *filter.manual;
    if (filter.source.family() != action.family) continue;  // told by the resolver
    const bool is_locals_wider = is_wider(filter.local_selector().addresses, action.local);
    const bool is_remotes_wider = is_wider(filter.remote_selector().addresses, action.remote);
    if ((!is_locals_wider && !is_remotes_wider) || !seen.insert(filter.at).second) continue;
    const auto text = [](const std::optional<IpAddress>& end) { return end ? end->to_string() : std::string{"any"}; };
    remarks.add({.kind = Kind::transport_wider_than_ends,
                 .at = filter.at,
                 .other = action.at,
                 .problem = fmt::format("IpFilterRule {}: packets that are not between {} and {}, the ends of "
                                        "IpManVpnAction {}, are dropped",
                                        filter.rule, text(action.local), text(action.remote), action.name),
                 .advice = "the ends as IpSourceAddr and IpDestAddr, or HowToEncap Tunnel"});
  }
}

}  // namespace adit::policy::lint
