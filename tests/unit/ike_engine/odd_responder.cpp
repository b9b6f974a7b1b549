#include "odd_responder.h"

#include "crypto/ike_keys.h"
#include "crypto/key_exchange.h"
#include "ike/v2/proposals.h"

namespace adit::ike {

OddResponder::OddResponder(Host& east_host) : east_{east_host}, policy_{make_policy(west())} {
  east_.feed(PolicyInstalled{make_policy(east_.side)});
  east_.feed(ActivateRule{east_.stack(), "net-to-net"});
  const Datagram sent = std::exchange(east_.out, {}).back();
  const wire::Header header = *wire::Header::parse(sent.octets);
  const wire::Payloads request = wire::parse_message(header, sent.octets)->payloads;
  const policy::KeyExchangeRule& rule = policy_->key_exchange.rules.front();
  const auto choice = *v2::choose_ike(rule, *request.find<wire::SecurityAssociation>());
  CountingRandom random{98};
  const auto exchange = *crypto::KeyExchange::generate(choice.algorithms.group, random);
  ni_ = request.find<wire::Nonce>()->value;
  const ByteString nr(32, 0x22);
  const IkeSpi spi_r{0x2222};
  wire::Payloads response;
  response.add(choice.answer);
  response.add(wire::KeyExchange{.group = exchange->group(),
                                 .value = {exchange->public_value().begin(), exchange->public_value().end()}});
  response.add(wire::Nonce{nr});
  init_response_ = wire::build_message({.initiator_spi = header.initiator_spi,
                                        .responder_spi = spi_r,
                                        .exchange = wire::ExchangeType::ike_sa_init,
                                        .sender = wire::Sender::original_responder,
                                        .direction = wire::Direction::response},
                                       response);
  const Secret shared = *exchange->derive(request.find<wire::KeyExchange>()->value);
  const crypto::Prf& prf = *crypto::Prf::find(choice.algorithms.prf);
  const crypto::IkeKeys keys =
      crypto::derive_ike_keys(prf, crypto::skeyseed(prf, ni_, nr, shared), ni_, nr, header.initiator_spi, spi_r,
                              *crypto::ike_key_sizes(choice.algorithms.cipher));
  sending_ = crypto::IkeCipher::make(choice.algorithms.cipher, keys.sk_er, keys.sk_ar);
  receiving_ = crypto::IkeCipher::make(choice.algorithms.cipher, keys.sk_ei, keys.sk_ai);
  sk_pr_ = keys.sk_pr;
  east_.feed(Datagram{east_.stack(), sent.local, sent.remote, init_response_});
}

wire::Payloads OddResponder::proof() const {
  const policy::KeyExchangeRule& rule = policy_->key_exchange.rules.front();
  const crypto::Prf& prf = *crypto::Prf::find(rule.action->offers.front().prf);
  const wire::Identification id{rule.local_identity};
  const ByteString octets = concatenated({init_response_, ni_, prf(sk_pr_, {built(id)}).reveal()});
  const Secret auth = crypto::shared_key_auth(prf, rule.shared_key, octets);
  wire::Payloads payloads;
  payloads.add(wire::PayloadType::identification_responder, id);
  payloads.add(wire::Authentication{AuthMethod::shared_key, {auth.reveal().begin(), auth.reveal().end()}});
  return payloads;
}

wire::Payloads OddResponder::proof_and_child() const {
  using enum wire::PayloadType;
  const wire::Payloads asked = request();
  const auto choice = v2::choose_child(*policy_->filter.filters.front().vpn, {GroupId::none},
                                       *asked.find<wire::SecurityAssociation>(), v2::Path::direct);
  wire::Payloads payloads = proof();
  payloads.add(v2::child_answer(*choice, InboundSpi{0xabcdef02}));
  for (const auto type : {traffic_selectors_initiator, traffic_selectors_responder}) {
    payloads.add(type, *asked.find<wire::TrafficSelectorPayload>(type));
  }
  return payloads;
}

wire::Payloads OddResponder::request() const {
  const ByteString& octets = east_.out.back().octets;
  const wire::Header header = *wire::Header::parse(octets);
  const auto part = wire::parse_message(header, octets)->protected_part;
  return wire::parse_inner(part->first_inner, *receiving_->open(octets, part->body))->payloads;
}

void OddResponder::answer(wire::PayloadType first, Bytes inside) {
  const Datagram sent = std::exchange(east_.out, {}).back();
  wire::Header header = *wire::Header::parse(sent.octets);
  header.sender = wire::Sender::original_responder;
  header.direction = wire::Direction::response;
  const std::size_t size = sending_->iv_size() + sending_->padded_size(inside.size()) + sending_->icv_size();
  ByteString message = wire::build_protected_start(header, first, size);
  Writer counter;
  counter.u64(++sealed_);
  sending_->seal(message, inside, counter.written());
  east_.feed(Datagram{east_.stack(), sent.local, sent.remote, message});
}

void OddResponder::answer(const wire::Payloads& payloads) {
  const wire::Inner inner = wire::build_inner(payloads);
  answer(inner.first, inner.octets);
}

}  // namespace adit::ike
