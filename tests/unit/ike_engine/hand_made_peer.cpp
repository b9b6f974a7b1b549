#include "hand_made_peer.h"

#include "ike/v2/rule_choice.h"

namespace adit::ike {

namespace {

constexpr std::size_t nonce_octets = 32;

wire::Transform transform(TransformType type, std::uint16_t id, std::optional<std::uint16_t> key_bits = std::nullopt) {
  return {.type = std::to_underlying(type), .id = id, .key_bits = key_bits, .unknown = {}};
}

TrafficSelector net_of(const std::string& address_text) {
  return {.protocol = IpProtocol::any,
          .ports = PortRange::all(),
          .addresses = IpRange::of_prefix(address(address_text), 24)};
}

}  // namespace

std::vector<wire::PayloadType> order_of(const wire::Payloads& payloads) {
  std::vector<wire::PayloadType> order;
  for (const wire::Payload& payload : payloads.items()) {
    if (payload.type != wire::PayloadType::notify) order.push_back(payload.type);
  }
  return order;
}

HandMadePeer::HandMadePeer(Host& host, Role which, std::uint64_t seed)
    : role{which},
      here{address(host.side.peer_address), 500},
      there{address(host.side.address), 500},
      identity{identity_of(host.side.peer_address)},
      secret{host.side.secret},
      algorithms{.cipher = {.encryption = host.side.encryption, .key_bits = host.side.key_bits},
                 .prf = PrfId::hmac_sha2_256,
                 .group = host.side.groups.front()},
      host_{host},
      random_{seed} {
  if (host.now == Instant{}) host.now = Instant{Seconds{1000}};
  group = host.side.groups.front();
  if (!find(host.side.encryption)->is_aead()) algorithms.cipher.integrity = IntegrityId::hmac_sha2_256_128;
  (role == Role::initiator ? spi_i : spi_r) = IkeSpi{random_.number<std::uint64_t>()};
  host_.feed(PolicyInstalled{make_policy(host_.side)});
}

wire::SecurityAssociation HandMadePeer::ike_proposal() const {
  wire::Proposal proposal{
      .number = 1, .protocol = std::to_underlying(wire::ProtocolId::ike), .spi = {}, .transforms = {}};
  const EncryptionFacts* facts = find(algorithms.cipher.encryption);
  proposal.transforms.push_back(transform(
      TransformType::encryption, std::to_underlying(algorithms.cipher.encryption),
      facts->has_key_length ? std::optional{narrow<std::uint16_t>(algorithms.cipher.key_bits)} : std::nullopt));
  if (algorithms.cipher.integrity != IntegrityId::none) {
    proposal.transforms.push_back(transform(TransformType::integrity, std::to_underlying(algorithms.cipher.integrity)));
  }
  proposal.transforms.push_back(transform(TransformType::prf, std::to_underlying(algorithms.prf)));
  proposal.transforms.push_back(transform(TransformType::key_exchange, std::to_underlying(group)));
  return {{proposal}};
}

wire::Payloads HandMadePeer::init_payloads() {
  key_exchange_ = *crypto::KeyExchange::generate(group, random_);
  const Bytes value = key_exchange_->public_value();
  wire::Payloads payloads;
  payloads.add(ike_proposal());
  payloads.add(wire::KeyExchange{.group = group, .value = {value.begin(), value.end()}});
  payloads.add(wire::Nonce{random_.octets(nonce_octets)});
  if (announce) announce(payloads);
  return payloads;
}

wire::Payloads HandMadePeer::child_payloads() {
  Writer spi;
  spi.u32(child_spi.value());
  wire::Payloads payloads;
  payloads.add(wire::SecurityAssociation{
      {{.number = 1,
        .protocol = std::to_underlying(wire::ProtocolId::esp),
        .spi = std::move(spi).take(),
        .transforms = {transform(TransformType::encryption, std::to_underlying(host_.side.data_encryption), 256),
                       transform(TransformType::sequence_numbers, 0)}}}});
  const TrafficSelector ours = net_of(host_.side.peer_net);
  const TrafficSelector theirs = net_of(host_.side.net);
  const bool begins = role == Role::initiator;
  payloads.add(wire::PayloadType::traffic_selectors_initiator, wire::TrafficSelectorPayload{{begins ? ours : theirs}});
  payloads.add(wire::PayloadType::traffic_selectors_responder, wire::TrafficSelectorPayload{{begins ? theirs : ours}});
  return payloads;
}

wire::Payloads HandMadePeer::auth_payloads() {
  const bool begins = role == Role::initiator;
  const crypto::Prf& prf = *crypto::Prf::find(algorithms.prf);
  const wire::Identification id{identity};
  const Secret& sk_p = begins ? keys.sk_pi : keys.sk_pr;
  const ByteString octets =
      concatenated({begins ? init_request : init_response, begins ? nr : ni, prf(sk_p, {built(id)}).reveal()});
  const Secret auth = crypto::shared_key_auth(prf, Secret{as_bytes(secret)}, octets);
  wire::Payloads payloads;
  payloads.add(begins ? wire::PayloadType::identification_initiator : wire::PayloadType::identification_responder, id);
  payloads.add(
      wire::Authentication{.method = AuthMethod::shared_key, .data = {auth.reveal().begin(), auth.reveal().end()}});
  const wire::Payloads child = child_payloads();
  for (const wire::Payload& payload : child.items()) payloads.add(payload.type, payload.body);
  return payloads;
}

void HandMadePeer::derive(Bytes public_value) {
  const crypto::Prf& prf = *crypto::Prf::find(algorithms.prf);
  shared = *key_exchange_->derive(public_value);
  keys = crypto::derive_ike_keys(prf, crypto::skeyseed(prf, ni, nr, shared), ni, nr, spi_i, spi_r,
                                 *crypto::ike_key_sizes(algorithms.cipher));
}

std::vector<Said> HandMadePeer::begin(const wire::Payloads& payloads) {
  ni = payloads.find<wire::Nonce>() == nullptr ? ByteString{} : payloads.find<wire::Nonce>()->value;
  init_request = wire::build_message({.initiator_spi = spi_i, .exchange = wire::ExchangeType::ike_sa_init}, payloads);
  send(init_request);
  std::vector<Said> said = take();
  if (said.size() == 1 && said.front().payloads.find<wire::KeyExchange>() != nullptr) {
    const Said& response = said.front();
    spi_r = response.header.responder_spi;
    nr = response.payloads.find<wire::Nonce>()->value;
    init_response = response.datagram.octets;
    derive(response.payloads.find<wire::KeyExchange>()->value);
    next_id = MessageId{1};
  }
  return said;
}

void HandMadePeer::establish() {
  begin(init_payloads());
  ask(wire::ExchangeType::ike_auth, auth_payloads());
  ASSERT_EQ(host_.installed.size(), 1u) << host_.told();
}

void HandMadePeer::establish_another() {
  begin(init_payloads());
  const std::vector<Said> said = ask(wire::ExchangeType::ike_auth, auth_payloads());
  ASSERT_TRUE(said.size() == 1 && said.front().payloads.find<wire::Authentication>() != nullptr) << host_.told();
}

void HandMadePeer::answer_init(const Said& request) {
  spi_i = request.header.initiator_spi;
  ni = request.payloads.find<wire::Nonce>()->value;
  init_request = request.datagram.octets;
  const wire::Payloads payloads = init_payloads();
  nr = payloads.find<wire::Nonce>()->value;
  derive(request.payloads.find<wire::KeyExchange>()->value);
  init_response = wire::build_message({.initiator_spi = spi_i,
                                       .responder_spi = spi_r,
                                       .exchange = wire::ExchangeType::ike_sa_init,
                                       .sender = wire::Sender::original_responder,
                                       .direction = wire::Direction::response},
                                      payloads);
  send(init_response);
}

void HandMadePeer::answer_auth(const Said& request) { answer(request, auth_payloads()); }

void HandMadePeer::establish_as_responder() {
  host_.feed(ActivateRule{host_.stack(), "net-to-net"});
  answer_init(take_one());
  answer_auth(take_one());
  ASSERT_EQ(host_.installed.size(), 1u) << host_.told();
}

void HandMadePeer::rekey_ike_sa() {
  const IkeSpi new_spi{spi_i.value() + 1};
  Writer spi;
  spi.u64(new_spi.value());
  wire::Payloads request = init_payloads();
  wire::SecurityAssociation offer = *request.find<wire::SecurityAssociation>();
  offer.proposals.front().spi = std::move(spi).take();
  wire::Payloads payloads;
  payloads.add(std::move(offer));
  payloads.add(*request.find<wire::Nonce>());
  payloads.add(*request.find<wire::KeyExchange>());
  const std::vector<Said> said = ask(wire::ExchangeType::create_child_sa, payloads);
  ASSERT_TRUE(said.size() == 1 && said.front().payloads.find<wire::KeyExchange>() != nullptr) << host_.told();

  const wire::Payloads& answer = said.front().payloads;
  const ByteString& ours = request.find<wire::Nonce>()->value;
  const ByteString& theirs = answer.find<wire::Nonce>()->value;
  const Secret fresh = *key_exchange_->derive(answer.find<wire::KeyExchange>()->value);
  Reader in{answer.find<wire::SecurityAssociation>()->proposals.front().spi};
  spi_i = new_spi;
  spi_r = IkeSpi{in.u64("SPI")};
  const crypto::Prf& prf = *crypto::Prf::find(algorithms.prf);
  keys = crypto::derive_ike_keys(prf, crypto::rekeyed_skeyseed(prf, keys.sk_d, fresh, ours, theirs), ours, theirs,
                                 spi_i, spi_r, *crypto::ike_key_sizes(algorithms.cipher));
  next_id = MessageId{0};
}

wire::Header HandMadePeer::next_header(wire::ExchangeType exchange) {
  return {.initiator_spi = spi_i,
          .responder_spi = spi_r,
          .exchange = exchange,
          .sender = role == Role::initiator ? wire::Sender::original_initiator : wire::Sender::original_responder,
          .direction = wire::Direction::request,
          .id = next_id};
}

std::vector<Said> HandMadePeer::ask(wire::ExchangeType exchange, const wire::Payloads& payloads) {
  send(sealed(next_header(exchange), wire::build_inner(payloads)));
  next_id = MessageId{next_id.value() + 1};
  return take();
}

void HandMadePeer::answer(const Said& request, const wire::Payloads& payloads) {
  wire::Header header = next_header(request.header.exchange);
  header.direction = wire::Direction::response;
  header.id = request.header.id;
  send(sealed(header, wire::build_inner(payloads)));
}

ByteString HandMadePeer::sealed(wire::Header header, const wire::Inner& inner,
                                const std::function<void(ByteString&)>& change) {
  const bool begins = role == Role::initiator;
  const auto cipher =
      crypto::IkeCipher::make(algorithms.cipher, begins ? keys.sk_ei : keys.sk_er, begins ? keys.sk_ai : keys.sk_ar);
  ByteString message = wire::build_protected_start(
      header, inner.first, cipher->iv_size() + cipher->padded_size(inner.octets.size()) + cipher->icv_size());
  if (change) change(message);
  cipher->seal(message, inner.octets, next_iv(cipher->iv_size()));
  return message;
}

std::vector<ByteString> HandMadePeer::sealed_fragments(const wire::Header& header, const wire::Inner& inner,
                                                       std::uint16_t total) {
  const bool begins = role == Role::initiator;
  const auto cipher =
      crypto::IkeCipher::make(algorithms.cipher, begins ? keys.sk_ei : keys.sk_er, begins ? keys.sk_ai : keys.sk_ar);
  const std::size_t part = inner.octets.size() / total + 1;
  std::vector<ByteString> fragments;
  for (std::uint16_t number = 1; number <= total; ++number) {
    const std::size_t at = (number - 1u) * part;
    const Bytes piece = Bytes{inner.octets}.subspan(at, std::min(part, inner.octets.size() - at));
    ByteString message = wire::build_fragment_start(
        header, inner.first, number, total, cipher->iv_size() + cipher->padded_size(piece.size()) + cipher->icv_size());
    cipher->seal(message, piece, next_iv(cipher->iv_size()));
    fragments.push_back(std::move(message));
  }
  return fragments;
}

ByteString HandMadePeer::next_iv(std::size_t size) {
  Writer iv;
  iv.zeros(size - sizeof(std::uint64_t));
  iv.u64(++counter_);
  return std::move(iv).take();
}

void HandMadePeer::send(ByteString octets) {
  host_.feed(Datagram{.stack = host_.stack(), .local = there, .remote = here, .octets = std::move(octets)});
}

std::vector<Said> HandMadePeer::take() {
  std::vector<Said> all;
  for (Datagram& datagram : std::exchange(host_.out, {})) {
    Said said{.datagram = std::move(datagram), .header = {}, .payloads = {}};
    const auto header = wire::Header::parse(said.datagram.octets);
    if (!header) {
      ADD_FAILURE() << "the host sends what is no message";
      continue;
    }
    said.header = *header;
    auto chain = wire::parse_message(*header, said.datagram.octets);
    if (!chain) {
      ADD_FAILURE() << "the host sends what does not parse: " << chain.error().field;
      continue;
    }
    if (chain->protected_part) {
      said.is_protected = true;
      const bool begins = role == Role::initiator;
      const auto cipher = crypto::IkeCipher::make(algorithms.cipher, begins ? keys.sk_er : keys.sk_ei,
                                                  begins ? keys.sk_ar : keys.sk_ai);
      const auto opened =
          cipher == nullptr ? std::nullopt : cipher->open(said.datagram.octets, chain->protected_part->body);
      if (!opened) {
        ADD_FAILURE() << "the host sends what is not under the keys of the SA";
        continue;
      }
      plaintext = *opened;
      chain = wire::parse_inner(chain->protected_part->first_inner, *opened);
      if (!chain) {
        ADD_FAILURE() << "the host seals what does not parse: " << chain.error().field;
        continue;
      }
    }
    said.payloads = std::move(chain->payloads);
    all.push_back(std::move(said));
  }
  return all;
}

Said HandMadePeer::take_one() {
  std::vector<Said> all = take();
  EXPECT_EQ(all.size(), 1u) << host_.told();
  return all.empty() ? Said{} : std::move(all.front());
}

}  // namespace adit::ike
