// A Child SA from the responder's side.

#include <algorithm>

#include "ike/v2/acceptable_traffic.h"
#include "ike/v2/auth.h"
#include "ike/v2/child_exchange.h"
#include "ike/v2/child_install.h"
#include "ike/v2/child_lifetime.h"
#include "ike/v2/ending.h"
#include "ike/v2/machine.h"
#include "ike/v2/proposals.h"
#include "ike/v2/requests.h"
#include "ike/v2/sending.h"

namespace adit::ike::v2 {

namespace {

constexpr std::size_t nonce_octets = 32;
constexpr Seconds doubles_wait{2};   // for exchanges under way, before one of two SAs for the same traffic goes
constexpr Seconds install_wait{10};  // for the stack, before the peer is told that there is no child

using Mode = contract::EncapsulationMode;

/// Why there is no child, for the peer; the operator has been told.
struct NoChild {
  wire::NotifyType notify{};
  ByteString octets;
  std::uint8_t protocol = 0;  ///< with an SPI, for CHILD_SA_NOT_FOUND (RFC 7296 §3.10)
  ByteString spi;
};

struct Terms {  // where, what for, and for whom
  policy::Narrowed narrowed;
  Mode mode{};
  const ChildSa* rekeyed = nullptr;
};

bool is_childless(const wire::Payloads& request) {
  return request.find<wire::SecurityAssociation>() == nullptr &&
         request.count(wire::PayloadType::traffic_selectors_initiator) == 0 &&
         request.count(wire::PayloadType::traffic_selectors_responder) == 0;
}

bool is_being_rekeyed(const IkeSa& sa, const contract::ChildSaName& name) {
  return std::ranges::any_of(sa.children, [&](const ChildSa& child) {
    return child.creator == Role::responder && child.state == ChildState::in_negotiation && child.replaces == name;
  });
}

/// The peer has as many Child SAs under the IKE SA as it may have (RFC 7296 §1.3). Each may have a successor beside it:
/// who has more does not delete what it has rekeyed.
std::optional<NoChild> is_full(Turn& turn, const IkeSa& sa, bool is_rekey) {
  const std::size_t most = turn.options.child_sas_per_ike_sa;
  if (is_rekey) {
    if (sa.children.size() < 2 * most) return std::nullopt;
    return NoChild{wire::NotifyType::temporary_failure, {}};
  }
  if (sa.children.size() < most) return std::nullopt;
  tell(turn, CatalogueId::negotiation_failed,
       {{"tunnel", "K" + std::to_string(sa.tunnel.value())},
        {"peer", sa.remote.to_string()},
        {"reason", "it wants more than " + std::to_string(most) + " Child SAs under one IKE SA"}});
  return NoChild{wire::NotifyType::no_additional_sas, {}};
}

std::optional<AnswerInWaiting> take_waiting(IkeSa& sa, MessageId id) {
  const auto found = std::ranges::find(sa.waiting, id, &AnswerInWaiting::id);
  if (found == sa.waiting.end()) return std::nullopt;
  std::optional<AnswerInWaiting> taken{std::move(*found)};
  sa.waiting.erase(found);
  if (sa.waiting.empty()) sa.waiting.shrink_to_fit();  // most SAs wait once, and there are many
  return taken;
}

struct Proposed {
  const TrafficSelectors &local, &remote;
  bool transport = false;
};
struct Found {
  policy::Narrowed narrowed;
  Mode mode{};
};

/// The rule of the policy for what the peer proposes. In transport mode it is looked for by the addresses that this end
/// sees; where none allows transport mode so, by those that the peer sent, in tunnel mode (RFC 7296 §2.23.1).
std::optional<Found> look_up(const IkeSa& sa, const policy::FilterPolicy& policy, const Proposed& proposed) {
  const auto peer_for_filtering = identity_for_filtering(sa);
  if (proposed.transport) {
    auto narrowed = policy::narrow(policy, local_as_seen_here(sa, proposed.local),
                                   remote_as_seen_here(sa, proposed.remote), peer_for_filtering);
    const bool may_be_transport =
        narrowed && narrowed->filter->vpn->how_to_encap_ikev2 != policy::EncapsulationChoice::tunnel;
    if (may_be_transport && fits_transport(sa, narrowed->traffic)) return Found{*std::move(narrowed), Mode::transport};
  }
  auto narrowed = policy::narrow(policy, proposed.local, proposed.remote, peer_for_filtering);
  if (!narrowed) return std::nullopt;
  return Found{*std::move(narrowed), Mode::tunnel};
}

std::expected<Terms, NoChild> settle_terms(Turn& turn, IkeSa& sa, const wire::Payloads& request,
                                           const policy::PolicyPointer& policy) {
  const auto* tsi = request.find<wire::TrafficSelectorPayload>(wire::PayloadType::traffic_selectors_initiator);
  const auto* tsr = request.find<wire::TrafficSelectorPayload>(wire::PayloadType::traffic_selectors_responder);
  const bool has_offer = request.find<wire::SecurityAssociation>() != nullptr;
  if (!has_offer || tsi == nullptr || tsr == nullptr)
    return std::unexpected{NoChild{wire::NotifyType::invalid_syntax, {}}};
  const std::string peer = sa.remote.to_string();
  Terms terms;
  if (const wire::Notify* rekey = request.find(wire::NotifyType::rekey_sa)) {
    Reader in{rekey->spi};
    const OutboundSpi spi{in.u32("SPI")};
    terms.rekeyed = sa.find_child(static_cast<contract::SaProtocol>(rekey->protocol), spi);
    // Perhaps it is the one that our own request makes, and the peer's answer is still under way.
    if (terms.rekeyed == nullptr && sa.negotiation != nullptr) {
      return std::unexpected{NoChild{wire::NotifyType::temporary_failure, {}}};
    }
    if (terms.rekeyed == nullptr) {  // RFC 7296 §2.25
      return std::unexpected{
          NoChild{.notify = wire::NotifyType::child_sa_not_found, .protocol = rekey->protocol, .spi = rekey->spi}};
    }
    // Being closed, or not yet there (RFC 7296 §2.25.1), or a request before this one rekeys it already.
    if (terms.rekeyed->state != ChildState::active || is_being_rekeyed(sa, terms.rekeyed->name)) {
      return std::unexpected{NoChild{wire::NotifyType::temporary_failure, {}}};
    }
  }

  if (const auto full = is_full(turn, sa, terms.rekeyed != nullptr)) return std::unexpected{*full};

  const bool transport_asked = request.find(wire::NotifyType::use_transport_mode) != nullptr;
  const Proposed proposed{.local = tsr->selectors, .remote = tsi->selectors, .transport = transport_asked};
  const auto found = policy == nullptr ? std::nullopt : look_up(sa, policy->filter, proposed);
  const std::string offered = to_string(proposed.local) + " here, " + to_string(proposed.remote) + " there";
  if (!found) {
    tell(turn, CatalogueId::no_filter_rule_for_traffic,
         {{"peer", peer}, {"offered", offered}, {"acceptable", acceptable_traffic(policy)}});
    return std::unexpected{NoChild{wire::NotifyType::ts_unacceptable, {}}};
  }
  const policy::Narrowed* narrowed = &found->narrowed;
  terms.narrowed = *narrowed;
  terms.mode = found->mode;
  // What is in use may not become narrower (RFC 7296 §2.9.2).
  if (terms.rekeyed != nullptr && !narrowed->traffic.contains(terms.rekeyed->traffic)) {
    tell(turn, CatalogueId::no_filter_rule_for_traffic,
         {{"peer", peer},
          {"offered", offered},
          {"acceptable", "no less than the rekeyed " + terms.rekeyed->traffic.to_string()}});
    return std::unexpected{NoChild{wire::NotifyType::ts_unacceptable, {}}};
  }
  const policy::Filter& filter = *narrowed->filter;
  const policy::DynVpnAction& action = *filter.vpn;
  // What a peer has it keeps when it moves behind its NAT.
  if (terms.rekeyed == nullptr && !policy::ends_at(filter, sa.remote.address)) {
    tell(turn, CatalogueId::no_filter_rule_for_traffic,
         {{"peer", peer},
          {"offered", sa.remote.address.to_string()},
          {"acceptable", filter.local_start->remote_endpoint->to_string() +
                             " as the security endpoint of IpFilterRule " + filter.rule}});
    return std::unexpected{NoChild{wire::NotifyType::ts_unacceptable, {}}};
  }
  if (action.initiation == policy::Initiation::local_only && terms.rekeyed == nullptr) {
    tell(turn, CatalogueId::response_forbidden, {{"rule", filter.rule}, {"peer", peer}});
    return std::unexpected{NoChild{wire::NotifyType::no_proposal_chosen, {}}};
  }

  const bool must_be_transport = action.how_to_encap_ikev2 == policy::EncapsulationChoice::transport;
  if (must_be_transport && terms.mode != Mode::transport) {
    tell(turn, CatalogueId::mode_not_acceptable,
         {{"action", action.name},
          {"acceptable", "Transport"},
          {"peer", peer},
          {"offered", transport_asked ? "Transport, between other addresses "
                                        "than the security endpoints"
                                      : "Tunnel"}});
    return std::unexpected{NoChild{wire::NotifyType::no_proposal_chosen, {}}};
  }
  return terms;
}

/// Groups in the order of choice: the one the peer has sent a value for comes first where it is acceptable.
std::vector<GroupId> acceptable_groups(const policy::DynVpnAction& action, const wire::KeyExchange* sent) {
  std::vector<GroupId> groups = action.acceptable_pfs;
  if (groups.empty()) groups.push_back(GroupId::none);
  if (sent != nullptr) {
    const auto same = std::ranges::find(groups, sent->group);
    if (same != groups.end()) std::rotate(groups.begin(), same, same + 1);
  }
  return groups;
}

/// A rekey, or a new IKE SA's child for traffic that the same peer's older one has, goes on under the tunnel's name.
contract::ChildSaName name_of_child(Turn& turn, const IkeSa& sa, const Terms& terms) {
  if (terms.rekeyed != nullptr) return turn.shard.next_generation(terms.rekeyed->name.tunnel);
  if (const auto tunnel = turn.shard.tunnel_with_peer(sa, terms.narrowed.traffic)) {
    return turn.shard.next_generation(*tunnel);
  }
  return {.tunnel = turn.shard.number_dynamic_tunnel(), .generation = 1};
}

/// Installs the child and adds its payloads to the answer.
std::expected<contract::ChildSaName, NoChild> agree(Turn& turn, IkeSa& sa, const Received& request,
                                                    wire::Payloads& answer) {
  const policy::PolicyPointer policy = turn.shard.policy_of(sa.stack);
  const auto terms = settle_terms(turn, sa, request.payloads, policy);
  if (!terms) return std::unexpected{terms.error()};
  const policy::Filter& filter = *terms->narrowed.filter;
  const policy::DynVpnAction& action = *filter.vpn;
  const bool is_first = request.exchange == wire::ExchangeType::ike_auth;
  const auto* offered = request.payloads.find<wire::SecurityAssociation>();
  const auto* exchange = is_first ? nullptr : request.payloads.find<wire::KeyExchange>();
  const auto groups = is_first ? std::vector{GroupId::none} : acceptable_groups(action, exchange);
  const auto choice = choose_child(action, groups, *offered, path_of(sa));
  if (!choice) {
    tell(turn, CatalogueId::no_child_proposal_chosen,
         {{"peer", sa.remote.to_string()},
          {"rule", filter.rule},
          {"action", action.name},
          {"offered", describe(*offered)},
          {"acceptable", describe_acceptable(action, path_of(sa))}});
    return std::unexpected{NoChild{wire::NotifyType::no_proposal_chosen, {}}};
  }

  ByteString ni, nr;
  Secret shared;
  wire::Payloads exchanged;
  if (is_first) {
    ni = sa.establishing->ni;
    nr = sa.establishing->nr;
  } else {
    const auto* nonce = request.payloads.find<wire::Nonce>();
    if (nonce == nullptr) return std::unexpected{NoChild{wire::NotifyType::invalid_syntax, {}}};
    ni = nonce->value;
    nr = turn.random.octets(nonce_octets);
    exchanged.add(wire::Nonce{nr});
    // Without a group a KE payload is passed over and none sent (RFC 7296 §3.3.6); of another group it is refused
    // (§1.3, §3.4).
    if (choice->group != GroupId::none) {
      if (exchange == nullptr || exchange->group != choice->group) {
        Writer wanted;
        wanted.u16(std::to_underlying(choice->group));
        return std::unexpected{NoChild{wire::NotifyType::invalid_ke_payload, std::move(wanted).take()}};
      }
      const auto own = crypto::KeyExchange::generate(choice->group, turn.random);
      auto derived = own ? (*own)->derive(exchange->value) : std::unexpected{own.error()};
      if (!derived) return std::unexpected{NoChild{wire::NotifyType::invalid_syntax, {}}};
      shared = *std::move(derived);
      const Bytes value = (*own)->public_value();
      exchanged.add(wire::KeyExchange{.group = choice->group, .value = {value.begin(), value.end()}});
    }
  }

  const InboundSpi spi = turn.shard.draw_inbound_spi();
  const contract::ChildSaName name = name_of_child(turn, sa, *terms);
  const bool is_further = name.generation != 1;
  // Without it the SA is one of tunnel mode (RFC 7296 §1.3.1).
  if (terms->mode == Mode::transport) answer.add(wire::Notify{.type = wire::NotifyType::use_transport_mode});
  answer.add(wire::Notify{.type = wire::NotifyType::esp_tfc_padding_not_supported});
  answer.add(child_answer(*choice, spi));
  for (const wire::Payload& payload : exchanged.items()) answer.add(payload.type, payload.body);
  const policy::Traffic& traffic = terms->narrowed.traffic;
  answer.add(wire::PayloadType::traffic_selectors_initiator, wire::TrafficSelectorPayload{traffic.remote});
  answer.add(wire::PayloadType::traffic_selectors_responder, wire::TrafficSelectorPayload{traffic.local});
  install(turn, sa,
          {.name = name,
           .choice = *choice,
           .inbound_spi = spi,
           .mode = terms->mode,
           .traffic = traffic,
           .filter = share(policy, &filter),
           .local_dyn_vpn_rule = terms->rekeyed == nullptr ? std::string{} : terms->rekeyed->local_dyn_vpn_rule,
           .activation = terms->rekeyed == nullptr ? Activation::remote : terms->rekeyed->activation,
           .group = is_first ? sa.algorithms.group : choice->group,
           .replaces = terms->rekeyed == nullptr ? std::optional<contract::ChildSaName>{} : terms->rekeyed->name,
           .sending = is_further ? contract::SendingBegins::when_peer_is_ready : contract::SendingBegins::at_once},
          Role::responder, shared, ni, nr);
  return name;
}

}  // namespace

void answer_child_request(Turn& turn, IkeSa& sa, const Received& request, wire::Payloads answer) {
  AnswerInWaiting waiting{.exchange = request.exchange,
                          .id = request.id,
                          .until = turn.now + install_wait,
                          .child = {},
                          .with_child = answer,
                          .without_child = std::move(answer)};
  // IKE_AUTH without SA, TSi and TSr sets up the IKE SA alone (RFC 6023 §3).
  if (!is_childless(request.payloads)) {
    const auto agreed = agree(turn, sa, request, waiting.with_child);
    if (agreed) {
      waiting.child = *agreed;
      waiting.has_child = true;
      waiting.without_child.add(wire::Notify{.type = wire::NotifyType::no_additional_sas});
    } else {
      const NoChild& why = agreed.error();
      waiting.without_child.add(
          wire::Notify{.protocol = why.protocol, .spi = why.spi, .type = why.notify, .data = why.octets});
    }
  }
  // The stack receives on the SA before the peer hears of it (RFC 7296 §2.8).
  const bool waits = waiting.has_child;
  sa.waiting.push_back(std::move(waiting));
  if (waits) return;
  if (sa.state == SaState::installing) return happen(turn, sa, SaEvent::child_settled);
  finish_waiting_answer(turn, sa, request.id);
}

void finish_waiting_answer(Turn& turn, IkeSa& sa, MessageId id) {
  const auto waiting = take_waiting(sa, id);
  if (!waiting) return;
  ChildSa* child = waiting->has_child ? sa.find_child(waiting->child) : nullptr;
  if (child != nullptr && child->state == ChildState::active) {
    send_response(turn, sa, waiting->exchange, id, waiting->with_child);
    // Unless we have asked to rekey the same one: then our own answer decides (RFC 7296 §2.8.1).
    ChildSa* old = child->replaces ? sa.find_child(*child->replaces) : nullptr;
    const bool is_asked_here = sa.negotiation != nullptr && sa.negotiation->wish.rekeys == child->replaces;
    if (old != nullptr && !is_asked_here) old->superseded = true;
    return;
  }
  send_response(turn, sa, waiting->exchange, id, waiting->without_child);
  if (child != nullptr) remove_child(turn, sa, *child, Ending::failed);
  // The peer drops the IKE SA for it, without a Delete (RFC 7296 §2.21.3).
  if (waiting->without_child.find(wire::NotifyType::invalid_syntax) != nullptr) close(turn, sa, Ending::malformed);
}

void answer_without(Turn& turn, IkeSa& sa, const contract::ChildSaName& child) {
  const auto waiting = std::ranges::find_if(
      sa.waiting, [&](const AnswerInWaiting& answer) { return answer.has_child && answer.child == child; });
  if (waiting != sa.waiting.end()) finish_waiting_answer(turn, sa, waiting->id);
}

void drop_waiting_child(Turn& turn, IkeSa& sa) {
  const auto waiting = take_waiting(sa, auth_request_id);
  ChildSa* child = waiting && waiting->has_child ? sa.find_child(waiting->child) : nullptr;
  if (child != nullptr) remove_child(turn, sa, *child, Ending::failed);
}

void install_answered(Turn& turn, IkeSa& sa, const contract::InstallResult& result) {
  ChildSa* child = sa.find_child(result.name);
  if (child == nullptr || child->state != ChildState::in_negotiation) return;
  const std::string tunnel = "Y" + std::to_string(result.name.tunnel.value());
  if (result.refused) {
    tell(turn, CatalogueId::stack_refused, {{"stack", sa.stack.text}, {"tunnel", tunnel}, {"reason", *result.refused}});
    child->installed = false;
  } else {
    child->state = ChildState::active;
    turn.shard.child_up(*child);
    if (!turn.shard.doubles_of(sa, *child).empty()) child->doubled_at = turn.now + doubles_wait;
    tell(
        turn, child->replaces ? CatalogueId::child_sa_rekeyed : CatalogueId::child_sa_created,
        {{"tunnel", tunnel},
         {"parent", "K" + std::to_string(sa.tunnel.value())},
         {"attributes", child->transforms.to_string() + (child->mode == Mode::tunnel ? ", tunnel, " : ", transport, ") +
                            to_string(child->traffic.local) + " to " + to_string(child->traffic.remote)}});
  }
  const auto waiting = std::ranges::find_if(
      sa.waiting, [&](const AnswerInWaiting& answer) { return answer.has_child && answer.child == result.name; });
  if (waiting != sa.waiting.end()) {
    if (sa.state == SaState::installing) return happen(turn, sa, SaEvent::child_settled);
    finish_waiting_answer(turn, sa, waiting->id);
    return go_on(turn, sa);
  }
  if (result.refused) {  // ours to give back: the peer has the SA already
    const std::optional<contract::ChildSaName> replaced = child->replaces;
    delete_child(turn, sa, *child, Ending::failed);
    if (replaced) rekey_failed(turn, sa, *replaced);
    return;
  }
  if (child->creator == Role::initiator && child->replaces) settle_rekey(turn, sa, *child);
  go_on(turn, sa);  // what had to wait for it
}

}  // namespace adit::ike::v2
