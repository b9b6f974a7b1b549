// IKE_SA_INIT from the initiator's side.

#include <algorithm>

#include "ike/v2/announcements.h"
#include "ike/v2/auth.h"
#include "ike/v2/child_exchange.h"
#include "ike/v2/child_install.h"
#include "ike/v2/ending.h"
#include "ike/v2/machine.h"
#include "ike/v2/nat_detection.h"
#include "ike/v2/proposals.h"
#include "ike/v2/sa_init.h"
#include "ike/v2/sending.h"

namespace adit::ike::v2 {

namespace {

constexpr std::size_t nonce_octets = 32;        // at least half the key of any PRF here (RFC 7296 §2.10)
constexpr std::size_t most_cookie_octets = 64;  // RFC 7296 §2.6
constexpr unsigned most_cookies = 4;  // a responder's secret may change in between, but nobody keeps us sending
constexpr Seconds error_grace{10};    // an unprotected error may be forged: the true answer gets this long (§2.21.1)

/// Also again, after COOKIE and INVALID_KE_PAYLOAD in any order (RFC 7296 §2.6.1): with the same nonce (§3.9), SPI (the
/// responder's is zero, §3.1) and proposals (§3.3.6), and KE of one of their groups (§3.4).
void send_init_request(Turn& turn, IkeSa& sa) {
  Establishing& establishing = *sa.establishing;
  wire::Payloads payloads;
  if (!establishing.cookie.empty()) {
    payloads.add(wire::Notify{.type = wire::NotifyType::cookie, .data = establishing.cookie});
  }
  const Bytes value = establishing.key_exchange->public_value();
  payloads.add(ike_offer(*sa.rule));
  payloads.add(wire::KeyExchange{.group = establishing.key_exchange->group(), .value = {value.begin(), value.end()}});
  payloads.add(wire::Nonce{establishing.ni});
  announce(payloads, sa);
  establishing.init_request =
      wire::build_message({.initiator_spi = sa.initiator_spi, .exchange = wire::ExchangeType::ike_sa_init}, payloads);
  sa.outstanding = Retransmission::begin(MessageId{0}, std::to_underlying(wire::ExchangeType::ike_sa_init),
                                         {establishing.init_request}, turn.options, turn.now);
  send(turn, sa, establishing.init_request);
}

bool prepare_key_exchange(Turn& turn, IkeSa& sa, GroupId group) {
  auto generated = crypto::KeyExchange::generate(group, turn.random);
  if (!generated) return false;
  sa.establishing->key_exchange = *std::move(generated);
  sa.establishing->tried_groups.push_back(group);
  return true;
}

/// INVALID_KE_PAYLOAD names the group that the responder wants (RFC 7296 §1.2): followed when it is one that we offer,
/// and once a group, so that forged answers cannot keep us computing.
bool follow_group(Turn& turn, IkeSa& sa, const wire::Notify& notify) {
  Reader in{notify.data};
  const auto group = static_cast<GroupId>(in.u16("group"));
  if (in.failed()) return false;
  const auto& offers = sa.rule->action->offers;
  const bool is_offered = std::ranges::find(offers, group, &policy::KeyExchangeOffer::group) != offers.end();
  const auto& tried = sa.establishing->tried_groups;
  if (!is_offered || std::ranges::find(tried, group) != tried.end()) return false;
  if (!prepare_key_exchange(turn, sa, group)) return false;
  send_init_request(turn, sa);
  return true;
}

}  // namespace

void initiate(Turn& turn, IkeSa& sa) {
  sa.state = SaState::init_sent;
  sa.local_identity = sa.rule->local_identity;
  sa.last_inbound = turn.now;
  sa.establishing = std::make_unique<Establishing>();
  sa.establishing->ni = turn.random.octets(nonce_octets);
  if (!prepare_key_exchange(turn, sa, sa.rule->action->offers.front().group)) {
    return fail(turn, sa, "DH group " + to_string(sa.rule->action->offers.front().group) + " is not built in");
  }
  send_init_request(turn, sa);
}

void receive_init_response(Turn& turn, IkeSa& sa, const Datagram& datagram, const wire::Header& header,
                           const wire::Chain& chain) {
  const auto drop = [&](std::string reason) {
    ++turn.statistics.dropped;
    tell(turn, CatalogueId::message_dropped, {{"peer", datagram.remote.to_string()}, {"reason", std::move(reason)}});
  };
  if (sa.state != SaState::init_sent || header.id != MessageId{0}) return drop("no IKE_SA_INIT request is open");
  // In clear, so anybody's: at least it must come from where the request went.
  if (datagram.remote != sa.remote) return drop("an IKE_SA_INIT response from elsewhere than the request went");
  if (chain.unknown_critical) return drop("a critical payload that is not known");
  Establishing& establishing = *sa.establishing;

  if (const wire::Notify* cookie = chain.payloads.find(wire::NotifyType::cookie)) {
    if (cookie->data.empty() || cookie->data.size() > most_cookie_octets) return drop("a cookie of a wrong size");
    if (establishing.cookie == cookie->data) return drop("the cookie has been returned already");
    if (establishing.cookies_returned == most_cookies) return drop("one cookie after another");
    ++establishing.cookies_returned;
    establishing.cookie = cookie->data;
    return send_init_request(turn, sa);
  }
  if (const wire::Notify* wanted = chain.payloads.find(wire::NotifyType::invalid_ke_payload)) {
    if (!follow_group(turn, sa, *wanted)) drop("INVALID_KE_PAYLOAD with a group that is not offered, or again");
    return;
  }
  if (const wire::Notify* error = chain.payloads.find_error()) {
    if (!establishing.unprotected_error.empty()) return;
    establishing.unprotected_error = wire::name_of(error->type);
    sa.waits_until = turn.now + error_grace;
    return tell(
        turn, CatalogueId::error_notify_received,
        {{"peer", sa.remote.to_string()}, {"exchange", "IKE_SA_INIT"}, {"notify", establishing.unprotected_error}});
  }
  if (header.responder_spi == IkeSpi{}) return drop("no responder SPI");

  Received received{.exchange = header.exchange,
                    .id = header.id,
                    .local = datagram.local,
                    .remote = datagram.remote,
                    .payloads = chain.payloads,
                    .unknown_critical = std::nullopt};
  // Whatever is wrong with it may be a forger's: nothing is changed before the answer is whole.
  const auto* chosen = received.payloads.find<wire::SecurityAssociation>();
  const auto* exchange = received.payloads.find<wire::KeyExchange>();
  if (chosen == nullptr || exchange == nullptr || received.payloads.find<wire::Nonce>() == nullptr) {
    return drop("SA, KE or Nr is missing");
  }
  const auto algorithms = chosen_ike(*sa.rule, *chosen);
  if (!algorithms) return drop("the responder chose what was not offered: " + describe(*chosen));
  if (algorithms->group != exchange->group || exchange->group != establishing.key_exchange->group()) {
    return drop("the KE payload is of another group");
  }
  auto shared = establishing.key_exchange->derive(exchange->value);
  if (!shared) return drop("the public value is not valid");
  sa.responder_spi = header.responder_spi;
  sa.algorithms = *algorithms;
  establishing.nr = received.payloads.find<wire::Nonce>()->value;
  establishing.init_response = datagram.octets;
  const crypto::Prf& prf = *crypto::Prf::find(algorithms->prf);
  sa.keys = crypto::derive_ike_keys(prf, crypto::skeyseed(prf, establishing.ni, establishing.nr, *shared),
                                    establishing.ni, establishing.nr, sa.initiator_spi, sa.responder_spi,
                                    *crypto::ike_key_sizes(algorithms->cipher));
  sa.has_keys = true;
  happen(turn, sa, SaEvent::init_answered, &received);
}

void take_init_answer(Turn& turn, IkeSa& sa, const Received& answer) {
  sa.outstanding.reset();
  sa.waits_until.reset();
  sa.next_request = MessageId{1};
  sa.last_inbound = turn.now;
  sa.establishing->key_exchange.reset();
  heed_announcements(sa, answer.payloads, answer.local, answer.remote);
  if (path_of(sa) == Path::behind_nat) {  // RFC 7296 §2.23
    sa.local.port = nat_traversal_port;
    sa.remote.port = nat_traversal_port;
  }
  const bool had_wishes = !sa.wishes.empty();
  while (refuse_wish(turn, sa)) {
  }
  if (had_wishes && sa.wishes.empty()) return close(turn, sa, Ending::failed);  // nobody has a use for it
  prepare_auth(turn, sa);
}

}  // namespace adit::ike::v2
