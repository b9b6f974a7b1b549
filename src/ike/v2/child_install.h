#pragma once
// From an agreement on a Child SA to what the stack is asked to install: in UDP on port 4500 where a NAT was found
// (RFC 7296 §2.23), beside other SAs of the same selectors, of which there may be many (§2.8).

#include "crypto/ike_keys.h"
#include "ike/v2/ike_sa.h"
#include "ike/v2/proposals.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

/// What both ends agreed on.
struct ChildAgreement {
  contract::ChildSaName name;
  ChildChoice choice;
  InboundSpi inbound_spi;
  contract::EncapsulationMode mode{};
  policy::Traffic traffic;
  FilterPointer filter;
  std::string local_dyn_vpn_rule;
  Activation activation{};
  GroupId group = GroupId::none;                  ///< for the reports
  std::optional<contract::ChildSaName> replaces;  ///< by a rekey
  contract::SendingBegins sending = contract::SendingBegins::at_once;
};

/// Adds the child to the SA and asks the stack to install it. `initiator`: this side sent the request.
void install(Turn& turn, IkeSa& sa, ChildAgreement agreement, Role role, SecretView shared, Bytes ni, Bytes nr);

/// The filter of the policy in force under which a child is rekeyed: its rule, still dynamic, still with its selectors.
/// The one it was made by when there is none (docs/policy.md, Refresh).
FilterPointer filter_in_force(Turn& turn, const IkeSa& sa, const ChildSa& child);
/// The same of a policy; null when there is none.
const policy::Filter* successor_filter(const policy::PolicySnapshot& policy, const ChildSa& child);

/// Transport mode is possible where the traffic's ends are the security endpoints.
bool fits_transport(const IkeSa& sa, const policy::Traffic& traffic);

/// In transport mode through a NAT each end knows addresses of its own for whoever is behind it: ours stand in for the
/// peer's, on each side that has a NAT in front of it (RFC 7296 §2.23.1).
TrafficSelectors local_as_seen_here(const IkeSa& sa, TrafficSelectors selectors);
TrafficSelectors remote_as_seen_here(const IkeSa& sa, TrafficSelectors selectors);

Path path_of(const IkeSa& sa);

/// Why a peer may not have what a filter protects (policy::is_meant_for).
std::string not_meant_for(const policy::Filter& filter, const Identity& peer);

}  // namespace adit::ike::v2
