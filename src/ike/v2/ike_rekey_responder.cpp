// Rekeying an IKE SA from the side that is asked (RFC 7296 §2.18), also while it asks itself (RFC 7296 §2.25.2).

#include <algorithm>

#include "ike/v2/ike_rekey.h"
#include "ike/v2/ike_succession.h"
#include "ike/v2/informational.h"
#include "ike/v2/proposals.h"
#include "ike/v2/sending.h"

namespace adit::ike::v2 {

namespace {

constexpr std::size_t nonce_octets = 32;  // at least half the key of any PRF here (RFC 7296 §2.10)

void refuse(Turn& turn, IkeSa& sa, const Received& request, wire::NotifyType type, ByteString octets = {}) {
  wire::Payloads answer;
  answer.add(wire::Notify{.type = type, .data = std::move(octets)});
  send_response(turn, sa, request.exchange, request.id, answer);
}

std::size_t count(const IkeSa& sa, ChildState state) {
  return static_cast<std::size_t>(std::ranges::count(sa.children, state, &ChildSa::state));
}

}  // namespace

void answer_rekey_request(Turn& turn, IkeSa& sa, const Received& request) {
  const std::string peer = sa.remote.to_string();
  if (is_changing_children(sa)) {  // RFC 7296 §2.25.1
    tell(turn, CatalogueId::ike_rekey_put_off,
         {{"peer", peer},
          {"tunnel", "K" + std::to_string(sa.tunnel.value())},
          {"open", std::to_string(count(sa, ChildState::in_negotiation) + (sa.negotiation != nullptr ? 1 : 0))},
          {"closing", std::to_string(count(sa, ChildState::half_closed))}});
    return refuse(turn, sa, request, wire::NotifyType::temporary_failure);
  }
  // While our own request is open one of the peer's waits for its answer: no more than that.
  if (rival_of(turn, sa) != nullptr) return refuse(turn, sa, request, wire::NotifyType::temporary_failure);
  // The peer rekeys, and does not delete what it has rekeyed: its Deletes, or a minute, make room.
  if (turn.shard.ike_sas_with_peer(sa) >= turn.options.ike_sas_per_peer) {
    return refuse(turn, sa, request, wire::NotifyType::temporary_failure);
  }
  const auto* offered = request.payloads.find<wire::SecurityAssociation>();
  const auto* exchange = request.payloads.find<wire::KeyExchange>();
  const auto* nonce = request.payloads.find<wire::Nonce>();
  if (exchange == nullptr || nonce == nullptr) return end_malformed(turn, sa, request);
  const RulePointer rule = rule_in_force(turn, sa);
  if (rule == nullptr) {
    tell(turn, CatalogueId::no_key_exchange_rule,
         {{"peer", peer},
          {"reason", "K" + std::to_string(sa.tunnel.value()) + " is not rekeyed: the policy has changed"}});
    return refuse(turn, sa, request, wire::NotifyType::no_proposal_chosen);
  }
  auto choice = choose_ike(*rule, *offered);
  if (!choice || !choice->peer_spi) {
    tell(turn, CatalogueId::no_ike_proposal_chosen,
         {{"peer", peer},
          {"rule", rule->name},
          {"action", rule->action->name},
          {"offered", describe(*offered)},
          {"acceptable", describe_acceptable(*rule)}});
    return refuse(turn, sa, request, wire::NotifyType::no_proposal_chosen);
  }
  const GroupId group = choice->algorithms.group;
  if (exchange->group != group) {
    Writer wanted;
    wanted.u16(std::to_underlying(group));
    return refuse(turn, sa, request, wire::NotifyType::invalid_ke_payload, std::move(wanted).take());
  }
  const auto own = crypto::KeyExchange::generate(group, turn.random);
  const auto shared = own ? (*own)->derive(exchange->value) : std::unexpected{own.error()};
  if (!shared) return end_malformed(turn, sa, request);

  const IkeSpi our_spi = turn.shard.draw_ike_spi();
  const ByteString nr = turn.random.octets(nonce_octets);
  const Bytes value = (*own)->public_value();
  name_spi(choice->answer, our_spi);
  wire::Payloads answer;
  answer.add(std::move(choice->answer));
  answer.add(wire::Nonce{nr});
  answer.add(wire::KeyExchange{.group = group, .value = {value.begin(), value.end()}});
  send_response(turn, sa, request.exchange, request.id, answer);

  IkeSa& successor = succeed(turn, sa,
                             {.role = Role::responder,
                              .initiator_spi = *choice->peer_spi,
                              .responder_spi = our_spi,
                              .algorithms = choice->algorithms,
                              .rule = rule},
                             *shared, nonce->value, nr);
  turn.shard.touch(successor);
  if (sa.rekey == nullptr) return hand_over(turn, sa, successor);
  // Both ends asked at once: our own answer decides which SA survives (RFC 7296 §2.8.2).
  successor.rival_to = sa.our_spi();
  sa.rekey->rival = IkeRekey::Rival{.spi = our_spi, .rank = NonceRank::of(nonce->value, nr)};
}

}  // namespace adit::ike::v2
