#include "odd_peer.h"

#include "crypto/ike_keys.h"
#include "crypto/key_exchange.h"
#include "ike/v2/proposals.h"

namespace adit::ike {

OddPeer::OddPeer(Host& west, const std::vector<wire::Notify>& announcements)
    : west_{west},
      policy_{make_policy(east())},
      own_{address(west.side.peer_address), 500},
      others_{address(west.side.address), 500} {
  const policy::KeyExchangeRule& rule = policy_->key_exchange.rules.front();
  CountingRandom random{99};
  const auto exchange = *crypto::KeyExchange::generate(GroupId::curve25519, random);
  wire::Payloads request;
  request.add(v2::ike_offer(rule));
  request.add(wire::KeyExchange{.group = exchange->group(),
                                .value = ByteString{exchange->public_value().begin(), exchange->public_value().end()}});
  request.add(wire::Nonce{ni_});
  for (const wire::Notify& notify : announcements) request.add(notify);
  init_request_ = wire::build_message({.initiator_spi = spi_i_, .exchange = wire::ExchangeType::ike_sa_init}, request);
  west_.feed(Datagram{west_.stack(), others_, own_, init_request_});

  const ByteString answer = std::exchange(west_.out, {}).back().octets;
  const wire::Header seen = *wire::Header::parse(answer);
  const wire::Chain chain = *wire::parse_message(seen, answer);
  spi_r_ = seen.responder_spi;
  nr_ = chain.payloads.find<wire::Nonce>()->value;
  const Secret shared = *exchange->derive(chain.payloads.find<wire::KeyExchange>()->value);
  const v2::IkeAlgorithms algorithms = v2::algorithms_of(rule.action->offers.front());
  const crypto::Prf& prf = *crypto::Prf::find(algorithms.prf);
  const crypto::IkeKeys keys = crypto::derive_ike_keys(prf, crypto::skeyseed(prf, ni_, nr_, shared), ni_, nr_, spi_i_,
                                                       spi_r_, *crypto::ike_key_sizes(algorithms.cipher));
  sending_ = crypto::IkeCipher::make(algorithms.cipher, keys.sk_ei, keys.sk_ai);
  receiving_ = crypto::IkeCipher::make(algorithms.cipher, keys.sk_er, keys.sk_ar);
  sk_pi_ = keys.sk_pi;
}

wire::Payloads OddPeer::auth_request(std::array<std::uint8_t, 3> reserved) const {
  const policy::KeyExchangeRule& rule = policy_->key_exchange.rules.front();
  const crypto::Prf& prf = *crypto::Prf::find(rule.action->offers.front().prf);
  wire::Identification id{rule.local_identity};
  id.reserved = reserved;
  const ByteString octets = concatenated({init_request_, nr_, prf(sk_pi_, {built(id)}).reveal()});
  const Secret auth = crypto::shared_key_auth(prf, rule.shared_key, octets);
  const policy::Filter& filter = policy_->filter.filters.front();
  wire::Payloads payloads;
  payloads.add(wire::PayloadType::identification_initiator, id);
  payloads.add(wire::Authentication{AuthMethod::shared_key, {auth.reveal().begin(), auth.reveal().end()}});
  payloads.add(v2::child_offer(*filter.vpn, InboundSpi{0xabcdef01}, GroupId::none, v2::Path::direct));
  payloads.add(wire::PayloadType::traffic_selectors_initiator, wire::TrafficSelectorPayload{{filter.local_selector()}});
  payloads.add(wire::PayloadType::traffic_selectors_responder,
               wire::TrafficSelectorPayload{{filter.remote_selector()}});
  return payloads;
}

wire::Header OddPeer::header(wire::ExchangeType exchange) const {
  return {.initiator_spi = spi_i_, .responder_spi = spi_r_, .exchange = exchange, .id = MessageId{next_id_}};
}

ByteString OddPeer::iv() {
  Writer counter;
  counter.u64(++sealed_);
  return std::move(counter).take();
}

std::optional<wire::Payloads> OddPeer::ask(wire::ExchangeType exchange, wire::PayloadType first, Bytes inside) {
  const std::size_t size = sending_->iv_size() + sending_->padded_size(inside.size()) + sending_->icv_size();
  ByteString message = wire::build_protected_start(header(exchange), first, size);
  sending_->seal(message, inside, iv());
  ++next_id_;
  return answer_to(message);
}

std::optional<wire::Payloads> OddPeer::ask(wire::ExchangeType exchange, const wire::Payloads& payloads) {
  const wire::Inner inner = wire::build_inner(payloads);
  return ask(exchange, inner.first, inner.octets);
}

std::optional<wire::Payloads> OddPeer::repeat() { return answer_to(ByteString{last_}); }

std::optional<wire::Payloads> OddPeer::ask_in_fragments(wire::ExchangeType exchange, const wire::Payloads& payloads,
                                                        std::uint16_t total, std::uint16_t leave_out) {
  const wire::Inner inner = wire::build_inner(payloads);
  const std::size_t part = inner.octets.size() / total + 1;
  std::optional<wire::Payloads> answer;
  for (std::uint16_t number = 1; number <= total; ++number) {
    if (number == leave_out) continue;
    const std::size_t at = (number - 1u) * part;
    const Bytes piece = Bytes{inner.octets}.subspan(at, std::min(part, inner.octets.size() - at));
    const std::size_t size = sending_->iv_size() + sending_->padded_size(piece.size()) + sending_->icv_size();
    ByteString message = wire::build_fragment_start(header(exchange), inner.first, number, total, size);
    sending_->seal(message, piece, iv());
    answer = answer_to(message);
  }
  ++next_id_;
  return answer;
}

std::optional<wire::Payloads> OddPeer::answer_to(const ByteString& octets) {
  last_ = octets;
  west_.out.clear();
  west_.feed(Datagram{west_.stack(), others_, own_, octets});
  if (west_.out.empty()) return std::nullopt;
  const ByteString answer = std::exchange(west_.out, {}).front().octets;
  const wire::Header seen = *wire::Header::parse(answer);
  const wire::Chain chain = *wire::parse_message(seen, answer);
  if (!chain.protected_part) return chain.payloads;
  const auto inside = receiving_->open(answer, chain.protected_part->body);
  EXPECT_TRUE(inside);
  return wire::parse_inner(chain.protected_part->first_inner, *inside)->payloads;
}

}  // namespace adit::ike
