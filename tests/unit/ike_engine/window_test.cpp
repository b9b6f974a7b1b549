// A window of more than one (RFC 7296 §2.3), used by a peer that holds the keys: its requests come in any order, are
// worked on at once, and are answered again byte for byte.

#include <algorithm>
#include <map>

#include "hand_made_peer.h"

namespace adit::ike {
namespace {

using wire::ExchangeType;
using wire::NotifyType;
using wire::PayloadType;

const ByteString five = {0, 0, 0, 5};

/// A host, and a peer that began its IKE SA and has a Child SA; the next message ID is 2.
struct Windowed {
  explicit Windowed(Side side = west()) : host{std::move(side), {}, 2}, peer{host, Role::initiator} {
    peer.establish();
  }

  ByteString request(std::uint32_t id, const wire::Payloads& payloads,
                     ExchangeType exchange = ExchangeType::informational) {
    wire::Header header = peer.next_header(exchange);
    header.id = MessageId{id};
    return peer.sealed(header, wire::build_inner(payloads));
  }
  std::vector<Said> ask(std::uint32_t id) {
    peer.send(request(id, {}));
    return peer.take();
  }
  /// A request for a Child SA beside the first, on which the peer receives with `spi`.
  wire::Payloads another_child(std::uint32_t spi) {
    peer.child_spi = Spi{spi};
    const wire::Payloads child = peer.child_payloads();
    wire::Payloads payloads;
    payloads.add(*child.find<wire::SecurityAssociation>());
    payloads.add(wire::Nonce{ByteString(32, static_cast<std::uint8_t>(spi))});
    for (const wire::Payload& payload : child.items()) {
      if (payload.type != PayloadType::security_association) payloads.add(payload.type, payload.body);
    }
    return payloads;
  }
  wire::Payloads rekey(std::uint32_t old, std::uint32_t spi) {
    Writer named;
    named.u32(old);
    wire::Payloads payloads;
    payloads.add(wire::Notify{.protocol = 3, .spi = std::move(named).take(), .type = NotifyType::rekey_sa});
    const wire::Payloads child = another_child(spi);
    for (const wire::Payload& payload : child.items()) payloads.add(payload.type, payload.body);
    return payloads;
  }
  void let_the_stack_install() {
    std::vector<contract::ChildSaName> names;
    for (const auto& [name, pair] : host.installed) names.push_back(name);
    for (const contract::ChildSaName& name : names) {
      host.feed(contract::InstallResult{host.stack(), name, std::nullopt});
    }
  }

