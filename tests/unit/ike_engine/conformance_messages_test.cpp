// RFC 7296 on messages of an IKE SA that is up, seen by a peer made by hand: what must be answered, how, and what must
// change nothing.

#include <algorithm>

#include "hand_made_peer.h"

namespace adit::ike {
namespace {

using wire::Direction;
using wire::ExchangeType;
using wire::NotifyType;
using wire::PayloadType;

/// A host that answers, and its peer, with an IKE SA and a Child SA.
struct Answering {
  explicit Answering(Side side = west()) : host{std::move(side), {}, 2}, peer{host, Role::initiator} {
    peer.establish();
    inbound_spi = host.installed.begin()->second.inbound_spi;
  }

  Said ask(const wire::Payloads& payloads, ExchangeType exchange = ExchangeType::informational) {
    const std::vector<Said> said = peer.ask(exchange, payloads);
    EXPECT_EQ(said.size(), 1u) << host.told();
    return said.empty() ? Said{} : said.front();
  }
  bool is_untouched() const { return host.ike().size() == 1 && host.installed.size() == 1; }

  Host host;
  HandMadePeer peer;
  InboundSpi inbound_spi;
};

wire::Payloads one(wire::Body body) {
  wire::Payloads payloads;
  payloads.add(std::move(body));
  return payloads;
}

/// An inner chain of one payload of any type and octets.
wire::Inner raw(std::uint8_t type, std::uint8_t flags, const ByteString& body) {
  Writer out;
  out.u8(0);
  out.u8(flags);
  out.u16(narrow<std::uint16_t>(wire::generic_header_size + body.size()));
  out.bytes(body);
  return {PayloadType{type}, std::move(out).take()};
}

// Shows RFC 7296 1.4-4, 2.20-1, 3.12-3, 3.10.1-2, 3.15.1-6, 3.15.1-10, 2.21.4-10, 3.10-3.
TEST(Informational, IsAlwaysAnsweredAndWhatIsNotKnownInItIsIgnored) {
  const struct {
    const char* name;
    wire::Payloads payloads;
  } cases[] = {
      {"nothing", {}},
      {"a Vendor ID that nobody knows", one(wire::VendorId{ByteString(20, 0x56)})},
      {"a status that nobody knows", one(wire::Notify{.type = NotifyType{40000}, .data = {1, 2}})},
      {"an error that nobody knows", one(wire::Notify{.type = NotifyType{9999}})},
      {"INVALID_SPI", one(wire::Notify{.type = NotifyType::invalid_spi, .data = {0xc0, 0xff, 0xee, 1}})},
      {"INVALID_IKE_SPI", one(wire::Notify{.type = NotifyType::invalid_ike_spi})},
      {"a protocol without an SPI", one(wire::Notify{.protocol = 3, .type = NotifyType::initial_contact})},
      {"a question for the version", one(wire::Configuration{1, {{7, {}}}})},
      {"an attribute that nobody knows", one(wire::Configuration{1, {{0x7abc, {1, 2, 3}}}})},
      {"what is to be set", one(wire::Configuration{3, {{1, {10, 0, 0, 1}}}})},
  };
  for (const auto& [name, payloads] : cases) {
    SCOPED_TRACE(name);
    Answering net;
    const Said said = net.ask(payloads);
    EXPECT_TRUE(said.is_protected);
    EXPECT_EQ(said.header.direction, Direction::response);
    EXPECT_TRUE(said.payloads.items().empty());
    EXPECT_TRUE(net.is_untouched()) << net.host.told();
  }
}

// Shows RFC 7296 2.21.3-1, 3.10.1-4, 1.3-3, 2.5-10, 2.5-11.
TEST(Errors, OfRequestsUnderAnSaAreToldInItsResponse) {
  const struct {
    const char* name;
    ExchangeType exchange;
    std::function<wire::Inner(HandMadePeer&)> inner;
    NotifyType want;
    ByteString data;
  } cases[] = {
      {"octets that are no payload",
       ExchangeType::informational,
       [](HandMadePeer&) { return wire::Inner{PayloadType::notify, {0, 0, 0, 99}}; },
       NotifyType::invalid_syntax,
       {}},
      {"a Delete that is malformed",
       ExchangeType::informational,
       [](HandMadePeer&) { return raw(42, 0, {3, 4, 0, 9, 1, 2, 3, 4}); },
       NotifyType::invalid_syntax,
       {}},
      {"a critical payload that nobody knows",
       ExchangeType::informational,
       [](HandMadePeer&) { return raw(200, 0x80, {1}); },
       NotifyType::unsupported_critical_payload,
       {200}},
      {"the same in CREATE_CHILD_SA",
       ExchangeType::create_child_sa,
       [](HandMadePeer&) { return raw(201, 0x80, {1}); },
       NotifyType::unsupported_critical_payload,
       {201}},
      {"CREATE_CHILD_SA without SA",
       ExchangeType::create_child_sa,
       [](HandMadePeer&) { return wire::Inner{}; },
       NotifyType::invalid_syntax,
       {}},
      {"CREATE_CHILD_SA without a nonce",
       ExchangeType::create_child_sa,
       [](HandMadePeer& peer) { return wire::build_inner(peer.child_payloads()); },
       NotifyType::invalid_syntax,
       {}},
      {"CREATE_CHILD_SA without selectors",
       ExchangeType::create_child_sa,
       [](HandMadePeer& peer) {
         wire::Payloads payloads = one(*peer.child_payloads().find<wire::SecurityAssociation>());
         payloads.add(wire::Nonce{ByteString(32, 1)});
         return wire::build_inner(payloads);
       },
       NotifyType::invalid_syntax,
       {}},
      {"IKE_AUTH again",
       ExchangeType::ike_auth,
       [](HandMadePeer& peer) { return wire::build_inner(peer.auth_payloads()); },
       NotifyType::invalid_syntax,
       {}},
      {"an exchange that nobody knows",
       ExchangeType{77},
       [](HandMadePeer&) { return wire::Inner{}; },
       NotifyType::invalid_syntax,
       {}},
  };
  for (const auto& [name, exchange, inner, want, data] : cases) {
    SCOPED_TRACE(name);
    Answering net;
    net.peer.send(net.peer.sealed(net.peer.next_header(exchange), inner(net.peer)));
    const std::vector<Said> said = net.peer.take();
    ASSERT_EQ(said.size(), 1u) << net.host.told();
    const wire::Notify* notify = said.front().payloads.find(want);
    ASSERT_NE(notify, nullptr);
    EXPECT_EQ(notify->data, data);
    EXPECT_EQ(said.front().payloads.items().size(), 1u);
    // INVALID_SYNTAX ends the SA at both ends (RFC 7296 §2.21.3).
    EXPECT_EQ(net.is_untouched(), want != NotifyType::invalid_syntax) << net.host.told();
  }
}

TEST(Errors, OfACriticalPayloadBeforeTheProtectedOnesAreToldToo) {  // RFC 7296 §2.5: the ICV covers it
  Answering net;
  const auto with_critical_in_front = [](ByteString& message) {
    const std::uint8_t first = std::exchange(message[16], std::uint8_t{200});
    const ByteString payload = {first, 0x80, 0, 4};
    message.insert(message.begin() + wire::header_size, payload.begin(), payload.end());
    message[27] = static_cast<std::uint8_t>(message[27] + payload.size());  // the message's length, of less than 256
  };
  wire::Payloads gone = one(wire::Delete{.protocol = wire::ProtocolId::ike});
  net.peer.send(net.peer.sealed(net.peer.next_header(ExchangeType::informational), wire::build_inner(gone),
                                with_critical_in_front));
  const Said said = net.peer.take_one();
  ASSERT_TRUE(said.has(NotifyType::unsupported_critical_payload));
  EXPECT_EQ(said.payloads.find(NotifyType::unsupported_critical_payload)->data, ByteString{200});
  EXPECT_TRUE(net.is_untouched());
}

// Shows RFC 7296 1.3-3, 3.4-5, 3.3.6-12.
TEST(ForwardSecrecy, IsOfTheGroupThatBothWantOrOfNone) {
  Side side = west();
  side.pfs = GroupId::ecp_256;
  Answering net{side};
  net.peer.child_spi = Spi{0xc0ffee02};
  wire::Payloads payloads = net.peer.child_payloads();
  wire::SecurityAssociation offer = *payloads.find<wire::SecurityAssociation>();
  for (const GroupId group : {GroupId::curve25519, GroupId::ecp_256}) {
    offer.proposals.front().transforms.push_back(
        {.type = 4, .id = std::to_underlying(group), .key_bits = {}, .unknown = {}});
  }
  CountingRandom random{7};
  const auto wrong = *crypto::KeyExchange::generate(GroupId::curve25519, random);
  const auto request = [&](const wire::SecurityAssociation& sa) {
    wire::Payloads with = one(sa);
    with.add(wire::Nonce{ByteString(32, 5)});
    with.add(wire::KeyExchange{GroupId::curve25519, {wrong->public_value().begin(), wrong->public_value().end()}});
    for (const wire::Payload& payload : payloads.items()) {
      if (payload.type != PayloadType::security_association) with.add(payload.type, payload.body);
    }
    return with;
  };
  const Said refused = net.ask(request(offer), ExchangeType::create_child_sa);
  const wire::Notify* notify = refused.payloads.find(NotifyType::invalid_ke_payload);
  ASSERT_NE(notify, nullptr);
  EXPECT_EQ(notify->data, (ByteString{0, 19}));
  EXPECT_EQ(net.host.installed.size(), 1u);

  Answering without;
  offer.proposals.front().transforms.back().id = 0;  // or none at all
  const Said agreed = without.ask(request(offer), ExchangeType::create_child_sa);
  EXPECT_EQ(agreed.payloads.find<wire::KeyExchange>(), nullptr);
  EXPECT_NE(agreed.payloads.find<wire::SecurityAssociation>(), nullptr) << without.host.told();
  EXPECT_EQ(without.host.installed.size(), 2u);
}

// Shows RFC 7296 2.3-8, 2.3-9, 2.3-10.
TEST(Window, OutsideOfItNothingIsAnswered) {
  Answering net;
  for (const std::uint32_t id : {0u, 7u, 8u, 0xffffffffu}) {
    SCOPED_TRACE(id);
    wire::Header header = net.peer.next_header(ExchangeType::informational);
    ASSERT_EQ(header.id, MessageId{2});
    header.id = MessageId{id};
    net.peer.send(net.peer.sealed(header, {}));
    EXPECT_TRUE(net.peer.take().empty());
  }
  net.ask({});
}

// Shows RFC 7296 2.1-5.
TEST(Window, KeepsAResponseForMinutesAndIgnoresTheRequestWhenItIsForgotten) {
  Side side = west();
  side.liveness = Seconds{0};
  Answering net{side};
  const ByteString request = net.peer.sealed(net.peer.next_header(ExchangeType::informational), {});
  net.peer.send(request);
  const Said said = net.peer.take_one();
  net.host.pass_time_to(net.host.now + Seconds{120});
  net.peer.send(request);
  EXPECT_EQ(net.peer.take_one().datagram.octets, said.datagram.octets);
  net.host.pass_time_to(net.host.now + Seconds{120});
  EXPECT_TRUE(net.peer.take().empty());
  net.peer.send(request);
  EXPECT_TRUE(net.peer.take().empty()) << "neither the old answer nor a new one";
}

// Shows RFC 7296 2.3-2, 2.3-4, 2.4-8, 1.4-3, 3.11-1.
TEST(Window, HoldsOneRequestAtATime) {
  Side side = west();
  Answering net{side};
  net.host.feed(DeactivateDynamicTunnel{net.host.stack(), std::nullopt});
  const contract::Acquire acquire{
      net.host.stack(), "nets", {.source = address("10.2.0.5"), .destination = address("10.1.0.9"), .protocol = 6}};
  net.host.feed(acquire);
  const Said first = net.peer.take_one();
  const auto* named = first.payloads.find<wire::Delete>();
  ASSERT_NE(named, nullptr);
  EXPECT_EQ(*named, (wire::Delete{wire::ProtocolId::esp, {Spi{net.inbound_spi.value()}}}));
  net.host.feed(acquire);
  EXPECT_TRUE(net.peer.take().empty()) << "the next one waits for the answer";
  net.peer.answer(first, {});
  const Said second = net.peer.take_one();
  EXPECT_EQ(second.header.id.value(), first.header.id.value() + 1);
  EXPECT_EQ(second.header.exchange, ExchangeType::create_child_sa);
}

// Shows RFC 7296 1.4.1-1, 1.4.1-2, 1.4.1-3, 2.25.1-7.
TEST(Delete, OfAChildSaEndsThePairAndIsAnsweredWithTheOtherHalf) {
  Answering net;
  const Said unknown = net.ask(one(wire::Delete{wire::ProtocolId::esp, {Spi{0x01020304}}}));
  EXPECT_TRUE(unknown.payloads.items().empty()) << "of what does not exist nothing is said";
  EXPECT_TRUE(net.is_untouched());
  const Said said = net.ask(one(wire::Delete{wire::ProtocolId::esp, {net.peer.child_spi}}));
  ASSERT_EQ(said.payloads.items().size(), 1u);
  EXPECT_EQ(*said.payloads.find<wire::Delete>(), (wire::Delete{wire::ProtocolId::esp, {Spi{net.inbound_spi.value()}}}));
  EXPECT_TRUE(net.host.installed.empty());
  EXPECT_EQ(net.host.removed.size(), 1u);
  EXPECT_EQ(net.host.ike().size(), 1u);
}

// Shows RFC 7296 1.4.1-5, 2.3-3.
TEST(Delete, ThatCrossesOursIsAnsweredWithoutOne) {
  Answering net;
  net.host.feed(DeactivateDynamicTunnel{net.host.stack(), std::nullopt});
  const Said ours = net.peer.take_one();
  ASSERT_NE(ours.payloads.find<wire::Delete>(), nullptr);
  const Said said = net.ask(one(wire::Delete{wire::ProtocolId::esp, {net.peer.child_spi}}));
  EXPECT_TRUE(said.payloads.items().empty());
  net.peer.answer(ours, {});
  EXPECT_TRUE(net.host.installed.empty());
  EXPECT_TRUE(net.peer.take().empty());
}

// Shows RFC 7296 2.25.2-5.
TEST(Delete, OfAnIkeSaThatCrossesOursIsAnswered) {
  Answering net;
  net.host.feed(DeactivateIkeTunnel{net.host.stack(), std::nullopt});
  ASSERT_NE(net.peer.take_one().payloads.find<wire::Delete>(), nullptr);
  const Said said = net.ask(one(wire::Delete{.protocol = wire::ProtocolId::ike}));
  EXPECT_TRUE(said.payloads.items().empty());
  EXPECT_TRUE(net.host.ike().empty());
  EXPECT_EQ(net.host.engine.next_deadline(), std::nullopt);
}

// Shows RFC 7296 1.4.1-6.
TEST(HalfClosed, StaysUntilThePeerHasAnsweredOrTheIkeSaEnds) {
  Answering net;
  net.host.feed(DeactivateDynamicTunnel{net.host.stack(), std::nullopt});
  const Said ours = net.peer.take_one();
  for (int second = 0; second < 60; ++second) net.host.pass_time_to(net.host.now + Seconds{1});
  for (const Said& again : net.peer.take()) EXPECT_EQ(again.datagram.octets, ours.datagram.octets);
  EXPECT_EQ(net.host.installed.size(), 1u) << "nobody else has closed it";
  EXPECT_EQ(net.host.children().front().state, ChildState::half_closed);
  for (int second = 0; second < 600; ++second) net.host.pass_time_to(net.host.now + Seconds{1});
  EXPECT_TRUE(net.host.ike().empty());
  EXPECT_TRUE(net.host.installed.empty());
}

TEST(Retransmission, IsDueAtOnceWhenAnInitiatorThatWasSlowToVerifyIsHeardForTheFirstTime) {  // RFC 7296 §2.1
  Answering net;
  net.host.feed(DeactivateDynamicTunnel{net.host.stack(), std::nullopt});
  const Said ours = net.peer.take_one();
  for (int second = 0; second < 10; ++second) net.host.pass_time_to(net.host.now + Seconds{1});
  EXPECT_FALSE(net.peer.take().empty());
  const std::vector<Said> said = net.peer.ask(ExchangeType::informational, {});
  ASSERT_EQ(said.size(), 2u) << "the response, and what was dropped before";
  EXPECT_TRUE(std::ranges::any_of(said, [&](const Said& one) { return one.datagram.octets == ours.datagram.octets; }));
  net.host.pass_time_to(net.host.now + Duration{1});
  EXPECT_EQ(net.peer.ask(ExchangeType::informational, {}).size(), 1u) << "after that the pauses are as ever";
}

// Shows RFC 7296 1.4-2, 1.4-3.
TEST(Control, OfAnSaIsUnderItAlone) {
  Answering net;
  HandMadePeer other{net.host, Role::initiator, 77};
  other.child_spi = Spi{0xc0ffee77};
  other.establish_another();
  ASSERT_EQ(net.host.ike().size(), 2u);
  const std::vector<Said> said =
      other.ask(ExchangeType::informational, one(wire::Delete{wire::ProtocolId::esp, {net.peer.child_spi}}));
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(said.front().payloads.items().empty()) << "it is the other SA's";
  EXPECT_EQ(net.host.installed.size(), 2u);
  net.host.feed(DeactivateIkeTunnel{net.host.stack(), IkeTunnelId{2}});
  const Said named = other.take_one();  // opened with the keys of that SA
  EXPECT_NE(named.payloads.find<wire::Delete>(), nullptr);
  other.answer(named, {});
  EXPECT_EQ(net.host.ike().size(), 1u);
  EXPECT_EQ(net.host.installed.size(), 1u);
}

// Shows RFC 7296 3.1-14, 2.21.3-2.
TEST(Responses, AreNeverAnsweredHoweverWrong) {
  Answering net;
  wire::Header header = net.peer.next_header(ExchangeType::informational);
  header.direction = Direction::response;
  net.peer.send(net.peer.sealed(header, {}));
  EXPECT_TRUE(net.peer.take().empty()) << "to no request";

  net.host.pass_time_to(net.host.now + Seconds{31});
  net.host.pass_time_to(net.host.now + Seconds{3});
  const Said check = net.peer.take_one();
  wire::Header answer = header;
  answer.id = check.header.id;
  net.peer.send(net.peer.sealed(answer, wire::Inner{PayloadType::notify, {0, 0, 0, 99}}));
  EXPECT_TRUE(net.peer.take().empty()) << "malformed";
  EXPECT_TRUE(net.is_untouched());
}

// Shows RFC 7296 2.5-1, 2.5-5, 2.5-8, 3.1-11, 3.1-16, 3.2-7.
TEST(Received, MinorVersionAndReservedBitsArePassedOver) {
  const struct {
    const char* name;
    std::size_t at;
    std::uint8_t bits;
  } cases[] = {
      {"minor version 7", 17, 0x07},
      {"V, which says that a higher version is known", 19, 0x10},
      {"X bits of the flags", 19, 0xc7},
      {"reserved bits of the SK payload's header", 29, 0x7f},
      {"the critical bit of the SK payload", 29, 0x80},
  };
  for (const auto& [name, at, bits] : cases) {
    SCOPED_TRACE(name);
    Answering net;
    net.peer.send(net.peer.sealed(net.peer.next_header(ExchangeType::informational), {},
                                  [&, offset = at, set = bits](ByteString& start) { start[offset] |= set; }));
    const Said said = net.peer.take_one();
    EXPECT_TRUE(said.is_protected);
    EXPECT_EQ(said.header.major_version, 2);
    EXPECT_EQ(said.header.minor_version, 0);
  }
}

// Shows RFC 7296 2-1, 2-2.
TEST(Size, OfMessagesMayBe3000Octets) {
  for (const std::size_t size : {1280u, 3000u}) {
    SCOPED_TRACE(size);
    Answering net;
    const std::size_t around = net.peer.sealed(net.peer.next_header(ExchangeType::informational), {}).size() + 4;
    const Said said = net.ask(one(wire::VendorId{ByteString(size - around, 0x56)}));
    EXPECT_TRUE(said.payloads.items().empty());

    HandMadePeer large{net.host, Role::initiator, 31};
    wire::Payloads init = large.init_payloads();
    const std::size_t plain = wire::build_message({}, init).size() + 4;
    init.add(wire::VendorId{ByteString(size - plain, 0x56)});
    ASSERT_EQ(wire::build_message({}, init).size(), size);
    EXPECT_NE(large.begin(init).front().payloads.find<wire::KeyExchange>(), nullptr);
  }
}

}  // namespace
}  // namespace adit::ike
