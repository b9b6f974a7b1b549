// A Child SA from the initiator's side.

#include <algorithm>

#include "ike/v2/child_exchange.h"
#include "ike/v2/child_install.h"
#include "ike/v2/child_lifetime.h"
#include "ike/v2/ending.h"
#include "ike/v2/proposals.h"
#include "ike/v2/timing.h"
#include "policy/match.h"

namespace adit::ike::v2 {

namespace {

constexpr std::size_t nonce_octets = 32;

using Mode = contract::EncapsulationMode;

void child_failed(Turn& turn, IkeSa& sa, const std::string& reason) {
  const std::unique_ptr<ChildNegotiation> failed = std::move(sa.negotiation);
  if (failed->inbound_spi != InboundSpi{}) turn.shard.release(failed->inbound_spi);
  if (failed->wish.rekeys) rekey_failed(turn, sa, *failed->wish.rekeys);
  ++turn.statistics.failed;
  tell(turn, CatalogueId::negotiation_failed,
       {{"tunnel", "Y" + std::to_string(failed->wish.name.tunnel.value())},
        {"peer", sa.remote.to_string()},
        {"reason", reason}});
  turn.shard.wish_failed(sa, failed->wish.name.tunnel, failed->cancelled ? Ending::by_operator : Ending::failed);
}

bool asks_for_transport(IkeSa& sa, const ChildWish& wish) {
  // A rekey keeps the mode: the traffic is the same (RFC 7296 §2.8).
  const ChildSa* old = wish.rekeys ? sa.find_child(*wish.rekeys) : nullptr;
  if (old != nullptr) return old->mode == Mode::transport;
  switch (wish.filter->vpn->how_to_encap_ikev2) {
    case policy::EncapsulationChoice::tunnel:
      return false;
    case policy::EncapsulationChoice::transport:
      return true;
    case policy::EncapsulationChoice::either:
      return fits_transport(sa, wish.traffic);
  }
  return false;
}

/// The peer's group for a second try (RFC 7296 §1.3): one that the action accepts. There is no third.
std::optional<GroupId> group_to_retry(const ChildNegotiation& negotiation, const wire::Notify& notify) {
  Reader in{notify.data};
  const auto group = static_cast<GroupId>(in.u16("group"));
  const auto& accepted = negotiation.wish.filter->vpn->acceptable_pfs;
  const bool fits = !in.failed() && std::ranges::find(accepted, group) != accepted.end() && !negotiation.wish.group;
  return fits ? std::optional{group} : std::nullopt;
}

/// The selectors of the packet that asks stand first, with protocol and ports (RFC 7296 §2.23.1): the peer is to narrow
/// to a part that has them (RFC 7296 §2.9).
wire::TrafficSelectorPayload proposal_of(const std::optional<TrafficSelector>& first, const TrafficSelectors& asked) {
  wire::TrafficSelectorPayload payload;
  const bool is_among = first && std::ranges::find(asked, *first) != asked.end();
  if (first && !(is_among && asked.size() == 1)) payload.selectors.push_back(*first);
  payload.selectors.insert(payload.selectors.end(), asked.begin(), asked.end());
  return payload;
}

/// Without a word to anybody: another SA does what was wished for.
void wish_withdrawn(Turn& turn, IkeSa& sa) {
  const std::unique_ptr<ChildNegotiation> withdrawn = std::move(sa.negotiation);
  turn.shard.release(withdrawn->inbound_spi);
  turn.shard.wish_failed(sa, withdrawn->wish.name.tunnel, Ending::by_peer);
}

/// Asks again for the same, at once or when the peer has time.
void wish_again(Turn& turn, IkeSa& sa) {
  ChildWish wish = std::move(sa.negotiation->wish);
  turn.shard.release(sa.negotiation->inbound_spi);
  sa.negotiation.reset();
  sa.wishes.insert(sa.wishes.begin(), std::move(wish));
}

/// The peer rekeys nothing under this SA, so a new one takes its place; false when no SA was to be rekeyed.
bool leave_for_a_new_ike_sa(Turn& turn, IkeSa& sa) {
  const std::optional<contract::ChildSaName> old = sa.negotiation->wish.rekeys;
  if (!old) return false;
  wish_withdrawn(turn, sa);
  rekey_failed(turn, sa, *old);  // should that come to nothing
  turn.shard.reauthenticate(sa);
  return true;
}

/// What the peer's error means for the wish; false when it ends it.
bool is_followed(Turn& turn, IkeSa& sa, const wire::Notify& error) {
  ChildNegotiation& negotiation = *sa.negotiation;
  switch (error.type) {
    case wire::NotifyType::invalid_ke_payload: {
      const auto group = group_to_retry(negotiation, error);
      if (!group) return false;
      negotiation.wish.group = group;
      wish_again(turn, sa);
      return true;
    }
    case wire::NotifyType::temporary_failure:  // RFC 7296 §2.25
      if (negotiation.cancelled) return false;
      if (++negotiation.wish.put_off > most_put_off) return leave_for_a_new_ike_sa(turn, sa);
      wish_again(turn, sa);
      be_patient(turn, sa);
      return true;
    case wire::NotifyType::child_sa_not_found: {  // RFC 7296 §2.25: it goes without a word, and a new one is asked for
      ChildSa* old = negotiation.wish.rekeys ? sa.find_child(*negotiation.wish.rekeys) : nullptr;
      if (old == nullptr || negotiation.cancelled) return false;
      ChildWish wish = std::move(negotiation.wish);
      turn.shard.release(negotiation.inbound_spi);
      sa.negotiation.reset();
      wish.rekeys.reset();
      sa.wishes.insert(sa.wishes.begin(), std::move(wish));
      remove_child(turn, sa, *old, Ending::by_peer);
      return true;
    }
    case wire::NotifyType::no_additional_sas:  // it has one SA for good: a new IKE SA brings the next (RFC 7296 §4)
      return !negotiation.cancelled && leave_for_a_new_ike_sa(turn, sa);
    default:
      return false;
  }
}

}  // namespace

std::optional<Identity> identity_for_filtering(const IkeSa& sa) {
  return sa.rule->action->filter_by_identity ? sa.remote_identity : std::nullopt;
}

bool refuse_wish(Turn& turn, IkeSa& sa) {
  if (sa.wishes.empty()) return false;
  const policy::Filter& filter = *sa.wishes.front().filter;
  std::string reason;
  if (!can_be_offered(*filter.vpn, path_of(sa))) {
    reason = can_be_offered(*filter.vpn, Path::direct) ? "AH does not pass the NAT on the way"
                                                       : "IKEv2 has no AH around ESP";
    reason += ", and IpDynVpnAction " + filter.vpn->name + " offers nothing else";
  } else if (!policy::is_meant_for(filter, identity_for_filtering(sa))) {
    reason = not_meant_for(filter, *sa.remote_identity);
  } else {
    return false;
  }
  sa.negotiation = std::make_unique<ChildNegotiation>();
  sa.negotiation->wish = std::move(sa.wishes.front());
  sa.wishes.erase(sa.wishes.begin());
  child_failed(turn, sa, reason);
  return true;
}

void ask_for_child(Turn& turn, IkeSa& sa, ChildWish wish, wire::ExchangeType exchange, wire::Payloads& request) {
  auto negotiation = std::make_unique<ChildNegotiation>();
  negotiation->wish = std::move(wish);
  negotiation->inbound_spi = turn.shard.draw_inbound_spi();
  const policy::DynVpnAction& action = *negotiation->wish.filter->vpn;
  // The first Child SA is keyed by IKE_SA_INIT (RFC 7296 §2.17): PFS is for the later ones, and where there is none the
  // proposals do not speak of groups (§1.2).
  const bool is_first = exchange == wire::ExchangeType::ike_auth;
  const GroupId group = is_first ? GroupId::none : negotiation->wish.group.value_or(action.initiate_with_pfs);

  if (negotiation->wish.rekeys) {
    // Named by its protocol (RFC 7296 §3.10) and the SPI on which we receive (RFC 7296 §1.3.3).
    const ChildSa& old = *sa.find_child(*negotiation->wish.rekeys);
    Writer spi;
    spi.u32(old.inbound_spi.value());
    request.add(wire::Notify{.protocol = std::to_underlying(old.transforms.protocol),
                             .spi = std::move(spi).take(),
                             .type = wire::NotifyType::rekey_sa});
  }
  negotiation->transport_asked = asks_for_transport(sa, negotiation->wish);
  if (negotiation->transport_asked) request.add(wire::Notify{.type = wire::NotifyType::use_transport_mode});
  request.add(wire::Notify{.type = wire::NotifyType::esp_tfc_padding_not_supported});
  request.add(child_offer(action, negotiation->inbound_spi, group, path_of(sa)));
  if (!is_first) {
    negotiation->nonce = turn.random.octets(nonce_octets);
    request.add(wire::Nonce{negotiation->nonce});
    if (group != GroupId::none) {  // the group of every proposal above (RFC 7296 §3.4)
      if (auto generated = crypto::KeyExchange::generate(group, turn.random)) {
        negotiation->key_exchange = *std::move(generated);
        const Bytes value = negotiation->key_exchange->public_value();
        request.add(wire::KeyExchange{.group = group, .value = {value.begin(), value.end()}});
      }
    }
  }
  const ChildWish& asked = negotiation->wish;
  const auto own = asked.first ? std::optional{asked.first->local} : std::nullopt;
  const auto peers = asked.first ? std::optional{asked.first->remote} : std::nullopt;
  request.add(wire::PayloadType::traffic_selectors_initiator, proposal_of(own, asked.traffic.local));
  request.add(wire::PayloadType::traffic_selectors_responder, proposal_of(peers, asked.traffic.remote));
  sa.negotiation = std::move(negotiation);
}

void take_child_answer(Turn& turn, IkeSa& sa, const wire::Payloads& answer, Bytes ni, Bytes nr) {
  ChildNegotiation& negotiation = *sa.negotiation;
  const policy::DynVpnAction& action = *negotiation.wish.filter->vpn;
  const auto* chosen = answer.find<wire::SecurityAssociation>();
  const auto* local = answer.find<wire::TrafficSelectorPayload>(wire::PayloadType::traffic_selectors_initiator);
  const auto* remote = answer.find<wire::TrafficSelectorPayload>(wire::PayloadType::traffic_selectors_responder);
  // An error that is not known means that nothing has come of it (RFC 7296 §3.10.1).
  if (chosen == nullptr || local == nullptr || remote == nullptr || answer.has_unknown_error()) {
    const wire::Notify* error = answer.find_error();
    if (negotiation.wish.rekeys && peer_was_first(sa, *negotiation.wish.rekeys)) return wish_withdrawn(turn, sa);
    if (error != nullptr && is_followed(turn, sa, *error)) return;
    if (error == nullptr) {  // it may have the SA all the same
      sa.spis_to_delete.push_back({first_protocol(action, path_of(sa)), negotiation.inbound_spi});
    }
    const std::string notify = error == nullptr ? "no SA" : wire::name_of(error->type);
    tell(turn, CatalogueId::error_notify_received,
         {{"peer", sa.remote.to_string()}, {"exchange", "the request for a Child SA"}, {"notify", notify}});
    return child_failed(turn, sa, "the peer answered with " + notify);
  }

  const GroupId group = negotiation.key_exchange ? negotiation.key_exchange->group() : GroupId::none;
  const auto choice = chosen_child(action, group, *chosen, path_of(sa));
  const auto give_back = [&](const std::string& reason) {
    // The peer has the SA: it is told that nobody uses it (RFC 7296 §1.4.1).
    const auto protocol = choice ? choice->transforms.protocol : contract::SaProtocol::esp;
    sa.spis_to_delete.push_back({protocol, negotiation.inbound_spi});
    child_failed(turn, sa, reason);
  };
  if (!choice) {  // RFC 7296 §3.3.6
    return give_back("the peer chose what was not offered: " + describe(*chosen));
  }
  // Its Delete was faster than the response, which had to be repeated.
  const auto& deleted = negotiation.deleted_by_peer;
  if (std::ranges::find(deleted, Spi{choice->peer_spi.value()}) != deleted.end()) {
    return child_failed(turn, sa, "the peer has deleted it again");
  }
  if (negotiation.cancelled) return give_back("deactivated by command");
  // Of the first Child SA, asked for before the peer had said who it is.
  const policy::Filter& filter = *negotiation.wish.filter;
  if (!policy::is_meant_for(filter, identity_for_filtering(sa))) {
    return give_back(not_meant_for(filter, *sa.remote_identity));
  }
  if (local->selectors.empty() || remote->selectors.empty())
    return give_back("the peer's traffic selectors are unknown");
  const bool transport = answer.find(wire::NotifyType::use_transport_mode) != nullptr;
  const auto agreed_traffic = transport ? policy::Traffic::of(local_as_seen_here(sa, local->selectors),
                                                              remote_as_seen_here(sa, remote->selectors))
                                        : policy::Traffic::of(local->selectors, remote->selectors);
  if (!negotiation.wish.traffic.contains(agreed_traffic)) {
    return give_back("the peer's traffic selectors are not within those asked for: " + agreed_traffic.to_string());
  }
  if (std::max(agreed_traffic.local.size(), agreed_traffic.remote.size()) > most_traffic_selectors) {
    return give_back("the peer has cut the traffic into too many selectors");
  }
  const bool must_be_transport = action.how_to_encap_ikev2 == policy::EncapsulationChoice::transport;
  // The peer may decline transport mode; who cannot do with the other one deletes the SA (RFC 7296 §1.3.1).
  if ((must_be_transport && !transport) || (transport && !negotiation.transport_asked)) {
    tell(turn, CatalogueId::mode_not_acceptable,
         {{"action", action.name},
          {"acceptable", must_be_transport ? "Transport" : "Tunnel"},
          {"peer", sa.remote.to_string()},
          {"offered", transport ? "Transport" : "Tunnel"}});
    return give_back("its encapsulation mode is not acceptable");
  }
  Secret shared;
  if (negotiation.key_exchange != nullptr) {
    const auto* exchange = answer.find<wire::KeyExchange>();
    auto derived = exchange != nullptr && exchange->group == group
                       ? negotiation.key_exchange->derive(exchange->value)
                       : std::unexpected{crypto::KeyExchangeError::bad_value};
    if (!derived) return give_back("the peer's KE payload is not valid");
    shared = *std::move(derived);
  }

  const std::unique_ptr<ChildNegotiation> agreed = std::move(sa.negotiation);
  // Nothing is sent by an SA that is deleted as soon as it is there.
  const bool is_to_go = agreed->wish.rekeys && loses_to_rival(sa, *agreed->wish.rekeys, NonceRank::of(ni, nr));
  install(turn, sa,
          {.name = agreed->wish.name,
           .choice = *choice,
           .inbound_spi = agreed->inbound_spi,
           .mode = transport ? Mode::transport : Mode::tunnel,
           .traffic = agreed_traffic,
           .filter = agreed->wish.filter,
           .local_dyn_vpn_rule = agreed->wish.local_dyn_vpn_rule,
           .activation = agreed->wish.activation,
           .group = agreed->nonce.empty() ? sa.algorithms.group : group,
           .replaces = agreed->wish.rekeys,
           .sending = is_to_go ? contract::SendingBegins::when_peer_is_ready : contract::SendingBegins::at_once},
          Role::initiator, shared, ni, nr);
}

}  // namespace adit::ike::v2
