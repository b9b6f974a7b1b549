// Quick mode as initiator (RFC 2409 §5, §5.5): messages 1 and 3.

#include <algorithm>

#include "ike/v1/ending.h"
#include "ike/v1/informational.h"
#include "ike/v1/phase1_parts.h"
#include "ike/v1/quick_mode_parts.h"
#include "ike/v2/child_install.h"
#include "policy/match.h"

namespace adit::ike::v1 {

namespace {

constexpr std::size_t most_at_once = 16;  // quick modes of ours that wait for the peer

void fail_wish(Turn& turn, Phase1Sa& sa, const ChildWish& wish, const std::string& reason) {
  ++turn.statistics.failed;
  tell(turn, CatalogueId::negotiation_failed,
       {{"tunnel", "Y" + std::to_string(wish.name.tunnel.value())},
        {"peer", sa.remote.to_string()},
        {"reason", reason}});
  if (wish.rekeys) {
    // It lives a while yet: tried again before its end.
    constexpr Seconds pause{30};
    ChildSa* old = sa.find_child(*wish.rekeys);
    if (old != nullptr && turn.now + pause < old->expires_at) old->refresh_at = turn.now + pause;
  }
  turn.shard.wish_failed(sa, wish.name.tunnel, Ending::failed);
}

void start_quick_mode(Turn& turn, Phase1Sa& sa, ChildWish wish) {
  const policy::SelectorPair selectors = selectors_of(wish.traffic);
  const auto local_id = wire::v1::Identification::of(selectors.local);
  const auto remote_id = wire::v1::Identification::of(selectors.remote);
  if (!local_id || !remote_id) {
    tell(turn, CatalogueId::v1_cannot_name_traffic,
         {{"rule", wish.filter->rule}, {"traffic", wish.traffic.to_string()}});
    return fail_wish(turn, sa, wish, "IKEv1 has no word for ranges of ports, types and codes");
  }
  if (!policy::is_meant_for(*wish.filter, identity_for_filtering(sa))) {
    return fail_wish(turn, sa, wish, v2::not_meant_for(*wish.filter, *sa.remote_identity));
  }
  const GroupId group = wish.filter->vpn->initiate_with_pfs;
  auto quick_mode = std::make_unique<QuickMode>();
  quick_mode->id = draw_message_id(turn, sa, Exchange::quick_mode);
  quick_mode->role = Role::initiator;
  quick_mode->iv = first_iv(sa, quick_mode->id);
  quick_mode->ni = turn.random.octets(nonce_size);
  quick_mode->replaces = wish.rekeys;
  if (group != GroupId::none) {
    auto made = crypto::KeyExchange::generate(group, turn.random);
    if (!made) return fail_wish(turn, sa, wish, "no such group");
    quick_mode->key_exchange = *std::move(made);
  }
  const Phase2Terms terms = terms_of(sa, selectors, group);
  draw_spis(turn, *quick_mode, *wish.filter->vpn, terms);  // RFC 2408 §2.4
  const wire::v1::SecurityAssociation offer = phase2_offer(*wish.filter->vpn, quick_mode->spis, terms);
  if (offer.proposals.empty()) {
    release_spis(turn, *quick_mode);
    return fail_wish(turn, sa, wish, "no IpDataOffer of " + wish.filter->vpn->name + " can be used on this way");
  }
  wire::v1::Payloads payloads;
  payloads.add(offer);
  payloads.add(wire::v1::Nonce{quick_mode->ni});
  if (quick_mode->key_exchange != nullptr) {
    const Bytes value = quick_mode->key_exchange->public_value();
    payloads.add(wire::v1::KeyExchange{{value.begin(), value.end()}});
  }
  payloads.add(*local_id);
  payloads.add(*remote_id);
  // Only where UDP-Encapsulated-Transport is proposed (RFC 3947 §5.2).
  const bool offers_transport = std::ranges::any_of(wish.filter->vpn->offers, [](const policy::DataOffer& each) {
    return each.how_to_encap == policy::EncapsulationChoice::transport;
  });
  if (terms.path == Path::behind_nat && terms.ends == Ends::of_traffic && offers_transport) {
    add_original_addresses(payloads, sa, Role::initiator);
  }
  if (std::exchange(sa.says_initial_contact, false)) payloads.add(initial_contact_of(sa));  // RFC 2407 §4.6.3.3
  quick_mode->wish = std::move(wish);
  ByteString octets =
      sealed_with_hash(sa, header_of(sa, wire::ExchangeType::quick_mode, quick_mode->id), payloads, quick_mode->iv);
  sa.quick_modes.push_back(std::move(quick_mode));
  send_and_repeat(turn, sa, *sa.quick_modes.back(), std::move(octets));
}

void fail_quick_mode(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode, const std::string& reason) {
  const auto found = std::ranges::find(sa.quick_modes, &quick_mode, &std::unique_ptr<QuickMode>::get);
  const std::unique_ptr<QuickMode> failed = std::move(*found);
  sa.quick_modes.erase(found);
  release_spis(turn, *failed);
  if (failed->installs_early) remove_child(turn, sa, failed->wish.name, Ending::failed);
  if (failed->role == Role::initiator) fail_wish(turn, sa, failed->wish, reason);
}

/// Whether a notify's SPI is one of those, of whichever half of a bundle.
bool is_of(const InboundSpis& spis, Bytes named) {
  const auto equals = [&](InboundSpi spi) {
    Writer octets;
    octets.u32(spi.value());
    return std::ranges::equal(octets.written(), named);
  };
  return equals(spis.spi) || (spis.ah && equals(*spis.ah));
}

/// The peer's IDs must be those that it was asked for: nothing is narrowed (RFC 2409 §5.5).
bool are_ours(const QuickMode& quick_mode, const wire::v1::Payloads& payloads) {
  std::vector<const wire::v1::Identification*> ids;
  for (const wire::v1::Payload& payload : payloads.items()) {
    if (const auto* id = std::get_if<wire::v1::Identification>(&payload.body)) ids.push_back(id);
  }
  if (ids.empty()) return true;
  return ids.size() == 2 && ids[0]->selector() == selectors_of(quick_mode.wish.traffic).local &&
         ids[1]->selector() == selectors_of(quick_mode.wish.traffic).remote;
}

}  // namespace

void go_on(Turn& turn, Phase1Sa& sa) {
  while (is_up(sa.state) && !sa.wishes.empty()) {
    const auto waiting = std::ranges::count_if(
        sa.quick_modes, [](const auto& quick_mode) { return quick_mode->state == QuickMode::State::offered; });
    if (static_cast<std::size_t>(waiting) >= most_at_once) return;
    ChildWish wish = std::move(sa.wishes.front());
    sa.wishes.erase(sa.wishes.begin());
    const ChildSa* old = wish.rekeys ? sa.find_child(*wish.rekeys) : nullptr;
    if (wish.rekeys && (old == nullptr || old->superseded)) {  // the peer was first
      turn.shard.wish_failed(sa, wish.name.tunnel, Ending::by_peer);
      continue;
    }
    start_quick_mode(turn, sa, std::move(wish));
  }
}

bool want_rekey(Turn& turn, Phase1Sa& sa, ChildSa& child) {
  child.refresh_at.reset();
  if (child.state != ChildState::active || child.superseded) return false;
  const auto is_wished = [&](const ChildWish& wish) { return wish.rekeys == child.name; };
  if (std::ranges::any_of(sa.wishes, is_wished)) return false;
  if (std::ranges::any_of(sa.quick_modes, [&](const auto& each) {
        return each->state != QuickMode::State::done && is_wished(each->wish);
      })) {
    return false;
  }
  const policy::PolicyPointer policy = turn.shard.policy_of(sa.stack);
  const policy::Filter* filter = policy == nullptr ? nullptr : v2::successor_filter(*policy, child);
  sa.wishes.push_back({.name = turn.shard.next_generation(child.name.tunnel),
                       .rekeys = child.name,
                       .filter = filter == nullptr ? child.filter : v2::share(policy, filter),
                       .traffic = child.traffic,
                       .local_dyn_vpn_rule = child.local_dyn_vpn_rule,
                       .activation = child.activation});
  go_on(turn, sa);
  return true;
}

void take_quick_mode_answer(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode, const Received& message) {
  const wire::v1::Payloads& payloads = message.chain.payloads;
  const auto* answer = payloads.find<wire::v1::SecurityAssociation>();
  const auto* nonce = payloads.find<wire::v1::Nonce>();
  if (answer == nullptr || nonce == nullptr || !is_good(*nonce)) {
    return drop(turn, sa, "no SA, or no good NONCE, in quick mode's answer");
  }
  quick_mode.last_received = message.datagram.octets;
  quick_mode.last_sent.clear();
  quick_mode.outstanding.reset();
  quick_mode.iv = message.next_iv;
  const policy::DynVpnAction& action = *quick_mode.wish.filter->vpn;
  const GroupId group = quick_mode.key_exchange == nullptr ? GroupId::none : quick_mode.key_exchange->group();
  quick_mode.choice = chosen_phase2(action, *answer, terms_of(sa, selectors_of(quick_mode.wish.traffic), group));
  if (!quick_mode.choice) {
    return fail_quick_mode(turn, sa, quick_mode, "the peer chose what was not offered: " + describe(*answer));
  }
  keep_chosen_spis(turn, quick_mode);
  if (!are_ours(quick_mode, payloads)) return fail_quick_mode(turn, sa, quick_mode, "the peer changed the traffic");
  if (!derive_shared(quick_mode, payloads)) return fail_quick_mode(turn, sa, quick_mode, "no good public value");
  if (payloads.find(wire::v1::NotifyType::responder_lifetime) != nullptr) {
    tell(turn, CatalogueId::responder_lifetime_ignored, {{"peer", sa.remote.to_string()}});
  }
  quick_mode.nr = nonce->value;
  quick_mode.peer_commits = message.header.is_commit;
  conclude(turn, sa, quick_mode);
}

void send_confirmation(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode) {
  wire::v1::Payloads payloads;
  payloads.add(wire::v1::Hash{third_hash(sa, quick_mode)});
  quick_mode.last_sent =
      sealed(sa, header_of(sa, wire::ExchangeType::quick_mode, quick_mode.id), payloads, quick_mode.iv);
  send(turn, sa, quick_mode.last_sent);
}

void quick_mode_refused(Turn& turn, Phase1Sa& sa, const wire::v1::Notify& notify) {
  // By its SPI where the peer names one, and an SPI that is not here names none (RFC 2408 §5.14); else only one can be
  // meant. That of ISAKMP says nothing (RFC 2408 §3.14).
  const bool names_one = notify.protocol != std::to_underlying(wire::ProtocolId::ike) && !notify.spi.empty();
  QuickMode* meant = nullptr;
  std::size_t waiting = 0;
  for (const auto& quick_mode : sa.quick_modes) {
    if (quick_mode->state != QuickMode::State::offered) continue;
    ++waiting;
    const bool is_named = is_of(quick_mode->spis, notify.spi);
    if (meant == nullptr || is_named) meant = quick_mode.get();
    if (is_named) {
      waiting = 1;
      break;
    }
    if (names_one) --waiting;
  }
  if (waiting != 1) return;
  fail_quick_mode(turn, sa, *meant, "the peer answered with " + wire::v1::name_of(notify.type));
  go_on(turn, sa);
}

void quick_mode_timed_out(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode) {
  if (quick_mode.role == Role::responder) {
    ++turn.statistics.failed;
    return fail_quick_mode(turn, sa, quick_mode, {});
  }
  tell(turn, CatalogueId::retransmissions_exhausted,
       {{"exchange", wire::name_of(wire::ExchangeType::quick_mode)},
        {"local", sa.local.to_string()},
        {"peer", sa.remote.to_string()},
        {"count", std::to_string(quick_mode.outstanding->transmissions)}});
  fail_quick_mode(turn, sa, quick_mode, "no answer");
}

namespace {

/// Its successor is not negotiated any more under the SA that goes: under the one that has taken it, soon.
void refresh_again(Turn& turn, const Phase1Sa& sa, const ChildWish& wish) {
  constexpr Seconds soon{5};
  for (const auto& [owner, child] : turn.shard.same_traffic(sa, wish.traffic)) {
    if (child->name != wish.rekeys || child->superseded || child->expires_at <= turn.now + soon) continue;
    child->refresh_at = turn.now + soon;
    turn.shard.touch(*owner);
  }
}

}  // namespace

void abandon(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode, Ending ending) {
  if (quick_mode.state == QuickMode::State::done) return;
  if (quick_mode.role == Role::initiator && quick_mode.wish.rekeys) refresh_again(turn, sa, quick_mode.wish);
  release_spis(turn, quick_mode);
  // Of one that waits for the stack the tunnel has its child already.
  const bool is_without = quick_mode.state == QuickMode::State::offered || quick_mode.state == QuickMode::State::held;
  if (is_without && quick_mode.role == Role::initiator) turn.shard.wish_failed(sa, quick_mode.wish.name.tunnel, ending);
}

bool is_busy(const Phase1Sa& sa) {
  return !sa.wishes.empty() || std::ranges::any_of(sa.quick_modes, [](const auto& quick_mode) {
    return quick_mode->state != QuickMode::State::done;
  });
}

std::optional<Instant> last_message_arrives(const Phase1Sa& sa, Instant now) {
  std::optional<Instant> latest;
  for (const auto& quick_mode : sa.quick_modes) {
    if (quick_mode->is_known_at > latest && *quick_mode->is_known_at > now) latest = quick_mode->is_known_at;
  }
  return latest;
}

}  // namespace adit::ike::v1
