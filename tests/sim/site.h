#pragma once
// Two hosts with a net behind each, and the policy that joins the nets by IPsec: written out, as the parser would
// resolve it.

#include <string>
#include <vector>

#include "policy/model.h"

namespace adit::sim {

struct Site {
  std::string name;
  IpAddress address;
  IpRange net;
};
Site site_a();
Site site_b();

/// What the tests vary. The defaults make one IKE SA with one Child SA, at a command.
struct PolicyChoices {
  std::vector<GroupId> groups = {GroupId::curve25519};  ///< one KeyExchangeOffer each, in order
  GroupId pfs = GroupId::none;
  unsigned tunnels = 1;  ///< LocalDynVpnRules, named tunnel_name(1), …, each for a part of the nets
  bool auto_activate = false, allow_on_demand = false, allow_nat = true;
  Seconds liveness_interval{0};
  std::string shared_key = "a key that both know";
  Minutes ike_lifetime{480}, child_lifetime{240};
};

std::string tunnel_name(unsigned number);
policy::PolicyPointer make_policy(const Site& local, const Site& remote, const PolicyChoices& choices);

}  // namespace adit::sim
