// RFC 7296 on IKE_SA_INIT, seen by a peer made by hand: what is asked, what is answered, and what is asked again.

#include <algorithm>

#include "hand_made_peer.h"

namespace adit::ike {
namespace {

using wire::Direction;
using wire::ExchangeType;
using wire::NotifyType;
using wire::PayloadType;
using wire::Sender;

/// A host that begins, and its peer, which has its first request.
struct Beginning {
  explicit Beginning(Side side = east()) : host{std::move(side), {}, 1}, peer{host, Role::responder} {
    host.feed(ActivateRule{host.stack(), "net-to-net"});
    request = peer.take_one();
  }

  /// An unprotected answer to the request.
  void answer(const wire::Payloads& payloads) {
    peer.send(wire::build_message({.initiator_spi = request.header.initiator_spi,
                                   .exchange = ExchangeType::ike_sa_init,
                                   .sender = Sender::original_responder,
                                   .direction = Direction::response},
                                  payloads));
  }
  void answer(wire::Notify notify) {
    wire::Payloads payloads;
    payloads.add(std::move(notify));
    answer(payloads);
  }

  Host host;
  HandMadePeer peer;
  Said request;
};

/// The payloads that are not this one.
wire::Payloads without_first(const wire::Payloads& payloads) {
  wire::Payloads rest;
  for (std::size_t i = 1; i < payloads.items().size(); ++i)
    rest.add(payloads.items()[i].type, payloads.items()[i].body);
  return rest;
}

Side with_groups(std::vector<GroupId> groups) {
  Side side = east();
  side.groups = std::move(groups);
  return side;
}

// Shows RFC 7296 2.6-4, 3.1-4, 2.6-3.
TEST(Cookie, ComesBackFirstWithAllElseUnchanged) {
  Beginning net;
  for (const std::size_t size : {0u, 65u}) {
    net.answer({.type = NotifyType::cookie, .data = ByteString(size, 7)});
    EXPECT_TRUE(net.peer.take().empty()) << "no cookie has " << size << " octets";
  }
  for (const std::size_t size : {1u, 64u}) {
    net.answer({.type = NotifyType::cookie, .data = ByteString(size, 7)});
    const Said again = net.peer.take_one();
    ASSERT_FALSE(again.payloads.items().empty());
    const auto* first = std::get_if<wire::Notify>(&again.payloads.items().front().body);
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(*first, (wire::Notify{.type = NotifyType::cookie, .data = ByteString(size, 7)}));
    EXPECT_EQ(without_first(again.payloads), net.request.payloads);
    EXPECT_EQ(again.header.initiator_spi, net.request.header.initiator_spi);
    EXPECT_EQ(again.header.responder_spi, IkeSpi{});
    EXPECT_EQ(again.header.id, MessageId{0});
  }
}

// Shows RFC 7296 2.6.1-1, 2.6.1-2, 1.2-4, 1.2-5, 3.4-2, 3.4-3, 3.3.6-9.
TEST(Cookie, ServesAgainWithTheGroupThatTheResponderWantsAndMayBeAskedForAgain) {
  Beginning net{with_groups({GroupId::ecp_256, GroupId::curve25519})};
  const auto group_of = [](const Said& said) { return said.payloads.find<wire::KeyExchange>()->group; };
  EXPECT_EQ(group_of(net.request), GroupId::ecp_256) << "of the offer that is preferred";
  net.answer({.type = NotifyType::cookie, .data = {1, 2, 3}});
  net.peer.take_one();
  net.answer({.type = NotifyType::invalid_ke_payload, .data = {0, 31}});
  const Said retried = net.peer.take_one();
  EXPECT_EQ(group_of(retried), GroupId::curve25519);
  EXPECT_EQ(retried.payloads.find(NotifyType::cookie)->data, (ByteString{1, 2, 3})) << "without asking anew";
  EXPECT_EQ(*retried.payloads.find<wire::SecurityAssociation>(),
            *net.request.payloads.find<wire::SecurityAssociation>());
  net.answer({.type = NotifyType::cookie, .data = {4, 5}});  // a responder that cannot take the old one
  const Said again = net.peer.take_one();
  EXPECT_EQ(again.payloads.find(NotifyType::cookie)->data, (ByteString{4, 5}));
  EXPECT_EQ(group_of(again), GroupId::curve25519);
  net.peer.group = GroupId::curve25519;
  net.peer.algorithms.group = GroupId::curve25519;
  net.peer.answer_init(again);
  net.peer.answer_auth(net.peer.take_one());
  EXPECT_EQ(net.host.installed.size(), 1u) << net.host.told();
}

// Shows RFC 7296 3.4-2, 3.1-3.
TEST(Request, HasKeyExchangeOfAGroupThatItProposes) {
  for (const GroupId group : {GroupId::curve25519, GroupId::ecp_384, GroupId::modp_2048}) {
    Beginning net{with_groups({group})};
    const auto& transforms = net.request.payloads.find<wire::SecurityAssociation>()->proposals.front().transforms;
    const bool is_proposed = std::ranges::any_of(transforms, [&](const wire::Transform& t) {
      return t.type == std::to_underlying(TransformType::key_exchange) && t.id == std::to_underlying(group);
    });
    EXPECT_TRUE(is_proposed);
    EXPECT_EQ(net.request.payloads.find<wire::KeyExchange>()->group, group);
    EXPECT_NE(net.request.header.initiator_spi, IkeSpi{});
  }
}

// Shows RFC 7296 2.6-2, 2.6-5.
TEST(Cookie, ThatIsNotRightIsAsGoodAsNone) {
  for (const std::size_t threshold : {std::size_t{0}, std::size_t{1000}}) {
    SCOPED_TRACE(threshold);
    Host host{west(), {.cookie_threshold = threshold}, 2};
    HandMadePeer peer{host, Role::initiator};
    wire::Payloads payloads;
    payloads.add(wire::Notify{.type = NotifyType::cookie, .data = ByteString(33, 1)});
    const wire::Payloads plain = peer.init_payloads();
    for (const wire::Payload& payload : plain.items()) payloads.add(payload.type, payload.body);
    const std::vector<Said> said = peer.begin(payloads);
    ASSERT_EQ(said.size(), 1u);
    EXPECT_EQ(said.front().has(NotifyType::cookie), threshold == 0);
    EXPECT_EQ(said.front().payloads.find<wire::KeyExchange>() != nullptr, threshold != 0);
  }
}

// Shows RFC 7296 2.10-1, 2.10-2, 2.10-3, 3.9-2.
TEST(Nonces, AreNewEachTimeAndLongEnoughForEveryPrf) {
  std::vector<ByteString> seen;
  const auto look_at = [&](const ByteString& nonce) {
    EXPECT_GE(nonce.size(), 16u);
    for (const PrfFacts& prf : prf_table()) EXPECT_GE(2 * nonce.size(), prf.key) << prf.name;
    EXPECT_EQ(std::ranges::count(seen, nonce), 0);
    seen.push_back(nonce);
  };
  TwoEngines net;
  net.activate();
  for (int i = 0; i < 20; ++i) {
    net.east_host.feed(DeactivateIkeTunnel{net.east_host.stack(), std::nullopt});
    net.settle();
    net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
    net.settle();
  }
  for (const Datagram& datagram : net.carried) {
    const auto header = wire::Header::parse(datagram.octets);
    if (header->exchange != ExchangeType::ike_sa_init) continue;
    look_at(wire::parse_message(*header, datagram.octets)->payloads.find<wire::Nonce>()->value);
  }
  EXPECT_EQ(seen.size(), 42u);
}

/// Gives each number twice.
class Stuttering final : public Random {
 public:
  void fill(MutableBytes octets) override {
    if (last_.size() == octets.size()) {
      std::ranges::copy(std::exchange(last_, {}), octets.begin());
      return;
    }
    random_.fill(octets);
    last_.assign(octets.begin(), octets.end());
  }