  Host host;
  HandMadePeer peer;
};

// Shows RFC 7296 2.3-1.
TEST(WindowSize, IsAnnouncedInFourOctetsByEitherSideOfIkeAuth) {
  Host answering{west(), {}, 2};
  HandMadePeer initiator{answering, Role::initiator};
  initiator.begin(initiator.init_payloads());
  const std::vector<Said> said = initiator.ask(ExchangeType::ike_auth, initiator.auth_payloads());
  ASSERT_EQ(said.size(), 1u);
  ASSERT_TRUE(said.front().has(NotifyType::set_window_size));
  EXPECT_EQ(said.front().payloads.find(NotifyType::set_window_size)->data, five);

  Host asking{west(), {}, 2};
  HandMadePeer responder{asking, Role::responder};
  asking.feed(ActivateRule{asking.stack(), "net-to-net"});
  const Said init = responder.take_one();
  EXPECT_FALSE(init.has(NotifyType::set_window_size)) << "not before there is an IKE SA";
  responder.answer_init(init);
  const Said auth = responder.take_one();
  ASSERT_TRUE(auth.has(NotifyType::set_window_size));
  EXPECT_EQ(auth.payloads.find(NotifyType::set_window_size)->data, five);
}

TEST(WindowSize, OfAPeerThatAnnouncesAnyNumberIsHeldByOneRequestAtATime) {
  for (const ByteString& size : {ByteString{0, 0, 0, 9}, ByteString{0, 0, 0, 0}, ByteString{1}}) {
    Windowed net;
    wire::Payloads payloads;
    payloads.add(wire::Notify{.type = NotifyType::set_window_size, .data = size});
    ASSERT_EQ(net.peer.ask(ExchangeType::informational, payloads).size(), 1u);
    net.host.feed(RefreshDynamicTunnel{net.host.stack(), std::nullopt});
    net.host.feed(DeactivateDynamicTunnel{net.host.stack(), std::nullopt});
    EXPECT_EQ(net.peer.take().size(), 1u);
  }
}

// Shows RFC 7296 2.1-4, 2.3-9.
TEST(Window, TakesRequestsInAnyOrderAndAnswersEachAgainByteForByte) {
  Windowed net;
  std::map<std::uint32_t, ByteString> requests, answers;
  for (const std::uint32_t id : {6u, 3u, 5u, 2u, 4u}) {
    requests[id] = net.request(id, {});
    net.peer.send(requests[id]);
    const Said said = net.peer.take_one();
    EXPECT_EQ(said.header.id, MessageId{id});
    answers[id] = said.datagram.octets;
  }
  for (const std::uint32_t id : {2u, 3u, 4u, 5u, 6u}) {
    net.peer.send(requests[id]);
    EXPECT_EQ(net.peer.take_one().datagram.octets, answers[id]) << id;
  }
  EXPECT_TRUE(net.ask(12).empty()) << "the window ends with 11";
  EXPECT_EQ(net.ask(11).size(), 1u);
  net.peer.send(requests[6]);
  EXPECT_TRUE(net.peer.take().empty()) << "who sends 11 has the response to 6";
}

TEST(Window, DoesNotMoveOnWhileItsOldestRequestIsNotThere) {
  Windowed net;
  for (const std::uint32_t id : {3u, 4u, 5u, 6u}) EXPECT_EQ(net.ask(id).size(), 1u);
  EXPECT_TRUE(net.ask(7).empty()) << "nobody may send 7 without the response to 2";
  EXPECT_EQ(net.ask(2).size(), 1u);
  EXPECT_EQ(net.ask(7).size(), 1u);
}

TEST(Window, IsOneUntilTheInitialExchangesAreComplete) {
  Host host{west(), {}, 2};
  HandMadePeer peer{host, Role::initiator};
  peer.begin(peer.init_payloads());
  wire::Header early = peer.next_header(ExchangeType::informational);
  early.id = MessageId{2};
  const ByteString request = peer.sealed(early, {});
  peer.send(request);
  EXPECT_TRUE(peer.take().empty());
  EXPECT_EQ(peer.ask(ExchangeType::ike_auth, peer.auth_payloads()).size(), 1u);
  peer.send(request);
  EXPECT_EQ(peer.take().size(), 1u) << "it was not used up";
}

TEST(Window, HoldsSeveralRequestsThatWaitForTheStack) {
  Windowed net;
  net.host.stack_answers = false;
  for (const std::uint32_t id : {4u, 2u, 3u}) {
    net.peer.send(net.request(id, net.another_child(0xaa000000 + id), ExchangeType::create_child_sa));
  }
  EXPECT_TRUE(net.peer.take().empty());
  EXPECT_EQ(net.host.installed.size(), 4u);
  EXPECT_EQ(net.ask(5).size(), 1u) << "what waits for nothing is answered meanwhile";
  EXPECT_EQ(net.ask(6).size(), 1u);
  EXPECT_TRUE(net.ask(7).empty()) << "2 is not answered";
  net.let_the_stack_install();
  std::vector<std::uint32_t> answered;
  for (const Said& said : net.peer.take()) {
    answered.push_back(said.header.id.value());
    EXPECT_NE(said.payloads.find<wire::SecurityAssociation>(), nullptr) << net.host.told();
  }
  EXPECT_EQ(answered, (std::vector<std::uint32_t>{4, 2, 3})) << "as the stack has them";
  EXPECT_EQ(net.ask(7).size(), 1u);
}

TEST(Window, WhoseWaitingRequestsTheStackNeverAnswersIsEmptiedInTime) {
  Windowed net;
  net.host.stack_answers = false;
  for (const std::uint32_t id : {2u, 3u}) {
    net.peer.send(net.request(id, net.another_child(0xaa000000 + id), ExchangeType::create_child_sa));
  }
  EXPECT_TRUE(net.peer.take().empty());
  net.host.pass_time_to(net.host.now + Seconds{11});
  std::vector<std::uint32_t> refused;
  for (const Said& said : net.peer.take()) {
    if (said.has(NotifyType::no_additional_sas)) refused.push_back(said.header.id.value());
  }
  EXPECT_EQ(refused, (std::vector<std::uint32_t>{2, 3}));
  EXPECT_EQ(net.host.installed.size(), 1u);
}

TEST(Window, PutsOffASecondRekeyOfTheSameChildAndARekeyOfTheIkeSaMeanwhile) {  // RFC 7296 §2.8.1, §2.25.1
  Windowed net;
  const std::uint32_t first = net.peer.child_spi.value();
  net.host.stack_answers = false;
  net.peer.send(net.request(2, net.rekey(first, 0xaa000002), ExchangeType::create_child_sa));
  EXPECT_TRUE(net.peer.take().empty());
  net.peer.send(net.request(3, net.rekey(first, 0xaa000003), ExchangeType::create_child_sa));
  EXPECT_TRUE(net.peer.take_one().has(NotifyType::temporary_failure));
  wire::Payloads rekey;
  rekey.add(*net.peer.init_payloads().find<wire::SecurityAssociation>());
  wire::SecurityAssociation offer = *rekey.find<wire::SecurityAssociation>();
  offer.proposals.front().spi = ByteString(8, 0x55);
  wire::Payloads ike;
  ike.add(std::move(offer));
  net.peer.send(net.request(4, ike, ExchangeType::create_child_sa));
  EXPECT_TRUE(net.peer.take_one().has(NotifyType::temporary_failure));
  net.let_the_stack_install();
  EXPECT_EQ(net.peer.take_one().header.id, MessageId{2});
  EXPECT_EQ(net.host.installed.size(), 2u);
}

TEST(Window, MeetsADeleteOfTheChildThatAnOlderRequestRekeys) {  // RFC 7296 §2.25.1
  Windowed net;
  const std::uint32_t first = net.peer.child_spi.value();
  net.host.stack_answers = false;
  net.peer.send(net.request(2, net.rekey(first, 0xaa000002), ExchangeType::create_child_sa));
  wire::Payloads gone;
  gone.add(wire::Delete{wire::ProtocolId::esp, {Spi{first}}});
  net.peer.send(net.request(3, gone));
  EXPECT_NE(net.peer.take_one().payloads.find<wire::Delete>(), nullptr);
  net.let_the_stack_install();
  EXPECT_NE(net.peer.take_one().payloads.find<wire::SecurityAssociation>(), nullptr);
  net.host.pass_time_to(net.host.now + Seconds{3});  // the deleted pair receives a while longer
  ASSERT_EQ(net.host.installed.size(), 1u);
  EXPECT_EQ(net.host.installed.begin()->second.outbound_spi, OutboundSpi{0xaa000002});
}

TEST(Window, EndsWithTheDeleteOfTheIkeSaThatOvertookOthers) {
  Windowed net;
  wire::Payloads gone;
  gone.add(wire::Delete{.protocol = wire::ProtocolId::ike});
  net.peer.send(net.request(4, gone));
  EXPECT_EQ(net.peer.take().size(), 1u);
  EXPECT_TRUE(net.host.ike().empty());
  EXPECT_TRUE(net.host.installed.empty());
}

TEST(Window, PutsFragmentsOfSeveralRequestsTogether) {  // RFC 7383 §2.6
  Host host{west(), {}, 2};
  HandMadePeer peer{host, Role::initiator};
  peer.announce = [](wire::Payloads& payloads) {
    payloads.add(wire::Notify{.type = NotifyType::ikev2_fragmentation_supported});
  };
  peer.establish();
  wire::Payloads large;
  for (int i = 0; i < 4; ++i) large.add(wire::VendorId{ByteString(50, 7)});
  std::vector<std::vector<ByteString>> fragments;
  for (const std::uint32_t id : {2u, 3u}) {
    wire::Header header = peer.next_header(ExchangeType::informational);
    header.id = MessageId{id};
    fragments.push_back(peer.sealed_fragments(header, wire::build_inner(large), 2));
  }
  for (const auto& [request, number] : {std::pair{0u, 0u}, {1u, 1u}, {1u, 0u}, {0u, 1u}}) {
    peer.send(fragments[request][number]);
  }
  std::vector<std::uint32_t> answered;
  for (const Said& said : peer.take()) answered.push_back(said.header.id.value());
  EXPECT_EQ(answered, (std::vector<std::uint32_t>{3, 2}));
}

TEST(Window, KeepsNoMoreResponsesThanItHolds) {
  Windowed net;
  for (std::uint32_t id = 2; id < 12; ++id) net.ask(id);
  const std::size_t memory = net.host.ike().front().memory;
  for (std::uint32_t id = 12; id < 200; ++id) net.ask(id);
  EXPECT_LE(net.host.ike().front().memory, memory);
}

TEST(Window, OfARekeyedIkeSaIsOneUntilItIsAnnouncedUnderIt) {
  Windowed net;
  net.peer.rekey_ike_sa();
  EXPECT_TRUE(net.ask(1).empty()) << "whatever the old one's was";
  net.peer.send(net.request(0, {}));
  const Said said = net.peer.take_one();
  ASSERT_TRUE(said.has(NotifyType::set_window_size));
  EXPECT_EQ(said.payloads.find(NotifyType::set_window_size)->data, five);
  for (const std::uint32_t id : {5u, 3u, 1u}) {
    net.peer.send(net.request(id, {}));
    EXPECT_FALSE(net.peer.take_one().has(NotifyType::set_window_size)) << "once is enough";
  }
}

TEST(Window, OfARekeyedIkeSaIsNotAnnouncedBesideAnError) {  // RFC 7296 §2.21.2
  Windowed net;
  net.peer.rekey_ike_sa();
  wire::Inner unknown{.first = PayloadType{200}, .octets = {0, 0x80, 0, 4}};
  net.peer.send(net.peer.sealed(net.peer.next_header(ExchangeType::informational), unknown));
  EXPECT_EQ(net.peer.take_one().payloads.items().size(), 1u);
}

/// A peer that keeps its window full over a network that loses, repeats and overtakes: whatever comes of it, each
/// request is worked on once and has one answer.
TEST(Window, UsedInFullOverABadNetworkWorksOnEachRequestOnce) {
  std::size_t overtaken = 0, lost = 0, repeated = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Side side = west();
    side.liveness = Seconds{0};
    Windowed net{side};
    CountingRandom dice{seed};
    const auto chance = [&](unsigned percent) { return dice.number<std::uint32_t>() % 100 < percent; };

    std::map<std::uint32_t, ByteString> open, answers;
    std::vector<ByteString> under_way;
    std::uint32_t next = 2, newest_arrived = 0, children = 1;
    constexpr std::uint32_t last = 42;
    for (unsigned round = 0; round < 2000 && (next <= last || !open.empty()); ++round) {
      while (next <= last && open.size() < 5 && (open.empty() || next < open.begin()->first + 5)) {
        const bool is_child = next % 4 == 0;
        if (is_child) ++children;
        open[next] = is_child ? net.request(next, net.another_child(0xaa000000 + next), ExchangeType::create_child_sa)
                              : net.request(next, {});
        under_way.push_back(open[next]);
        ++next;
      }
      if (under_way.empty()) {  // retransmissions
        for (const auto& [id, octets] : open) under_way.push_back(octets);
      }
      const std::size_t which = dice.number<std::uint32_t>() % under_way.size();
      const ByteString arriving = under_way[which];
      if (chance(20)) {
        ++repeated;
      } else {
        under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(which));
      }
      if (chance(20)) {
        ++lost;
        continue;
      }
      const std::uint32_t id = wire::Header::parse(arriving)->id.value();
      overtaken += id < newest_arrived ? 1 : 0;
      newest_arrived = std::max(newest_arrived, id);
      net.peer.send(arriving);
      for (const Said& said : net.peer.take()) {
        const std::uint32_t answered = said.header.id.value();
        const auto [known, is_first] = answers.emplace(answered, said.datagram.octets);
        EXPECT_EQ(known->second, said.datagram.octets) << answered;
        EXPECT_TRUE(!is_first || said.payloads.find_error() == nullptr) << answered;
        if (chance(20)) {
          ++lost;
          continue;
        }
        open.erase(answered);
      }
    }
    EXPECT_TRUE(open.empty());
    EXPECT_EQ(answers.size(), last - 1);
    EXPECT_EQ(net.host.installed.size(), children) << net.host.told();
    if (HasFailure()) return;
  }
  EXPECT_GT(overtaken, 0u);
  EXPECT_GT(lost, 0u);
  EXPECT_GT(repeated, 0u);
}

TEST(Window, TakesADeleteOfWhatIsNotInstalledYet) {
  Windowed net;
  net.host.stack_answers = false;
  net.peer.send(net.request(2, net.another_child(0xc0ffee10), ExchangeType::create_child_sa));
  EXPECT_TRUE(net.peer.take().empty()) << "the stack does not receive on it yet";
  ASSERT_EQ(net.host.installed.size(), 2u);
  wire::Payloads gone;
  gone.add(wire::Delete{.protocol = wire::ProtocolId::esp, .spis = {Spi{0xc0ffee10}}});
  net.peer.send(net.request(3, gone));
  const std::vector<Said> said = net.peer.take();
  ASSERT_EQ(said.size(), 2u) << "both, and at once";
  for (const Said& answer : said) {
    EXPECT_EQ(answer.payloads.find<wire::SecurityAssociation>(), nullptr);
    EXPECT_EQ(answer.header.id == MessageId{2}, answer.has(NotifyType::no_additional_sas));
  }
  net.let_the_stack_install();
  EXPECT_EQ(net.host.installed.size(), 1u);
  EXPECT_EQ(net.host.children().size(), 1u);
}

}  // namespace
}  // namespace adit::ike
