// Message 1 of both modes: sent, and answered.

#include "ike/v1/certificate_requests.h"
#include "ike/v1/ending.h"
#include "ike/v1/machine.h"
#include "ike/v1/phase1_parts.h"

namespace adit::ike::v1 {

namespace {

Nat nat_of(const Phase1Sa& sa) { return sa.rule->action->allow_nat ? Nat::allowed : Nat::forbidden; }

std::string_view name_of(Mode mode) { return mode == Mode::main ? "Main" : "Aggressive"; }

/// The rule by what message 1 tells: addresses, and in aggressive mode the identity. So in main mode a shared key is
/// chosen by the peer's address (RFC 2409 §5.4).
const policy::KeyExchangeRule* rule_for(const policy::PolicySnapshot& policy, const Datagram& datagram,
                                        const std::optional<Identity>& claimed) {
  return policy::find_rule(policy.key_exchange, {.local_address = datagram.local.address,
                                                 .remote_address = datagram.remote.address,
                                                 .local_identity = std::nullopt,
                                                 .remote_identity = claimed});
}

void answer_main(Turn& turn, Phase1Sa& sa) {
  sa.state = Phase1State::sa_answered;
  wire::v1::Payloads payloads;
  payloads.add(sa.establishing->sa_answer);
  announce(payloads, sa.nat_traversal);
  send_message(turn, sa, wire::v1::build_message(header_of(sa, exchange_of(sa), MessageId{0}), payloads),
               Expects::nothing);
}

/// It cannot be negotiated: the KE payload is there already (RFC 2409 §5).
GroupId group_of_aggressive_mode(const Phase1Sa& sa) { return sa.rule->action->offers.front().group; }

wire::v1::SecurityAssociation offer_of(const Phase1Sa& sa) {
  if (sa.mode == Mode::main) return phase1_offer(*sa.rule);
  return phase1_offer(*sa.rule, group_of_aggressive_mode(sa));
}

/// False when what came is not enough.
bool answer_aggressive(Turn& turn, Phase1Sa& sa, const wire::v1::Chain& chain) {
  const Bytes body = wire::v1::body_of<wire::v1::Identification>(chain);
  sa.establishing->peer_id_body.assign(body.begin(), body.end());
  if (!keep_public_value(sa, chain.payloads) || !make_key_exchange(turn, sa) || !derive_keys(sa)) return false;
  sa.state = Phase1State::preparing_answer;
  return true;
}

}  // namespace

void initiate(Turn& turn, Phase1Sa& sa) {
  sa.mode = sa.rule->action->how_to_initiate == policy::HowToInitiate::aggressive ? Mode::aggressive : Mode::main;
  sa.local_identity = sa.rule->local_identity;
  sa.establishing = std::make_unique<Establishing>();
  const wire::v1::SecurityAssociation offer = offer_of(sa);
  if (offer.proposals.empty()) return fail(turn, sa, "no KeyExchangeOffer that IKEv1 can use");
  sa.establishing->sa_body = built(offer);
  if (sa.mode == Mode::aggressive) {
    sa.choice.group = group_of_aggressive_mode(sa);
    if (!make_key_exchange(turn, sa)) return fail(turn, sa, "no such group");
    sa.state = Phase1State::preparing_offer;
    return list_authorities(turn, sa);
  }
  sa.state = Phase1State::sa_sent;
  wire::v1::Payloads payloads;
  payloads.add(offer);
  announce(payloads, nat_of(sa));
  send_message(turn, sa, wire::v1::build_message(header_of(sa, exchange_of(sa), MessageId{0}), payloads),
               Expects::answer);
}

void send_offer(Turn& turn, Phase1Sa& sa) {
  wire::v1::Payloads payloads;
  payloads.add(offer_of(sa));
  add_key_exchange(payloads, sa);
  payloads.add(wire::v1::Identification::of(*sa.local_identity));
  add_certificate_requests(payloads, sa);
  announce(payloads, nat_of(sa));
  send_message(turn, sa, wire::v1::build_message(header_of(sa, exchange_of(sa), MessageId{0}), payloads),
               Expects::answer);
}

std::unique_ptr<Phase1Sa> answer_first(Turn& turn, const Datagram& datagram, const wire::v1::Header& header,
                                       const wire::v1::Chain& chain, IkeSpi cookie,
                                       std::optional<wire::v1::NotifyType>& refusal) {
  const auto refuse = [&](CatalogueId message, std::string reason) -> std::unique_ptr<Phase1Sa> {
    ++turn.statistics.dropped;
    tell(turn, message, {{"peer", datagram.remote.to_string()}, {"reason", std::move(reason)}});
    return nullptr;
  };
  const Mode mode = header.exchange == wire::ExchangeType::aggressive ? Mode::aggressive : Mode::main;
  const auto* offered = chain.payloads.find<wire::v1::SecurityAssociation>();
  // RFC 2409 §5, RFC 2408 §4.1.
  constexpr auto sa_type = wire::v1::PayloadType::security_association;
  if (offered == nullptr || chain.payloads.items().front().type != sa_type || chain.payloads.count(sa_type) != 1) {
    return refuse(CatalogueId::v1_message_dropped, "message 1 without one SA before all else");
  }
  std::optional<Identity> claimed;
  if (mode == Mode::aggressive) {
    const auto* id = chain.payloads.find<wire::v1::Identification>();
    claimed = id == nullptr ? std::nullopt : id->identity();
    if (!claimed) return refuse(CatalogueId::v1_message_dropped, "aggressive mode without an identity");
  }
  const policy::PolicyPointer policy = turn.shard.policy_of(datagram.stack);
  const policy::KeyExchangeRule* rule = policy == nullptr ? nullptr : rule_for(*policy, datagram, claimed);
  if (rule == nullptr) {
    refusal = wire::v1::NotifyType::no_proposal_chosen;
    return refuse(CatalogueId::no_key_exchange_rule, policy == nullptr ? "the stack has no policy" : "none matches");
  }
  if (!answers(rule->action->how_to_respond, mode)) {
    refusal = wire::v1::NotifyType::unsupported_exchange_type;
    tell(turn, CatalogueId::v1_mode_refused,
         {{"peer", datagram.remote.to_string()}, {"mode", std::string{name_of(mode)}}, {"action", rule->action->name}});
    return nullptr;
  }
  const auto* key_exchange = chain.payloads.find<wire::v1::KeyExchange>();
  const bool has_group = mode == Mode::aggressive && key_exchange != nullptr;
  auto choice = choose_phase1(*rule, *offered, has_group ? std::optional{key_exchange->value.size()} : std::nullopt);
  if (!choice) {  // RFC 2408 §5.4
    refusal = wire::v1::NotifyType::no_proposal_chosen;
    tell(turn, CatalogueId::no_ike_proposal_chosen,
         {{"peer", datagram.remote.to_string()},
          {"rule", rule->name},
          {"action", rule->action->name},
          {"offered", describe_phase1(*offered)},
          {"acceptable", describe_acceptable(*rule)}});
    return nullptr;
  }
  auto sa = std::make_unique<Phase1Sa>();
  sa->stack = datagram.stack;
  sa->role = Role::responder;
  sa->mode = mode;
  sa->begun_at = turn.now;
  sa->initiator_cookie = header.initiator_cookie;
  sa->responder_cookie = cookie;
  sa->local = datagram.local;
  sa->remote = datagram.remote;
  sa->init_remote = datagram.remote;
  sa->rule = v2::share(policy, rule);
  sa->local_identity = rule->local_identity;
  sa->remote_identity = claimed;
  sa->choice = choice->choice;
  sa->last_received = datagram.octets;
  sa->expires_at = turn.now + turn.options.half_open_life;
  sa->establishing = std::make_unique<Establishing>();
  sa->establishing->sa_answer = std::move(choice->answer);
  const Bytes body = wire::v1::body_of<wire::v1::SecurityAssociation>(chain);
  sa->establishing->sa_body.assign(body.begin(), body.end());
  heed_vendor_ids(*sa, chain.payloads);
  heed_certificate_requests(*sa, chain.payloads);
  if (mode == Mode::main) {
    answer_main(turn, *sa);
    return sa;
  }
  if (!v2::identity_fits_address(*rule, *claimed, datagram.remote.address) || !answer_aggressive(turn, *sa, chain)) {
    return refuse(CatalogueId::v1_message_dropped, "no good KE or NONCE, or an identity of another address");
  }
  return sa;
}

}  // namespace adit::ike::v1
