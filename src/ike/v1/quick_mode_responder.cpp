// Quick mode as responder (RFC 2409 §5, §5.5): message 2, and what message 3 brings.

#include <algorithm>

#include "ike/v1/doubles.h"
#include "ike/v1/ending.h"
#include "ike/v1/informational.h"
#include "ike/v1/phase1_parts.h"
#include "ike/v1/quick_mode_parts.h"
#include "ike/v1/timing.h"
#include "policy/match.h"

namespace adit::ike::v1 {

namespace {

struct Asked {
  policy::SelectorPair selectors;
  std::vector<wire::v1::Identification> ids;  ///< as they came, for the answer
};

/// IDci and IDcr; without them the peers themselves are meant (RFC 2409 §5.5).
std::optional<Asked> asked_for(const Phase1Sa& sa, const wire::v1::Payloads& payloads) {
  Asked asked;
  for (const wire::v1::Payload& payload : payloads.items()) {
    if (const auto* id = std::get_if<wire::v1::Identification>(&payload.body)) asked.ids.push_back(*id);
  }
  if (asked.ids.empty()) {
    asked.selectors = {.local = {.addresses = IpRange::of(sa.local.address)},
                       .remote = {.addresses = IpRange::of(sa.remote.address)}};
    return asked;
  }
  if (asked.ids.size() != 2) return std::nullopt;
  const auto remote = asked.ids[0].selector();
  const auto local = asked.ids[1].selector();
  if (!remote || !local || remote->protocol != local->protocol) return std::nullopt;
  asked.selectors = {.local = *local, .remote = *remote};
  // In transport mode through a NAT each end knows addresses of its own for both: ours stand in for the peer's
  // (RFC 3948 §5.1).
  const bool is_pair_of_hosts = local->addresses.is_single() && remote->addresses.is_single();
  const bool has_original = payloads.find<wire::v1::NatOriginalAddress>() != nullptr;
  if (is_pair_of_hosts && has_original && (sa.nat_local || sa.nat_remote)) {
    asked.selectors.local.addresses = IpRange::of(sa.local.address);
    asked.selectors.remote.addresses = IpRange::of(sa.remote.address);
  }
  return asked;
}

/// One notify for all proposals that are not taken (RFC 2408 §5.4), whatever was wrong with each (RFC 2408 §5.6).
void refuse(Turn& turn, Phase1Sa& sa, wire::v1::NotifyType type, const wire::v1::SecurityAssociation* offered) {
  ByteString spi;
  if (offered != nullptr) spi = offered->proposals.front().spi;
  send_notify(turn, sa,
              {.protocol = offered == nullptr ? std::uint8_t{0} : offered->proposals.front().protocol,
               .spi = std::move(spi),
               .type = type});
}

/// The rule that lets the traffic: it must contain all that is asked for (reference §4.7).
FilterPointer filter_for(Turn& turn, const Phase1Sa& sa, const policy::SelectorPair& selectors) {
  const policy::PolicyPointer policy = turn.shard.policy_of(sa.stack);
  if (policy == nullptr) return nullptr;
  const auto narrowed =
      policy::narrow(policy->filter, {selectors.local}, {selectors.remote}, identity_for_filtering(sa));
  if (!narrowed || narrowed->traffic != policy::Traffic::of(selectors)) return nullptr;
  return v2::share(policy, narrowed->filter);
}

/// The peer has as many SAs as it may have. Each may have a successor beside it: who has more does not delete what it
/// has replaced.
bool is_full(Turn& turn, const Phase1Sa& sa, const ChildSa* replaced) {
  const std::size_t most = turn.options.child_sas_per_ike_sa;
  if (sa.children.size() < (replaced == nullptr ? most : 2 * most)) return false;
  tell(turn, CatalogueId::negotiation_failed,
       {{"tunnel", name_of_tunnel(sa)},
        {"peer", sa.remote.to_string()},
        {"reason", "it wants more than " + std::to_string(most) + " phase 2 SAs under one phase 1 SA"}});
  return true;
}

bool is_third_message(const Phase1Sa& sa, const QuickMode& quick_mode, const Received& message) {
  const auto* hash = message.chain.payloads.find<wire::v1::Hash>();
  return hash != nullptr && equal_in_constant_time(hash->value, third_hash(sa, quick_mode));
}

}  // namespace

void answer_quick_mode(Turn& turn, Phase1Sa& sa, const Received& message) {
  const wire::v1::Payloads& payloads = message.chain.payloads;
  const auto* offered = payloads.find<wire::v1::SecurityAssociation>();
  const auto* nonce = payloads.find<wire::v1::Nonce>();
  if (offered == nullptr || nonce == nullptr || !is_good(*nonce)) {
    return drop(turn, sa, "no SA, or no good NONCE, in quick mode");
  }
  if (payloads.count(wire::v1::PayloadType::security_association) != 1) {
    // RFC 2409 §5.5 lets a peer ask for several at once, and nobody has to take them so.
    drop(turn, sa, "several SAs in one quick mode");
    return refuse(turn, sa, wire::v1::NotifyType::no_proposal_chosen, offered);
  }
  const auto asked = asked_for(sa, payloads);
  const FilterPointer filter = asked ? filter_for(turn, sa, asked->selectors) : nullptr;
  if (filter == nullptr) {
    tell(turn, CatalogueId::no_filter_rule_for_traffic,
         {{"peer", sa.remote.to_string()},
          {"offered", asked ? asked->selectors.local.to_string() + " to " + asked->selectors.remote.to_string()
                            : "identities that name no traffic"},
          {"acceptable", "what one IpFilterRule with an IpDynVpnAction contains"}});
    return refuse(turn, sa, wire::v1::NotifyType::invalid_id_information, offered);
  }
  const ChildSa* old = current_of(turn, sa, policy::Traffic::of(asked->selectors));
  // What a peer has it keeps when it moves behind its NAT.
  if (old == nullptr && !policy::ends_at(*filter, sa.remote.address)) {
    tell(turn, CatalogueId::no_filter_rule_for_traffic,
         {{"peer", sa.remote.to_string()},
          {"offered", sa.remote.address.to_string()},
          {"acceptable", filter->local_start->remote_endpoint->to_string() +
                             " as the security endpoint of IpFilterRule " + filter->rule}});
    return refuse(turn, sa, wire::v1::NotifyType::invalid_id_information, offered);
  }
  if (filter->vpn->initiation == policy::Initiation::local_only && old == nullptr) {
    tell(turn, CatalogueId::response_forbidden, {{"rule", filter->rule}, {"peer", sa.remote.to_string()}});
    return refuse(turn, sa, wire::v1::NotifyType::invalid_id_information, offered);
  }
  if (is_full(turn, sa, old)) return refuse(turn, sa, wire::v1::NotifyType::no_proposal_chosen, offered);
  auto quick_mode = std::make_unique<QuickMode>();
  const Phase2Terms terms = terms_of(sa, asked->selectors, GroupId::none);
  draw_spis(turn, *quick_mode, *filter->vpn, terms);  // RFC 2408 §2.4
  const auto chosen = choose_phase2(*filter->vpn, *offered, quick_mode->spis, terms);
  const bool has_public_value = payloads.find<wire::v1::KeyExchange>() != nullptr;
  if (!chosen || has_public_value != (chosen->choice.group != GroupId::none)) {
    release_spis(turn, *quick_mode);
    tell(turn, CatalogueId::no_child_proposal_chosen,
         {{"peer", sa.remote.to_string()},
          {"rule", filter->rule},
          {"action", filter->vpn->name},
          {"offered", describe(*offered)},
          {"acceptable", describe_acceptable(*filter->vpn)}});
    return refuse(turn, sa, wire::v1::NotifyType::no_proposal_chosen, offered);
  }
  quick_mode->choice = chosen->choice;
  keep_chosen_spis(turn, *quick_mode);
  if (has_public_value) {
    auto made = crypto::KeyExchange::generate(chosen->choice.group, turn.random);
    const bool is_made = made.has_value();
    if (is_made) quick_mode->key_exchange = *std::move(made);
    if (!is_made || !derive_shared(*quick_mode, payloads)) {
      release_spis(turn, *quick_mode);
      return refuse(turn, sa, wire::v1::NotifyType::invalid_key_information, offered);
    }
  }
  quick_mode->id = message.header.id;
  quick_mode->role = Role::responder;
  quick_mode->peer_commits = message.header.is_commit;
  quick_mode->state = QuickMode::State::answered;
  quick_mode->last_received = message.datagram.octets;
  quick_mode->iv = message.next_iv;
  quick_mode->ni = nonce->value;
  quick_mode->nr = turn.random.octets(nonce_size);
  if (old != nullptr) quick_mode->replaces = old->name;
  quick_mode->wish = {.name = {},
                      .filter = filter,
                      .traffic = policy::Traffic::of(asked->selectors),
                      .local_dyn_vpn_rule = old == nullptr ? std::string{} : old->local_dyn_vpn_rule,
                      .activation = old == nullptr ? Activation::remote : old->activation};
  wire::v1::Payloads answer;
  answer.add(chosen->answer);
  answer.add(wire::v1::Nonce{quick_mode->nr});
  if (quick_mode->key_exchange != nullptr) {
    const Bytes value = quick_mode->key_exchange->public_value();
    answer.add(wire::v1::KeyExchange{{value.begin(), value.end()}});
  }
  for (const wire::v1::Identification& id : asked->ids) answer.add(id);
  if (sa.is_in_udp() && chosen->choice.mode == contract::EncapsulationMode::transport) {
    add_original_addresses(answer, sa, Role::responder);  // RFC 3947 §5.2
  }
  ByteString octets = sealed_with_hash(sa, header_of(sa, wire::ExchangeType::quick_mode, quick_mode->id), answer,
                                       quick_mode->iv, quick_mode->ni);
  sa.quick_modes.push_back(std::move(quick_mode));
  QuickMode& begun = *sa.quick_modes.back();
  // Only when all messages are there may a peer with the commit bit be sent to, or send (RFC 2408 §3.1).
  if (begun.peer_commits) return send_and_repeat(turn, sa, begun, std::move(octets));
  // Message 1 may be a replay: the pair receives, and nothing is sent by it before message 3 has come.
  constexpr Seconds install_wait{10};
  begun.state = QuickMode::State::preparing;
  begun.held_answer = std::move(octets);
  begun.forget_at = turn.now + install_wait;
  begun.installs_early = true;
  begun.wish.name = old != nullptr
                        ? turn.shard.next_generation(old->name.tunnel)
                        : contract::ChildSaName{.tunnel = turn.shard.number_dynamic_tunnel(), .generation = 1};
  install(turn, sa, begun);
}

void take_quick_mode_confirmation(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode, const Received& message) {
  if (!is_third_message(sa, quick_mode, message)) {
    return drop(turn, sa, "HASH(3) of quick mode is wrong");
  }
  follow_peer(turn, sa, message.datagram);
  quick_mode.last_received = message.datagram.octets;
  quick_mode.last_sent.clear();
  quick_mode.outstanding.reset();
  quick_mode.peer_commits |= message.header.is_commit;  // at any time (RFC 2408 §3.1)
  conclude(turn, sa, quick_mode);
}

void refuse_last_message(Turn& turn, QuickMode& quick_mode) {
  release_spis(turn, quick_mode);
  const bool is_expected = quick_mode.state == QuickMode::State::answered;
  quick_mode.deleted_protocol = is_expected ? std::optional{quick_mode.choice->transforms.protocol} : std::nullopt;
  quick_mode.outstanding.reset();
  quick_mode.last_sent.clear();
  quick_mode.held_answer.clear();
  finish(turn, quick_mode);
}

namespace {

/// False when the peer has begun so many that are not done. Of those that are the oldest is repeated no more.
bool make_room(Phase1Sa& sa) {
  const auto is_of_peer = [](const auto& each) { return each->role == Role::responder; };
  const auto is_over = [&](const auto& each) { return is_of_peer(each) && each->state == QuickMode::State::done; };
  if (static_cast<std::size_t>(std::ranges::count_if(sa.quick_modes, is_of_peer)) < most_quick_modes) return true;
  const auto oldest = std::ranges::find_if(sa.quick_modes, is_over);
  if (oldest == sa.quick_modes.end()) return false;
  sa.quick_modes.erase(oldest);
  return true;
}

}  // namespace

void receive_quick_mode(Turn& turn, Phase1Sa& sa, const Datagram& datagram, const wire::v1::Header& header) {
  // Phase 2 alone, and protected (RFC 2409 §4, §5.5).
  if (!is_up(sa.state) || !header.is_encrypted || header.id == MessageId{}) {
    return drop(turn, sa, "quick mode without an SA that is up, in clear, or with message ID 0");
  }
  QuickMode* known = sa.find_quick_mode(header.id);
  if (known != nullptr && known->last_received == datagram.octets) {
    if (known->last_sent.empty()) return;  // being worked on
    ++turn.statistics.replayed;
    // What the peer lacks it must get before this side leaves the older pair.
    if (known->is_known_at) known->is_known_at = turn.now + hand_over;
    for (Phase1Sa::Replaced& entry : sa.replaced) entry.delete_at = std::max(entry.delete_at, turn.now + hand_over);
    return send(turn, sa, known->last_sent);
  }
  const auto message = open(turn, sa, datagram, header, known == nullptr ? first_iv(sa, header.id) : known->iv);
  if (!message) return;
  if (known == nullptr) {
    if (!has_right_hash(sa, *message)) return drop(turn, sa, "HASH(1) of quick mode is wrong");
    if (sa.exchanges.has(header.id)) return drop(turn, sa, "the message ID of an exchange that is over");
    follow_peer(turn, sa, datagram);
    if (!sa.quick_modes_asked.admits(turn.options.create_child_requests_per_second, turn.now)) {
      return drop(turn, sa, "too many quick modes in a second");
    }
    if (!make_room(sa)) return drop(turn, sa, "too many quick modes at once");
    if (message->chain.payloads.find(wire::v1::NotifyType::initial_contact) != nullptr) {  // RFC 2407 §4.6.3.3
      turn.shard.authenticated(sa, Shard::Contact::initial);
    }
    sa.exchanges.add(header.id, Exchange::quick_mode);
    return answer_quick_mode(turn, sa, *message);
  }
  switch (known->state) {
    case QuickMode::State::offered:
      if (!has_right_hash(sa, *message, known->ni)) return drop(turn, sa, "HASH(2) of quick mode is wrong");
      follow_peer(turn, sa, datagram);
      return take_quick_mode_answer(turn, sa, *known, *message);
    case QuickMode::State::answered:
      return take_quick_mode_confirmation(turn, sa, *known, *message);
    case QuickMode::State::done:
      if (known->deleted_protocol && is_third_message(sa, *known, *message)) {
        send_delete(turn, sa, *std::exchange(known->deleted_protocol, std::nullopt), {known->spis.spi});
        if (known->spis.ah) send_delete(turn, sa, contract::SaProtocol::ah, {*known->spis.ah});
        return;
      }
      [[fallthrough]];
    case QuickMode::State::preparing:
    case QuickMode::State::installing:
    case QuickMode::State::held:
    case QuickMode::State::confirmed:
      return drop(turn, sa, "no more messages are expected in that quick mode");
  }
}

bool is_stalled(Phase1Sa& sa, contract::ChildSaName name) {
  const QuickMode* quick_mode = sa.quick_mode_of(name);
  return quick_mode != nullptr && quick_mode->role == Role::responder && quick_mode->outstanding &&
         quick_mode->outstanding->transmissions > 1;
}

void refuse_prepared(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode) {
  Writer spi;
  spi.u32(quick_mode.choice->peer_spi.value());
  const wire::v1::Notify notify{.protocol = std::to_underlying(quick_mode.choice->transforms.protocol),
                                .spi = std::move(spi).take(),
                                .type = wire::v1::NotifyType::no_proposal_chosen};
  remove_child(turn, sa, quick_mode.wish.name, Ending::failed);
  send_notify(turn, sa, notify);
}

void install_answered(Turn& turn, Phase1Sa& sa, const contract::InstallResult& result) {
  ChildSa* child = sa.find_child(result.name);
  QuickMode* quick_mode = sa.quick_mode_of(result.name);
  if (child == nullptr || child->state != ChildState::in_negotiation) return;
  if (result.refused) {
    tell(turn, CatalogueId::stack_refused,
         {{"stack", sa.stack.text},
          {"tunnel", "Y" + std::to_string(result.name.tunnel.value())},
          {"reason", *result.refused}});
    child->installed = false;
    if (quick_mode != nullptr && quick_mode->state == QuickMode::State::preparing) {
      return refuse_prepared(turn, sa, *quick_mode);
    }
    return delete_child(turn, sa, result.name, Ending::failed);
  }
  if (quick_mode != nullptr && quick_mode->state == QuickMode::State::preparing) {
    quick_mode->state = QuickMode::State::answered;
    return send_and_repeat(turn, sa, *quick_mode, std::exchange(quick_mode->held_answer, {}));
  }
  if (quick_mode != nullptr) {
    if (quick_mode->role == Role::initiator && !quick_mode->peer_commits) send_confirmation(turn, sa, *quick_mode);
    if (quick_mode->sends_when_told) {
      turn.step.stack.emplace_back(contract::BeginSending{.stack = sa.stack, .name = child->name});
    }
    finish(turn, *quick_mode);
  }
  become_active(turn, sa, *child);
  go_on(turn, sa);
}

}  // namespace adit::ike::v1
