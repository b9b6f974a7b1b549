// IKE_SA_INIT from the responder's side.

#include "ike/v2/announcements.h"
#include "ike/v2/auth.h"
#include "ike/v2/proposals.h"
#include "ike/v2/sa_init.h"
#include "ike/v2/sending.h"

namespace adit::ike::v2 {

namespace {

constexpr std::size_t nonce_octets = 32;  // drawn anew; at least half the key of any PRF here (RFC 7296 §2.10, §3.9)

ByteString group_number(GroupId group) {
  Writer out;
  out.u16(std::to_underlying(group));
  return std::move(out).take();
}

}  // namespace

void answer_unprotected(Turn& turn, const Datagram& datagram, const wire::Header& header, wire::Notify notify) {
  wire::Payloads payloads;
  payloads.add(std::move(notify));
  send_back(turn, datagram,
            wire::build_message(
                {.initiator_spi = header.initiator_spi,
                 .responder_spi = header.responder_spi,
                 .exchange = header.exchange,
                 .sender = header.sender == wire::Sender::original_initiator ? wire::Sender::original_responder
                                                                             : wire::Sender::original_initiator,
                 .direction = wire::Direction::response,
                 .id = header.id},
                payloads));
}

bool is_whole(const wire::Payloads& request) {
  return request.find<wire::SecurityAssociation>() != nullptr && request.find<wire::KeyExchange>() != nullptr &&
         request.find<wire::Nonce>() != nullptr;
}

std::expected<std::unique_ptr<IkeSa>, std::optional<wire::Notify>> answer_init(Turn& turn, const Datagram& datagram,
                                                                               const wire::Header& header,
                                                                               const wire::Chain& chain,
                                                                               IkeSpi our_spi) {
  const auto refused = [](wire::NotifyType type, ByteString octets = {}) {
    return std::unexpected{std::optional{wire::Notify{.type = type, .data = std::move(octets)}}};
  };
  const std::string peer = datagram.remote.to_string();
  const auto* offered = chain.payloads.find<wire::SecurityAssociation>();
  const auto* exchange = chain.payloads.find<wire::KeyExchange>();
  const auto* nonce = chain.payloads.find<wire::Nonce>();

  const policy::PolicyPointer policy = turn.shard.policy_of(datagram.stack);
  const policy::KeyExchangeRule* rule =
      policy == nullptr ? nullptr
                        : policy::find_rule(policy->key_exchange, {.local_address = datagram.local.address,
                                                                   .remote_address = datagram.remote.address,
                                                                   .local_identity = std::nullopt,
                                                                   .remote_identity = std::nullopt});
  if (rule == nullptr) {
    ++turn.statistics.failed;
    tell(turn, CatalogueId::no_key_exchange_rule,
         {{"peer", peer}, {"reason", "no rule for " + datagram.local.address.to_string() + " and its address"}});
    return refused(wire::NotifyType::no_proposal_chosen);
  }
  const auto choice = choose_ike(*rule, *offered);
  if (!choice) {
    ++turn.statistics.failed;
    tell(turn, CatalogueId::no_ike_proposal_chosen,
         {{"peer", peer},
          {"rule", rule->name},
          {"action", rule->action->name},
          {"offered", describe(*offered)},
          {"acceptable", describe_acceptable(*rule)}});
    return refused(wire::NotifyType::no_proposal_chosen);
  }
  if (exchange->group != choice->algorithms.group) {  // RFC 7296 §1.2, §3.4
    return refused(wire::NotifyType::invalid_ke_payload, group_number(choice->algorithms.group));
  }
  // Before a key pair is made for it: what is refused here is counted by no limit.
  const GroupFacts* group = find(exchange->group);
  if (group == nullptr || exchange->value.size() != group->public_value) {
    ++turn.statistics.dropped;
    return refused(wire::NotifyType::invalid_syntax);
  }
  KnownAuthorities authorities;
  if (wants_signatures(*rule)) {
    authorities = turn.shard.authorities(datagram.stack, rule->ca_labels, std::nullopt);
    if (authorities.standing == KnownAuthorities::Standing::asked) {
      // The peer repeats its request; by then nssd may have answered.
      ++turn.statistics.dropped;
      tell(
          turn, CatalogueId::nss_unavailable,
          {{"reason", "it has not named its authorities yet, the IKE_SA_INIT request of " + peer + " waits for them"}});
      return std::unexpected{std::nullopt};
    }
  }
  auto generated = crypto::KeyExchange::generate(exchange->group, turn.random);
  if (!generated) {
    ++turn.statistics.dropped;
    return std::unexpected{std::nullopt};
  }

  auto sa = std::make_unique<IkeSa>();
  sa->stack = datagram.stack;
  sa->role = Role::responder;
  sa->state = SaState::half_open;
  sa->initiator_spi = header.initiator_spi;
  sa->responder_spi = our_spi;
  sa->local = datagram.local;
  sa->remote = sa->init_remote = datagram.remote;
  sa->rule = share(policy, rule);
  sa->algorithms = choice->algorithms;
  sa->auth_after = sa->last_inbound = turn.now;
  sa->requests = RequestWindow{auth_request_id};
  sa->expires_at = turn.now + turn.options.half_open_life;
  sa->establishing = std::make_unique<Establishing>();
  Establishing& establishing = *sa->establishing;
  establishing.key_exchange = *std::move(generated);
  establishing.peer_public_value = exchange->value;
  establishing.ni = nonce->value;
  establishing.nr = turn.random.octets(nonce_octets);
  establishing.init_request = datagram.octets;
  heed_announcements(*sa, chain.payloads, datagram.local, datagram.remote);

  wire::Payloads answer;
  const Bytes value = establishing.key_exchange->public_value();
  answer.add(choice->answer);
  answer.add(wire::KeyExchange{.group = exchange->group, .value = {value.begin(), value.end()}});
  answer.add(wire::Nonce{establishing.nr});
  announce(answer, *sa);
  if (!authorities.key_hashes.empty()) answer.add(certificate_request(authorities.key_hashes));
  establishing.init_response = wire::build_message({.initiator_spi = sa->initiator_spi,
                                                    .responder_spi = our_spi,
                                                    .exchange = wire::ExchangeType::ike_sa_init,
                                                    .sender = wire::Sender::original_responder,
                                                    .direction = wire::Direction::response},
                                                   answer);
  send(turn, *sa, establishing.init_response);
  return sa;
}

bool derive_responder_keys(Turn&, IkeSa& sa) {
  Establishing& establishing = *sa.establishing;
  const auto shared = establishing.key_exchange->derive(establishing.peer_public_value);
  if (!shared) return false;
  const crypto::Prf& prf = *crypto::Prf::find(sa.algorithms.prf);
  sa.keys = crypto::derive_ike_keys(prf, crypto::skeyseed(prf, establishing.ni, establishing.nr, *shared),
                                    establishing.ni, establishing.nr, sa.initiator_spi, sa.responder_spi,
                                    *crypto::ike_key_sizes(sa.algorithms.cipher));
  sa.has_keys = true;
  establishing.key_exchange.reset();
  establishing.peer_public_value = {};
  return true;
}

}  // namespace adit::ike::v2
