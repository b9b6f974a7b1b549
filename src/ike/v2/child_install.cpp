#include "ike/v2/child_install.h"

#include <algorithm>

#include "ike/v2/df_policy.h"
#include "ike/v2/timing.h"

namespace adit::ike::v2 {

namespace {

constexpr std::uint64_t kilobyte = 1024;  // octets

contract::Lifetimes lifetimes_of(Turn& turn, const policy::DataOffer& offer) {
  contract::Lifetimes lifetimes{
      .hard = Seconds{offer.lifetime}, .soft_octets = std::nullopt, .hard_octets = std::nullopt};
  if (offer.lifesize_kbytes) {
    lifetimes.hard_octets = *offer.lifesize_kbytes * kilobyte;
    lifetimes.soft_octets = refresh_octets(turn, *lifetimes.hard_octets);
  }
  return lifetimes;
}

TrafficSelectors with_address(TrafficSelectors selectors, const IpAddress& address) {
  for (TrafficSelector& selector : selectors) {
    if (selector.addresses.is_single() && selector.addresses.family() == address.family()) {
      selector.addresses = IpRange::of(address);
    }
  }
  return selectors;
}

}  // namespace

const policy::Filter* successor_filter(const policy::PolicySnapshot& policy, const ChildSa& child) {
  return policy::anchor_for(policy.filter, child.filter->rule, child.traffic);
}

FilterPointer filter_in_force(Turn& turn, const IkeSa& sa, const ChildSa& child) {
  const policy::PolicyPointer policy = turn.shard.policy_of(sa.stack);
  const policy::Filter* filter = policy == nullptr ? nullptr : successor_filter(*policy, child);
  return filter == nullptr ? child.filter : share(policy, filter);
}

std::string not_meant_for(const policy::Filter& filter, const Identity& peer) {
  return "the peer is " + peer.to_string() + ", and RemoteIdentity of IpFilterRule " + filter.rule + " is " +
         filter.remote_identity->text;
}

Path path_of(const IkeSa& sa) {
  return sa.nat_local || sa.nat_remote || sa.udp_forced ? Path::behind_nat : Path::direct;
}

TrafficSelectors local_as_seen_here(const IkeSa& sa, TrafficSelectors selectors) {
  return sa.nat_local ? with_address(std::move(selectors), sa.local.address) : selectors;
}
TrafficSelectors remote_as_seen_here(const IkeSa& sa, TrafficSelectors selectors) {
  return sa.nat_remote ? with_address(std::move(selectors), sa.remote.address) : selectors;
}

bool fits_transport(const IkeSa& sa, const policy::Traffic& traffic) {
  const auto all_are = [](const TrafficSelectors& selectors, const IpAddress& address) {
    return std::ranges::all_of(
        selectors, [&](const TrafficSelector& selector) { return selector.addresses == IpRange::of(address); });
  };
  return all_are(traffic.local, sa.local.address) && all_are(traffic.remote, sa.remote.address);
}

void install(Turn& turn, IkeSa& sa, ChildAgreement agreement, Role role, SecretView shared, Bytes ni, Bytes nr) {
  const policy::DynVpnAction& action = *agreement.filter->vpn;
  const policy::DataOffer& offer = *agreement.choice.offer;
  const contract::ChildTransforms& transforms = agreement.choice.transforms;
  const crypto::Prf& prf = *crypto::Prf::find(sa.algorithms.prf);
  crypto::ChildKeys keys = crypto::derive_child_keys(
      prf, sa.keys.sk_d, shared, ni, nr,
      *crypto::child_key_sizes(transforms.encryption, transforms.key_bits, transforms.integrity));
  contract::DirectionKeys of_initiator{std::move(keys.encryption_i), std::move(keys.integrity_i)};
  contract::DirectionKeys of_responder{std::move(keys.encryption_r), std::move(keys.integrity_r)};

  ChildSa child{.name = agreement.name,
                .state = ChildState::in_negotiation,
                .activation = agreement.activation,
                .mode = agreement.mode,
                .inbound_spi = agreement.inbound_spi,
                .outbound_spi = agreement.choice.peer_spi,
                .transforms = transforms,
                .group = agreement.group,
                .traffic = std::move(agreement.traffic),
                .filter = agreement.filter,
                .offer = {agreement.filter, &offer},
                .local_dyn_vpn_rule = std::move(agreement.local_dyn_vpn_rule),
                .lifesize_kbytes = offer.lifesize_kbytes.value_or(0),
                .lifetime = offer.lifetime,
                .creator = role,
                .rank = NonceRank::of(ni, nr),
                .replaces = agreement.replaces};
  const ChildSa* replaced = child.replaces ? sa.find_child(*child.replaces) : nullptr;
  child.first_rank = replaced == nullptr ? child.rank : replaced->first_rank;
  if (path_of(sa) == Path::behind_nat) {
    child.udp = contract::UdpEncapsulation{.local_port = sa.local.port, .remote_port = sa.remote.port};
  }
  // VpnLife begins with the first SA of the tunnel and ends it, whatever its later SAs would live, and under whatever
  // IKE SA: reauthentication does not begin it anew.
  const Instant of_a_new_one = action.vpn_life == Minutes{0} ? Instant::max() : turn.now + action.vpn_life;
  child.vpn_life_expires_at = turn.shard.vpn_life_end(child.name.tunnel).value_or(of_a_new_one);
  child.expires_at = std::min(turn.now + Duration{offer.lifetime}, child.vpn_life_expires_at);
  // VpnLife ends the tunnel, not only an SA: nothing follows then.
  if (child.expires_at != child.vpn_life_expires_at) child.refresh_at = refresh_time(turn, offer.lifetime);

  turn.step.stack.emplace_back(
      contract::InstallChildSa{.stack = sa.stack,
                               .name = child.name,
                               .parent = sa.tunnel,
                               .transforms = transforms,
                               .mode = child.mode,
                               .inbound_spi = child.inbound_spi,
                               .outbound_spi = child.outbound_spi,
                               .inbound = role == Role::initiator ? of_responder : of_initiator,
                               .outbound = role == Role::initiator ? of_initiator : of_responder,
                               .local = sa.local.address,
                               .remote = sa.remote.address,
                               .local_ts = child.traffic.local,
                               .remote_ts = child.traffic.remote,
                               .udp = child.udp,
                               .lifetimes = lifetimes_of(turn, offer),
                               .df = df_of(action.df),
                               .copy_dscp = action.copy_dscp,
                               .sending = agreement.sending,
                               .filter_rule = child.filter->rule,
                               .vpn_action = action.name,
                               .local_dyn_vpn_rule = child.local_dyn_vpn_rule});
  child.installed = true;  // from the request on it must be removed
  sa.children.push_back(std::move(child));
  turn.shard.child_added(sa, sa.children.back());
}

}  // namespace adit::ike::v2
