#pragma once
// Hosts with a net behind each, and the policy that joins the nets by IPsec: written out, as the parser would resolve
// it.

#include <optional>
#include <string>
#include <vector>

#include "policy/model.h"

namespace adit::sim {

struct Site {
  std::string name;
  IpAddress address;
  IpRange net;
  std::optional<IpAddress> outside;  ///< behind a NAT: what the world sees. Such a site begins every negotiation itself

  IpAddress seen_from_outside() const { return outside.value_or(address); }
};
Site site_a();
Site site_b();
/// A, B, C, … from 0.
Site site_of(std::size_t number);
Site behind_nat(Site site);

/// What the tests vary. The defaults make one IKE SA with one Child SA, at a command.
struct PolicyChoices {
  std::vector<GroupId> groups = {GroupId::curve25519};  ///< one KeyExchangeOffer each, in order
  policy::HowToInitiate how = policy::HowToInitiate::ikev2;
  std::vector<std::string> v2_peers;  ///< the sites to which IKEv2 is spoken, whatever `how` says of the others
  GroupId pfs = GroupId::none;
  unsigned tunnels = 1;  ///< LocalDynVpnRules to each peer, named tunnel_name(1), …, each for a part of the nets
  bool auto_activate = false, allow_on_demand = false, allow_nat = true;
  policy::Granularity on_demand = policy::Granularity::packet;  ///< of the addresses
  /// The rule is for the parts of the own net that the tunnels carry, a filter each, as one with an IpAddrGroup.
  bool covers_parts = false;
  Seconds liveness_interval{0};
  std::string shared_key = "a key that both know";
  bool signatures = false;  ///< instead of the shared key
  bool ah = false;          ///< instead of ESP
  bool around_esp = false;  ///< AH and ESP, where IKEv1 is spoken
  Minutes ike_lifetime{480}, child_lifetime{240};
  std::optional<std::uint64_t> child_lifesize_kbytes;
  Minutes reauth_interval{0};
};

/// The rule of a site with one peer; with several, each peer has rules of its own.
std::string tunnel_name(unsigned number);
std::string tunnel_name(unsigned number, const Site& peer);
/// An address in the part of a net that a tunnel carries.
IpAddress address_in(const Site& site, unsigned number, std::uint8_t last_octet);

policy::PolicyPointer make_policy(const Site& local, const Site& remote, const PolicyChoices& choices);
policy::PolicyPointer make_policy(const Site& local, const std::vector<Site>& remotes, const PolicyChoices& common);

}  // namespace adit::sim
