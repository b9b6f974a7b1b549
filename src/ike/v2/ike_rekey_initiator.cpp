// Rekeying an IKE SA from the side that asks for it (RFC 7296 §1.3.2, RFC 7296 §2.18).

#include <algorithm>

#include "ike/v2/ending.h"
#include "ike/v2/ike_rekey.h"
#include "ike/v2/ike_succession.h"
#include "ike/v2/machine.h"
#include "ike/v2/proposals.h"
#include "ike/v2/requests.h"
#include "ike/v2/sending.h"
#include "ike/v2/timing.h"

namespace adit::ike::v2 {

namespace {

constexpr std::size_t nonce_octets = 32;  // at least half the key of any PRF here (RFC 7296 §2.10)

/// Why there is no new SA.
struct NoSuccessor {
  std::string reason;
  bool made_by_peer = false;  ///< the peer has it: it has to be deleted there
};

std::string tunnel_of(const IkeSa& sa) { return "K" + std::to_string(sa.tunnel.value()); }

/// The group that the peer asks for instead (RFC 7296 §1.3): once, and only one of the offers.
std::optional<GroupId> group_to_retry(const IkeSa& sa, const IkeRekey& rekey, const wire::Payloads& answer) {
  const wire::Notify* wanted = answer.find(wire::NotifyType::invalid_ke_payload);
  if (wanted == nullptr || sa.rekey_group) return std::nullopt;
  Reader in{wanted->data};
  const auto group = static_cast<GroupId>(in.u16("group"));
  const auto& offers = sa.rule->action->offers;
  const bool is_offered = std::ranges::find(offers, group, &policy::KeyExchangeOffer::group) != offers.end();
  return !in.failed() && is_offered && group != rekey.key_exchange->group() ? std::optional{group} : std::nullopt;
}

std::expected<IkeSa*, NoSuccessor> agreed(Turn& turn, IkeSa& sa, const IkeRekey& rekey, const wire::Payloads& answer) {
  const auto* chosen = answer.find<wire::SecurityAssociation>();
  const auto* nonce = answer.find<wire::Nonce>();
  const auto* exchange = answer.find<wire::KeyExchange>();
  // An error that is not known means that nothing has come of it (RFC 7296 §3.10.1).
  if (chosen == nullptr || nonce == nullptr || exchange == nullptr || answer.has_unknown_error()) {
    const wire::Notify* error = answer.find_error();
    return std::unexpected{NoSuccessor{error == nullptr ? "no SA, Nr and KEr" : wire::name_of(error->type)}};
  }
  const auto algorithms = chosen_ike(*sa.rule, *chosen);
  const std::optional<IkeSpi> peer_spi =
      chosen->proposals.size() == 1 ? ike_spi_of(chosen->proposals.front()) : std::nullopt;
  if (!algorithms || !peer_spi)
    return std::unexpected{NoSuccessor{"it chose what was not offered: " + describe(*chosen)}};
  if (algorithms->group != exchange->group || exchange->group != rekey.key_exchange->group()) {
    return std::unexpected{NoSuccessor{"its KE payload is of another group"}};
  }
  const auto shared = rekey.key_exchange->derive(exchange->value);
  if (!shared) return std::unexpected{NoSuccessor{"its public value is not valid"}};
  return &succeed(turn, sa,
                  {.role = Role::initiator,
                   .initiator_spi = rekey.spi,
                   .responder_spi = *peer_spi,
                   .algorithms = *algorithms,
                   .rule = sa.rule},
                  *shared, rekey.nonce, nonce->value);
}

/// Without a new SA: later again, or by a new IKE_SA_INIT where the peer does not rekey.
void rekey_refused(Turn& turn, IkeSa& sa, const wire::Payloads& answer, const std::string& reason) {
  tell(turn, CatalogueId::error_notify_received,
       {{"peer", sa.remote.to_string()}, {"exchange", "the request to rekey " + tunnel_of(sa)}, {"notify", reason}});
  // RFC 7296 §2.25: not for ever.
  if (answer.find(wire::NotifyType::temporary_failure) != nullptr && ++sa.rekeys_refused <= most_put_off) {
    sa.rekey_wanted = true;
    return be_patient(turn, sa);
  }
  if (sa.state == SaState::established) turn.shard.reauthenticate(sa);
}

}  // namespace

bool is_changing_children(const IkeSa& sa) {
  return sa.negotiation != nullptr || !sa.waiting.empty() || !sa.spis_to_delete.empty() ||
         std::ranges::any_of(sa.children, [](const ChildSa& child) {
           return child.state == ChildState::in_negotiation || child.state == ChildState::half_closed;
         });
}

void ask_for_rekey(Turn& turn, IkeSa& sa) {
  sa.rekey_wanted = false;
  RulePointer rule = rule_in_force(turn, sa);
  if (rule == nullptr) {
    return tell(
        turn, CatalogueId::no_key_exchange_rule,
        {{"peer", sa.remote.to_string()}, {"reason", tunnel_of(sa) + " is not rekeyed: the policy has changed"}});
  }
  sa.rule = std::move(rule);
  const auto& offers = sa.rule->action->offers;
  const GroupId present = sa.rekey_group.value_or(sa.algorithms.group);
  const bool is_offered = std::ranges::find(offers, present, &policy::KeyExchangeOffer::group) != offers.end();
  auto generated = crypto::KeyExchange::generate(is_offered ? present : offers.front().group, turn.random);
  if (!generated) return;

  sa.rekey = std::make_unique<IkeRekey>();
  sa.rekey->spi = turn.shard.draw_ike_spi();
  sa.rekey->nonce = turn.random.octets(nonce_octets);
  sa.rekey->key_exchange = *std::move(generated);
  const Bytes value = sa.rekey->key_exchange->public_value();
  wire::Payloads request;
  request.add(ike_offer(*sa.rule, sa.rekey->spi));
  request.add(wire::Nonce{sa.rekey->nonce});
  request.add(wire::KeyExchange{.group = sa.rekey->key_exchange->group(), .value = {value.begin(), value.end()}});
  send_request(turn, sa, wire::ExchangeType::create_child_sa, request);
}

void take_rekey_answer(Turn& turn, IkeSa& sa, const wire::Payloads& answer) {
  IkeSa* rival = rival_of(turn, sa);
  const std::unique_ptr<IkeRekey> rekey = std::move(sa.rekey);
  if (const auto group = group_to_retry(sa, *rekey, answer); group && rival == nullptr) {
    sa.rekey_group = group;
    sa.rekey_wanted = true;
    return;
  }
  sa.rekey_group.reset();
  const auto made = agreed(turn, sa, *rekey, answer);
  if (sa.state == SaState::deleting) {  // wanted while the peer was asked: what it made goes too
    if (made) {
      want_delete(turn, **made, sa.ending);
      turn.shard.touch(**made);
    }
    return;
  }
  // An own request that failed leaves the SA that the peer made (RFC 7296 §2.25.2).
  if (!made)
    return rival != nullptr ? hand_over(turn, sa, *rival) : rekey_refused(turn, sa, answer, made.error().reason);

  IkeSa& ours = **made;
  turn.shard.touch(ours);
  const auto* nr = answer.find<wire::Nonce>();
  if (rival != nullptr && NonceRank::of(rekey->nonce, nr->value) < rekey->rival->rank) {
    // Ours has the lowest nonce: the end that made it deletes it, and the other survives (RFC 7296 §2.8.2).
    hand_over(turn, sa, *rival);
    return want_delete(turn, ours, Ending::superseded);
  }
  turn.shard.inherit(sa, ours);
  if (rival != nullptr) {
    happen(turn, *rival, SaEvent::replaced);
    turn.shard.touch(*rival);
  }
  want_delete(turn, sa, Ending::superseded);
  go_on(turn, ours);
}

IkeSa* rival_of(Turn& turn, const IkeSa& sa) {
  IkeSa* rival = sa.rekey != nullptr && sa.rekey->rival ? turn.shard.find(sa.rekey->rival->spi) : nullptr;
  return rival != nullptr && rival->state == SaState::established ? rival : nullptr;
}

IkeSa* yield_to_rival(Turn& turn, IkeSa& sa) {
  IkeSa* rival = rival_of(turn, sa);
  if (rival == nullptr) return nullptr;
  sa.rekey.reset();
  turn.shard.inherit(sa, *rival);
  turn.shard.touch(*rival);
  return rival;
}

}  // namespace adit::ike::v2
