#include "ike/v1/quick_mode_parts.h"

#include <algorithm>

#include "crypto/ike_keys.h"
#include "ike/v1/doubles.h"
#include "ike/v1/ending.h"
#include "ike/v1/timing.h"
#include "ike/v2/child_install.h"
#include "ike/v2/df_policy.h"

namespace adit::ike::v1 {

namespace {

constexpr std::uint64_t kilobyte = 1024;  // octets

contract::Lifetimes lifetimes_of(Turn& turn, const Phase2Choice& choice) {
  contract::Lifetimes lifetimes{.hard = choice.lifetime, .soft_octets = std::nullopt, .hard_octets = std::nullopt};
  if (choice.lifesize_kbytes) {
    lifetimes.hard_octets = *choice.lifesize_kbytes * kilobyte;
    lifetimes.soft_octets = refresh_octets(turn, *lifetimes.hard_octets);
  }
  return lifetimes;
}

/// Of one protocol's keys, in octets. ESP within AH has no integrity, and so no key for it.
crypto::ChildKeySizes key_sizes_of(const contract::ChildTransforms& part) {
  if (const auto sizes = crypto::child_key_sizes(part.encryption, part.key_bits, part.integrity)) return *sizes;
  const EncryptionFacts& encryption = *find(part.encryption);
  const unsigned bits = encryption.has_key_length ? part.key_bits : encryption.fixed_key_bits;
  return {.encryption = bits / 8 + encryption.salt, .integrity = 0};  // RFC 3686 §5.1
}

/// KEYMAT of what is received by an SPI: encryption first, then integrity (RFC 2407 §4.4.3, RFC 2409 §5.5).
contract::DirectionKeys keys_of(const Phase1Sa& sa, const QuickMode& quick_mode, const contract::ChildTransforms& part,
                                std::uint32_t spi) {
  const crypto::ChildKeySizes sizes = key_sizes_of(part);
  const Secret octets = crypto::ike_v1_keymat(*crypto::Prf::find(sa.choice.hash), sa.skeyid_d, quick_mode.shared,
                                              std::to_underlying(part.protocol), spi, quick_mode.ni, quick_mode.nr,
                                              sizes.encryption + sizes.integrity);
  const SecretView view{octets};
  return {.encryption = Secret{view.part(0, sizes.encryption).reveal()},
          .integrity = Secret{view.part(sizes.encryption, sizes.integrity).reveal()}};
}

/// Of AH around ESP each SA has KEYMAT of its own: protocol and SPI go into it (RFC 2409 §5.5).
std::optional<contract::AroundEsp> around_esp_of(const Phase1Sa& sa, const QuickMode& quick_mode,
                                                 const ChildSa& child) {
  if (!child.ah) return std::nullopt;
  const contract::ChildTransforms around{.protocol = contract::SaProtocol::ah,
                                         .integrity = child.transforms.around_esp};
  return contract::AroundEsp{
      .inbound_spi = child.ah->inbound,
      .outbound_spi = child.ah->outbound,
      .inbound = keys_of(sa, quick_mode, around, child.ah->inbound.value()).integrity,
      .outbound = keys_of(sa, quick_mode, around, child.ah->outbound.value()).integrity,
  };
}

contract::SendingBegins begin_of_sending(const QuickMode& quick_mode, const ChildSa& child) {
  using enum contract::SendingBegins;
  const bool is_ours = quick_mode.role == Role::initiator;
  // The responder may not have the third message yet: until something comes in on the pair, or the older one is
  // retired, that one carries on.
  if (child.replaces && (is_ours || quick_mode.installs_early)) return when_peer_is_ready;
  // After CONNECTED, or message 3, both have the pair.
  const bool comes_before_message_3 = is_ours ? !quick_mode.peer_commits : quick_mode.installs_early;
  return comes_before_message_3 ? when_told : at_once;
}

}  // namespace

policy::SelectorPair selectors_of(const policy::Traffic& traffic) {
  return {.local = traffic.local.front(), .remote = traffic.remote.front()};
}

std::optional<Identity> identity_for_filtering(const Phase1Sa& sa) {
  return sa.rule->action->filter_by_identity ? sa.remote_identity : std::nullopt;
}

Phase2Terms terms_of(const Phase1Sa& sa, const policy::SelectorPair& selectors, GroupId group) {
  const bool are_ends = selectors.local.addresses == IpRange::of(sa.local.address) &&
                        selectors.remote.addresses == IpRange::of(sa.remote.address);
  return {.group = group,
          .ends = are_ends ? Ends::of_traffic : Ends::gateways,
          .path = sa.is_in_udp() ? Path::behind_nat : Path::direct,
          .nat_traversal = sa.nat_traversal};
}

void send_and_repeat(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode, ByteString octets) {
  quick_mode.last_sent = octets;
  send(turn, sa, octets);
  quick_mode.outstanding = v2::Retransmission::begin(quick_mode.id, std::to_underlying(wire::ExchangeType::quick_mode),
                                                     {std::move(octets)}, turn.options, turn.now);
}

void add_original_addresses(wire::v1::Payloads& payloads, const Phase1Sa& sa, Role role) {
  const auto type = payload_numbers(sa.nat_traversal).original_address;
  const bool is_initiator = role == Role::initiator;
  payloads.add(type, wire::v1::NatOriginalAddress{is_initiator ? sa.local.address : sa.remote.address});
  payloads.add(type, wire::v1::NatOriginalAddress{is_initiator ? sa.remote.address : sa.local.address});
}

bool derive_shared(QuickMode& quick_mode, const wire::v1::Payloads& payloads) {
  if (quick_mode.key_exchange == nullptr) return true;
  const auto* key_exchange = payloads.find<wire::v1::KeyExchange>();
  if (key_exchange == nullptr) return false;
  auto shared = quick_mode.key_exchange->derive(key_exchange->value);
  if (!shared) return false;
  quick_mode.shared = *std::move(shared);
  return true;
}

void draw_spis(Turn& turn, QuickMode& quick_mode, const policy::DynVpnAction& action, const Phase2Terms& terms) {
  quick_mode.spis = {.spi = turn.shard.draw_inbound_spi()};
  if (may_be_bundle(action, terms)) quick_mode.spis.ah = turn.shard.draw_inbound_spi();
  quick_mode.holds_spi = true;
}

void keep_chosen_spis(Turn& turn, QuickMode& quick_mode) {
  if (!quick_mode.spis.ah || quick_mode.choice->peer_ah_spi) return;
  turn.shard.release(*quick_mode.spis.ah);
  quick_mode.spis.ah.reset();
}

void release_spis(Turn& turn, QuickMode& quick_mode) {
  if (!std::exchange(quick_mode.holds_spi, false)) return;
  turn.shard.release(quick_mode.spis.spi);
  if (quick_mode.spis.ah) turn.shard.release(*quick_mode.spis.ah);
}

void install(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode) {
  const Phase2Choice& choice = *quick_mode.choice;
  const ChildWish& wish = quick_mode.wish;
  const policy::DynVpnAction& action = *wish.filter->vpn;
  ChildSa child{.name = wish.name,
                .state = ChildState::in_negotiation,
                .activation = wish.activation,
                .mode = choice.mode,
                .inbound_spi = quick_mode.spis.spi,
                .outbound_spi = choice.peer_spi,
                .transforms = choice.transforms,
                .group = choice.group,
                .traffic = wish.traffic,
                .filter = wish.filter,
                .offer = {wish.filter, choice.offer},
                .local_dyn_vpn_rule = wish.local_dyn_vpn_rule,
                .lifesize_kbytes = choice.lifesize_kbytes.value_or(0),
                .lifetime = choice.lifetime,
                .creator = quick_mode.role,
                .rank = v2::NonceRank::of(quick_mode.ni, quick_mode.nr),
                .replaces = quick_mode.replaces};
  if (choice.peer_ah_spi) child.ah = AhSpis{.inbound = quick_mode.spis.ah.value(), .outbound = *choice.peer_ah_spi};
  if (sa.is_in_udp()) {
    child.udp = contract::UdpEncapsulation{.local_port = sa.local.port, .remote_port = sa.remote.port};
  }
  // VpnLife begins with the first SA of the tunnel and ends it, whatever its later SAs would live, and under whatever
  // phase 1 SA.
  const Instant of_a_new_one = action.vpn_life == Minutes{0} ? Instant::max() : turn.now + action.vpn_life;
  child.vpn_life_expires_at = turn.shard.vpn_life_end(child.name.tunnel).value_or(of_a_new_one);
  child.expires_at = std::min(turn.now + Duration{choice.lifetime}, child.vpn_life_expires_at);
  if (child.expires_at != child.vpn_life_expires_at) child.refresh_at = refresh_time(turn, choice.lifetime);
  const contract::SendingBegins sending = begin_of_sending(quick_mode, child);
  quick_mode.sends_when_told = sending == contract::SendingBegins::when_told;
  turn.step.stack.emplace_back(
      contract::InstallChildSa{.stack = sa.stack,
                               .name = child.name,
                               .parent = sa.tunnel,
                               .transforms = child.transforms,
                               .mode = child.mode,
                               .inbound_spi = child.inbound_spi,
                               .outbound_spi = child.outbound_spi,
                               .inbound = keys_of(sa, quick_mode, child.transforms, child.inbound_spi.value()),
                               .outbound = keys_of(sa, quick_mode, child.transforms, child.outbound_spi.value()),
                               .ah = around_esp_of(sa, quick_mode, child),
                               .local = sa.local.address,
                               .remote = sa.remote.address,
                               .local_ts = child.traffic.local,
                               .remote_ts = child.traffic.remote,
                               .udp = child.udp,
                               .lifetimes = lifetimes_of(turn, choice),
                               .df = v2::df_of(action.df),
                               .copy_dscp = action.copy_dscp,
                               .sending = sending,
                               .filter_rule = child.filter->rule,
                               .vpn_action = action.name,
                               .local_dyn_vpn_rule = child.local_dyn_vpn_rule,
                               .ike_version = contract::IkeVersion::v1});
  child.installed = true;  // from the request on it must be removed
  quick_mode.holds_spi = false;
  sa.children.push_back(std::move(child));
  turn.shard.child_added(sa, sa.children.back());
}

void conclude(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode) {
  // Longer than a peer takes to hear of a lost message 3; CONNECTED itself may be lost, and is not repeated.
  constexpr Seconds connected_wait{10};  // who has not set the commit bit waits (RFC 2408 §3.1)
  if (!quick_mode.peer_commits) return peer_is_connected(turn, sa, quick_mode);
  if (quick_mode.role == Role::initiator) send_confirmation(turn, sa, quick_mode);
  quick_mode.state = QuickMode::State::held;
  quick_mode.forget_at = turn.now + connected_wait;
}

void peer_is_connected(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode) {
  if (quick_mode.role == Role::initiator) {
    quick_mode.state = QuickMode::State::installing;
    return install(turn, sa, quick_mode);
  }
  quick_mode.state = QuickMode::State::confirmed;
  if (quick_mode.installs_early) {
    return install_answered(turn, sa, {.stack = sa.stack, .name = quick_mode.wish.name, .refused = {}});
  }
  const ChildSa* old = current_of(turn, sa, quick_mode.wish.traffic);
  if (old != nullptr) {
    quick_mode.replaces = old->name;
    quick_mode.wish.name = turn.shard.next_generation(old->name.tunnel);
  } else {
    quick_mode.replaces.reset();
    quick_mode.wish.name = {.tunnel = turn.shard.number_dynamic_tunnel(), .generation = 1};
  }
  install(turn, sa, quick_mode);
}

void become_active(Turn& turn, Phase1Sa& sa, ChildSa& child) {
  child.state = ChildState::active;
  tell(turn, child.replaces ? CatalogueId::child_sa_rekeyed : CatalogueId::child_sa_created,
       {{"tunnel", "Y" + std::to_string(child.name.tunnel.value())},
        {"parent", name_of_tunnel(sa)},
        {"attributes",
         child.transforms.to_string() +
             (child.mode == contract::EncapsulationMode::tunnel ? ", tunnel mode, " : ", transport mode, ") +
             child.traffic.to_string()}});
  child.up_at = turn.now;
  note_what_it_replaces(turn, sa, child);
  for (const auto& [owner, old] : turn.shard.same_traffic(sa, child.traffic)) {
    // The peer has the newer pair: it said so with message 3.
    if (old->replaced_by != child.name || old->retired || child.creator == Role::initiator) continue;
    old->retired = true;
    turn.step.stack.emplace_back(contract::RetireChildSa{.stack = sa.stack, .name = old->name});
  }
  choose_current(turn, sa, child.traffic);
}

ByteString third_hash(const Phase1Sa& sa, const QuickMode& quick_mode) {
  Writer id;
  id.u8(0);
  id.u32(quick_mode.id.value());
  return hash_a(sa, {id.written(), quick_mode.ni, quick_mode.nr});
}

void finish(Turn& turn, QuickMode& quick_mode) {
  // What the keys came of goes with the exchange (RFC 2409 §3.3, §8); its last message may be asked for again.
  const bool is_ours = quick_mode.role == Role::initiator;
  const Seconds repetitions_answered{is_ours ? 60 : 180};  // message 2 is repeated for less than a minute
  quick_mode.state = QuickMode::State::done;
  quick_mode.forget_at = turn.now + repetitions_answered;
  if (is_ours) quick_mode.is_known_at = turn.now + hand_over;
  quick_mode.key_exchange.reset();
  quick_mode.shared = {};
  quick_mode.wish = {};
  quick_mode.choice.reset();
  // Messages 1 and 2, which are longer than what stays of a responder's, leave no room behind.
  quick_mode.last_received.shrink_to_fit();
  quick_mode.last_sent.shrink_to_fit();
}

}  // namespace adit::ike::v1