 private:
  CountingRandom random_{5};
  ByteString last_;
};

// Shows RFC 7296 2.6-1.
TEST(Spis, AreUniqueEvenWhereTheGeneratorRepeatsItself) {
  Stuttering random;
  Engine engine{{}, random};
  engine.handle(PolicyInstalled{make_policy(west())}, Instant{Seconds{1000}});
  std::vector<IkeSpi> seen;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Host host{west(), {}, 2};
    HandMadePeer peer{host, Role::initiator, seed};
    peer.begin(peer.init_payloads());
    const Step step = engine.handle(
        Datagram{.stack = {"west"}, .local = peer.there, .remote = peer.here, .octets = peer.init_request},
        Instant{Seconds{1000}});
    ASSERT_EQ(step.send.size(), 1u);
    const IkeSpi spi = wire::Header::parse(step.send.front().octets)->responder_spi;
    EXPECT_NE(spi, IkeSpi{});
    EXPECT_EQ(std::ranges::count(seen, spi), 0);
    seen.push_back(spi);
  }
}

// Shows RFC 7296 2.11-1, 2.11-2, 2.11-3.
TEST(Addresses, OfAResponseAreThoseOfItsRequestWhateverItsPort) {
  Host host{west(), {}, 2};
  HandMadePeer peer{host, Role::initiator};
  const auto expect_back = [&](const std::vector<Said>& said) {
    ASSERT_EQ(said.size(), 1u) << host.told();
    EXPECT_EQ(said.front().datagram.local, peer.there);
    EXPECT_EQ(said.front().datagram.remote, peer.here);
  };
  peer.here.port = 1024;
  expect_back(peer.begin(peer.init_payloads()));
  expect_back(peer.ask(ExchangeType::ike_auth, peer.auth_payloads()));
  peer.here.port = 40000;
  expect_back(peer.ask(ExchangeType::informational, {}));
  peer.here = {address("198.51.100.77"), 4500};
  peer.there.port = 4500;
  const ByteString request = peer.sealed(peer.next_header(ExchangeType::informational), {});
  peer.send(request);
  expect_back(peer.take());
  peer.here.port = 4501;
  peer.send(request);
  expect_back(peer.take());
}

// Shows RFC 7296 1.5-1, 2.21.4-1, 2.21.4-2, 2.21.4-3, 2.21.4-4, 3.1-14.
TEST(Strangers, AreAnsweredWhereItCannotGoOnForEver) {
  Host host{west(), {}, 2};
  HandMadePeer peer{host, Role::initiator};
  wire::Payloads notify;
  notify.add(wire::Notify{.type = NotifyType::invalid_spi, .data = {1, 2, 3, 4}});
  wire::Header header{.initiator_spi = IkeSpi{0x1111},
                      .responder_spi = IkeSpi{0x2222},
                      .exchange = ExchangeType::informational,
                      .id = MessageId{7}};
  peer.send(wire::build_message(header, notify));
  EXPECT_TRUE(peer.take().empty()) << "INVALID_SPI in clear";
  header.direction = Direction::response;
  const auto some_protected = [&] {
    ByteString octets = wire::build_protected_start(header, PayloadType::none, 40);
    octets.resize(octets.size() + 40);
    return octets;
  };
  peer.send(some_protected());
  EXPECT_TRUE(peer.take().empty()) << "a response";
  header.direction = Direction::request;
  peer.here.port = 4444;
  peer.send(some_protected());
  const Said said = peer.take_one();
  EXPECT_FALSE(said.is_protected);
  EXPECT_TRUE(said.has(NotifyType::invalid_ike_spi));
  EXPECT_EQ(said.header.direction, Direction::response);
  EXPECT_EQ(said.header.initiator_spi, header.initiator_spi);
  EXPECT_EQ(said.header.responder_spi, header.responder_spi);
  EXPECT_EQ(said.header.id, header.id);
  EXPECT_EQ(said.datagram.remote, peer.here);
}

// Shows RFC 7296 3.3.6-5, 3.3.6-6.
TEST(Answer, OfWhatWasNotProposedLeadsNowhere) {
  const struct {
    const char* name;
    std::function<void(wire::Proposal&)> change;
  } cases[] = {
      {"another key length", [](wire::Proposal& p) { p.transforms[0].key_bits = 128; }},
      {"another PRF", [](wire::Proposal& p) { p.transforms[1].id = 7; }},
      {"another group", [](wire::Proposal& p) { p.transforms[2].id = 19; }},
      {"a transform less", [](wire::Proposal& p) { p.transforms.pop_back(); }},
      {"a transform twice", [](wire::Proposal& p) { p.transforms.push_back(p.transforms.back()); }},
      {"another protocol", [](wire::Proposal& p) { p.protocol = 3; }},
  };
  for (const auto& [name, change] : cases) {
    SCOPED_TRACE(name);
    Beginning net;
    const wire::Payloads right = net.peer.init_payloads();
    wire::SecurityAssociation sa = *right.find<wire::SecurityAssociation>();
    change(sa.proposals.front());
    wire::Payloads payloads;
    payloads.add(sa);
    const wire::Payloads rest = without_first(right);
    for (const wire::Payload& payload : rest.items()) payloads.add(payload.type, payload.body);
    net.peer.send(wire::build_message({.initiator_spi = net.request.header.initiator_spi,
                                       .responder_spi = net.peer.spi_r,
                                       .exchange = ExchangeType::ike_sa_init,
                                       .sender = Sender::original_responder,
                                       .direction = Direction::response},
                                      payloads));
    EXPECT_TRUE(net.peer.take().empty());
    for (int second = 0; second < 600; ++second) net.host.pass_time_to(net.host.now + Seconds{1});
    EXPECT_TRUE(net.host.ike().empty());
    for (const Said& again : net.peer.take()) EXPECT_EQ(again.header.exchange, ExchangeType::ike_sa_init);
  }
}

/// A request with every reserved octet and bit set.
ByteString with_reserved_set(const ByteString& message) {
  ByteString octets = message;
  std::size_t at = wire::header_size;
  auto type = static_cast<PayloadType>(octets[16]);
  while (type != PayloadType::none) {
    octets[at + 1] |= 0x7f;
    const std::size_t length = octets[at + 2] * 256u + octets[at + 3];
    if (type == PayloadType::key_exchange) octets[at + 6] = octets[at + 7] = 0xff;
    if (type == PayloadType::security_association) {
      octets[at + 5] = 0xff;  // of the proposal
      for (std::size_t t = at + 12; t < at + length; t += octets[t + 2] * 256u + octets[t + 3]) {
        octets[t + 1] = octets[t + 5] = 0xff;
      }
    }
    type = static_cast<PayloadType>(octets[at]);
    at += length;
  }
  return octets;
}

// Shows RFC 7296 2.5-8, 3.2-7, 3.3.1-2, 3.3.2-2.
TEST(Received, ReservedOctetsOfARequestArePassedOver) {
  Host host{west(), {}, 2};
  HandMadePeer peer{host, Role::initiator};
  const wire::Payloads payloads = peer.init_payloads();
  peer.ni = payloads.find<wire::Nonce>()->value;
  peer.send(with_reserved_set(
      wire::build_message({.initiator_spi = peer.spi_i, .exchange = ExchangeType::ike_sa_init}, payloads)));
  EXPECT_NE(peer.take_one().payloads.find<wire::KeyExchange>(), nullptr) << host.told();
}

// Shows RFC 7296 2.5-9, 2.5-15, 3.12-3, 3.12-1, 3.10.1-2, 3.2-3.
TEST(Received, UnknownPayloadsAndAnyOrderArePassedOver) {
  Host host{west(), {}, 2};
  HandMadePeer peer{host, Role::initiator};
  const wire::Payloads usual = peer.init_payloads();
  wire::Payloads other_way_round;
  other_way_round.add(wire::VendorId{ByteString(16, 0xaa)});
  other_way_round.add(wire::Notify{.type = NotifyType{50000}, .data = {1}});
  other_way_round.add(wire::Notify{.type = NotifyType{12000}});
  for (auto item = usual.items().rbegin(); item != usual.items().rend(); ++item) {
    other_way_round.add(item->type, item->body);
  }
  other_way_round.add(PayloadType{250}, wire::VendorId{ByteString(9, 0xbb)});  // of a type that nobody knows
  EXPECT_EQ(peer.begin(other_way_round).size(), 1u);
  const wire::Payloads auth = peer.auth_payloads();
  wire::Payloads turned;
  turned.add(PayloadType{251}, wire::VendorId{ByteString(9, 0xbb)});
  turned.add(wire::Notify{.type = NotifyType{50000}, .data = {1}});
  turned.add(wire::Notify{.type = NotifyType{12000}});
  turned.add(wire::Configuration{1, {{1, {}}, {0x7777, {1, 2}}}});
  for (auto item = auth.items().rbegin(); item != auth.items().rend(); ++item) turned.add(item->type, item->body);
  peer.ask(ExchangeType::ike_auth, turned);
  EXPECT_EQ(host.installed.size(), 1u) << host.told();
}

// Shows RFC 7296 1.7-1, 3.15.1-6.
TEST(Received, ConfigurationAttributesArePassedOver) {
  Host host{west(), {}, 2};
  HandMadePeer peer{host, Role::initiator};
  peer.begin(peer.init_payloads());
  wire::Payloads payloads = peer.auth_payloads();
  payloads.add(wire::Configuration{1, {{5, {0, 0, 0, 60}}, {1, {}}, {0x7777, {1, 2}}}});
  const std::vector<Said> said = peer.ask(ExchangeType::ike_auth, payloads);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said.front().payloads.count(PayloadType::configuration), 0u);
  EXPECT_EQ(host.installed.size(), 1u) << host.told();
}

}  // namespace
}  // namespace adit::ike
