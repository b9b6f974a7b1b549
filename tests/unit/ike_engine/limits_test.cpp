// What a peer may cost: before it has proved who it is, and after (engine/options.h has the limits and why).

#include <algorithm>

#include "hand_made_peer.h"
#include "ike/engine/half_open.h"
#include "ike/engine/pauses.h"

namespace adit::ike {
namespace {

using wire::ExchangeType;
using wire::NotifyType;
using wire::PayloadType;

/// A request for a Child SA beside the first, on which the peer receives with `spi`; it rekeys `old` where there is
/// one.
wire::Payloads child_request(HandMadePeer& peer, std::uint32_t spi, std::optional<std::uint32_t> old = {}) {
  peer.child_spi = Spi{spi};
  const wire::Payloads child = peer.child_payloads();
  wire::Payloads payloads;
  if (old) {
    Writer named;
    named.u32(*old);
    payloads.add(wire::Notify{.protocol = 3, .spi = std::move(named).take(), .type = NotifyType::rekey_sa});
  }
  payloads.add(*child.find<wire::SecurityAssociation>());
  payloads.add(wire::Nonce{ByteString(32, 0x44)});
  for (const wire::Payload& payload : child.items()) {
    if (payload.type != PayloadType::security_association) payloads.add(payload.type, payload.body);
  }
  return payloads;
}

bool answers_with(const std::vector<Said>& said, NotifyType type) { return said.size() == 1 && said.front().has(type); }
bool agrees(const std::vector<Said>& said) {
  return said.size() == 1 && said.front().payloads.find<wire::SecurityAssociation>() != nullptr;
}

void allow_fragments(HandMadePeer& peer) {
  peer.announce = [](wire::Payloads& payloads) {
    payloads.add(wire::Notify{.type = NotifyType::ikev2_fragmentation_supported});
  };
}

TEST(UnprovedPeers, MakeThisSideKeepNoMoreFragmentsThanTheBudgetOfAll) {  // RFC 7383 §2.6
  constexpr std::size_t budget = 20'000, fragment = 1000;
  Host host{west(), {.unproved_octets = budget}, 2};
  std::vector<std::unique_ptr<HandMadePeer>> peers;
  for (std::uint64_t seed = 10; seed < 20; ++seed) {
    HandMadePeer& peer = *peers.emplace_back(std::make_unique<HandMadePeer>(host, Role::initiator, seed));
    allow_fragments(peer);
    ASSERT_EQ(peer.begin(peer.init_payloads()).size(), 1u);
    wire::Payloads large;
    large.add(wire::VendorId{ByteString(10 * fragment, 7)});
    const auto fragments =
        peer.sealed_fragments(peer.next_header(ExchangeType::ike_auth), wire::build_inner(large), 10);
    for (std::size_t i = 0; i + 1 < fragments.size(); ++i) peer.send(fragments[i]);  // the last one never comes
    EXPECT_LE(host.engine.statistics().unproved_octets, budget);
  }
  EXPECT_GT(host.engine.statistics().unproved_octets, budget - 2 * fragment) << "it has been used";

  HandMadePeer honest{host, Role::initiator, 99};
  honest.begin(honest.init_payloads());
  wire::Payloads with_certificate = honest.auth_payloads();
  with_certificate.add(wire::VendorId{ByteString(2 * fragment, 7)});
  const ByteString request =
      honest.sealed(honest.next_header(ExchangeType::ike_auth), wire::build_inner(with_certificate));
  honest.send(request);
  EXPECT_TRUE(honest.take().empty()) << "there is no room";
  host.pass_time_to(host.now + Seconds{31});  // half-open SAs end
  EXPECT_EQ(host.engine.statistics().unproved_octets, 0u);
  HandMadePeer later{host, Role::initiator, 98};
  later.establish();
}

TEST(UnprovedPeers, CountWhileNssdJudgesThemAndNoLonger) {
  Side side = west();
  side.me = policy::HowToAuthMe::digital_signature;
  side.peers = policy::HowToAuthPeers::signature;
  Host host{side, {}, 2};
  host.nssd = [](const CertificateRequest&) { return contract::Authorities{}; };
  HandMadePeer peer{host, Role::initiator};
  peer.begin(peer.init_payloads());
  wire::Payloads payloads = peer.auth_payloads();
  wire::Payloads signature;
  for (const wire::Payload& payload : payloads.items()) {
    if (payload.type != PayloadType::authentication) signature.add(payload.type, payload.body);
  }
  signature.add(wire::Authentication{.method = AuthMethod::digital_signature, .data = ByteString(256, 1)});
  for (int i = 0; i < 3; ++i) signature.add(wire::Certificate{.encoding = 4, .data = ByteString(900, 0x30)});
  host.nssd = nullptr;
  EXPECT_TRUE(peer.ask(ExchangeType::ike_auth, signature).empty());
  EXPECT_GT(host.engine.statistics().unproved_octets, 2700u);
  host.pass_time_to(host.now + Seconds{61});  // nssd has not answered
  host.pass_time_to(host.now + Seconds{61});
  EXPECT_EQ(host.engine.statistics().unproved_octets, 0u);
}

TEST(ProvedPeer, HasNoMoreIkeSasThanItMayHaveAndTheNewestStay) {
  Host host{west(), {.ike_sas_per_peer = 3}, 2};
  std::vector<IkeSpi> spis;
  for (std::uint64_t seed = 10; seed < 16; ++seed) {
    HandMadePeer peer{host, Role::initiator, seed};
    host.pass_time_to(host.now + Seconds{1});
    host.out.clear();  // Deletes under the older ones
    peer.begin(peer.init_payloads());
    peer.send(peer.sealed(peer.next_header(ExchangeType::ike_auth), wire::build_inner(peer.auth_payloads())));
    host.out.clear();
    spis.push_back(peer.spi_r);
    EXPECT_LE(host.engine.statistics().ike_sas, 3u);
  }
  std::vector<IkeSpi> left;
  for (const IkeTunnelView& view : host.ike()) left.push_back(view.responder_spi);
  for (const IkeSpi spi : {spis[3], spis[4], spis[5]}) EXPECT_EQ(std::ranges::count(left, spi), 1);
  EXPECT_NE(host.told().find("there are too many with this peer"), std::string::npos);
}

TEST(ProvedPeer, ThatNeverDeletesWhatItHasRekeyedIsPutOff) {  // RFC 7296 §2.25
  Host host{west(), {.ike_sas_per_peer = 3}, 2};
  HandMadePeer peer{host, Role::initiator};
  peer.establish();
  peer.rekey_ike_sa();
  peer.rekey_ike_sa();
  EXPECT_EQ(host.engine.statistics().ike_sas, 3u);
  wire::Payloads request = peer.init_payloads();
  wire::SecurityAssociation offer = *request.find<wire::SecurityAssociation>();
  offer.proposals.front().spi = ByteString(8, 0x55);
  wire::Payloads payloads;
  payloads.add(std::move(offer));
  payloads.add(*request.find<wire::Nonce>());
  payloads.add(*request.find<wire::KeyExchange>());
  EXPECT_TRUE(answers_with(peer.ask(ExchangeType::create_child_sa, payloads), NotifyType::temporary_failure));
  EXPECT_EQ(host.engine.statistics().ike_sas, 3u);
}

TEST(ProvedPeer, HasNoMoreChildSasThanItMayHave) {  // RFC 7296 §1.3
  Host host{west(), {.child_sas_per_ike_sa = 2}, 2};
  HandMadePeer peer{host, Role::initiator};
  peer.establish();
  const std::uint32_t first = peer.child_spi.value();
  EXPECT_TRUE(agrees(peer.ask(ExchangeType::create_child_sa, child_request(peer, 0xaa000001))));
  EXPECT_TRUE(answers_with(peer.ask(ExchangeType::create_child_sa, child_request(peer, 0xaa000002)),
                           NotifyType::no_additional_sas));
  EXPECT_NE(host.told().find("more than 2 Child SAs"), std::string::npos) << host.told();
  EXPECT_TRUE(agrees(peer.ask(ExchangeType::create_child_sa, child_request(peer, 0xaa000003, first))));
  EXPECT_TRUE(agrees(peer.ask(ExchangeType::create_child_sa, child_request(peer, 0xaa000004, 0xaa000001))));
  EXPECT_TRUE(answers_with(peer.ask(ExchangeType::create_child_sa, child_request(peer, 0xaa000005, 0xaa000003)),
                           NotifyType::temporary_failure))
      << "it deletes nothing of what it has rekeyed";
  EXPECT_EQ(host.installed.size(), 4u);
}

TEST(ProvedPeer, IsPutOffWhenItAsksTooOftenAlsoAfterARekey) {  // RFC 7296 §2.25
  Host host{west(), {.create_child_requests_per_second = 3}, 2};
  HandMadePeer peer{host, Role::initiator};
  peer.establish();
  EXPECT_TRUE(agrees(peer.ask(ExchangeType::create_child_sa, child_request(peer, 0xaa000001))));
  EXPECT_TRUE(agrees(peer.ask(ExchangeType::create_child_sa, child_request(peer, 0xaa000002))));
  peer.rekey_ike_sa();
  EXPECT_TRUE(answers_with(peer.ask(ExchangeType::create_child_sa, child_request(peer, 0xaa000003)),
                           NotifyType::temporary_failure));
  EXPECT_EQ(peer.ask(ExchangeType::informational, {}).size(), 1u) << "what costs nothing is answered";
  host.pass_time_to(host.now + Seconds{1});
  EXPECT_TRUE(agrees(peer.ask(ExchangeType::create_child_sa, child_request(peer, 0xaa000004))));
}

/// A host whose stack has a packet every second for a tunnel that the peer refuses as soon as it is asked.
struct RefusedOnDemand {
  Host host{east(), {}, 1};
  HandMadePeer peer{host, Role::responder};
  std::vector<Instant> attempts;

  void pass(Seconds span) {
    const Instant end = host.now + span;
    while (host.now < end) {
      host.feed(contract::Acquire{
          host.stack(), "nets", {.source = address("10.1.0.5"), .destination = address("10.2.0.9"), .protocol = 6}});
      if (!host.out.empty()) {
        attempts.push_back(host.now);
        peer.answer_init(peer.take_one());
        wire::Payloads refusal;
        refusal.add(wire::Notify{.type = NotifyType::authentication_failed});
        peer.answer(peer.take_one(), refusal);
      }
      host.pass_time_to(host.now + Seconds{1});
    }
  }
};

TEST(OnDemandTunnels, ThatThePeerRefusesAreAskedForLessAndLessOften) {
  RefusedOnDemand net;
  const Instant begin = net.host.now;
  net.pass(Seconds{130});
  std::vector<Duration> pauses;
  for (std::size_t i = 1; i < net.attempts.size(); ++i) pauses.push_back(net.attempts[i] - net.attempts[i - 1]);
  EXPECT_EQ(net.attempts.front(), begin);
  EXPECT_EQ(pauses, (std::vector<Duration>{Seconds{2}, Seconds{4}, Seconds{8}, Seconds{16}, Seconds{32}, Seconds{32},
                                           Seconds{32}}));

  net.attempts.clear();
  net.host.feed(PolicyInstalled{make_policy(net.host.side)});
  net.pass(Seconds{5});
  EXPECT_EQ(net.attempts.size(), 2u) << "another policy: at once, and from the shortest pause on";
}

TEST(Pauses, AreForgottenWhenTheyHaveLongPassedAndWhenThereAreTooMany) {
  Pauses<int> pauses{{.first = Seconds{2}, .most_doublings = 2, .most_entries = 3}};
  const Instant start{Seconds{100}};
  EXPECT_EQ(pauses.failed(1, start), Seconds{2});
  EXPECT_EQ(pauses.failed(1, start + Seconds{2}), Seconds{4});
  EXPECT_EQ(pauses.failed(1, start + Seconds{6}), Seconds{8});
  EXPECT_EQ(pauses.failed(1, start + Seconds{14}), Seconds{8});
  EXPECT_TRUE(pauses.rests(1, start + Seconds{21}));
  EXPECT_FALSE(pauses.rests(1, start + Seconds{22}));
  for (const int key : {2, 3, 4}) pauses.failed(key, start + Seconds{14});
  EXPECT_EQ(pauses.size(), 3u);
  EXPECT_TRUE(pauses.rests(1, start + Seconds{15})) << "the longest stays";
  EXPECT_EQ(pauses.failed(1, start + Seconds{31}), Seconds{2}) << "8 s after its end";
  EXPECT_EQ(pauses.size(), 1u);
  pauses.succeeded(1);
  EXPECT_FALSE(pauses.rests(1, start + Seconds{31}));
}

TEST(OnDemandTunnels, ThatTheStackRefusesAreAskedForLessAndLessOftenToo) {
  TwoEngines net;
  for (Host* host : {&net.east_host, &net.west_host}) host->feed(PolicyInstalled{make_policy(host->side)});
  net.east_host.refuse_install = [](const contract::InstallChildSa&) { return std::optional<std::string>{"no room"}; };
  std::uint64_t asked = 0;
  for (int second = 0; second < 60; ++second) {
    net.east_host.feed(
        contract::Acquire{net.east_host.stack(),
                          "nets",
                          {.source = address("10.1.0.5"), .destination = address("10.2.0.9"), .protocol = 6}});
    net.settle([&](Datagram& datagram) {
      const auto header = wire::Header::parse(datagram.octets);
      const bool is_request = header->direction == wire::Direction::request && datagram.stack == net.west_host.stack();
      if (is_request && header->exchange != ExchangeType::ike_sa_init &&
          header->exchange != ExchangeType::informational)
        ++asked;
      return true;
    });
    net.pass(Seconds{1});
  }
  EXPECT_GE(asked, 4u);
  EXPECT_LE(asked, 6u) << "2, 4, 8, 16 and 32 seconds apart";
}

TEST(ProvedPeer, MakesOneSuccessorOfAnIkeSaThatThisSideRekeysItself) {  // RFC 7296 §2.25.2
  Side side = west();
  side.ike_lifetime = Minutes{20};
  Host host{side, {}, 2};
  HandMadePeer peer{host, Role::initiator};
  peer.establish();
  host.pass_time_to(*host.ike().front().refresh_at);
  ASSERT_FALSE(host.out.empty()) << "our own request, which the peer does not answer";
  host.out.clear();
  const auto rekey = [&](std::uint8_t spi) {
    const wire::Payloads request = peer.init_payloads();
    wire::SecurityAssociation offer = *request.find<wire::SecurityAssociation>();
    offer.proposals.front().spi = ByteString(8, spi);
    wire::Payloads payloads;
    payloads.add(std::move(offer));
    payloads.add(*request.find<wire::Nonce>());
    payloads.add(*request.find<wire::KeyExchange>());
    return peer.ask(ExchangeType::create_child_sa, payloads);
  };
  EXPECT_TRUE(agrees(rekey(0x51)));
  EXPECT_TRUE(answers_with(rekey(0x52), NotifyType::temporary_failure));
  EXPECT_EQ(host.engine.statistics().ike_sas, 2u);
  host.feed(PolicyRemoved{host.stack()});
  for (int minute = 0; minute < 10; ++minute) host.pass_time_to(host.now + Seconds{60});
  EXPECT_EQ(host.engine.statistics().ike_sas, 0u) << "what the peer made goes with what it was to replace";
}

TEST(UnprovedPeers, OfOneNetDoNotKeepOthersOut) {  // a net of IPv6 addresses is one source
  EngineOptions options{.half_open_per_address = 2, .unproved_octets = 10'000, .unproved_octets_per_address = 3000};
  HalfOpenLimits limits{options};
  using Proof = HalfOpenLimits::CookieProof;
  using Verdict = HalfOpenLimits::Verdict;
  for (const char* host : {"2001:db8::1", "2001:db8::2:2"}) limits.opened(address(host), Proof::right);
  EXPECT_EQ(limits.judge(address("2001:db8::3"), Proof::right), Verdict::drop);
  EXPECT_EQ(limits.judge(address("2001:db8:0:1::3"), Proof::right), Verdict::admit);
  limits.keeps(address("2001:db8::1"), 0, 2000);
  EXPECT_EQ(limits.room_for(address("2001:db8::2:2")), 1000u);
  EXPECT_EQ(limits.room_for(address("192.0.2.1")), 3000u);
  limits.keeps(address("192.0.2.1"), 0, 3000);
  limits.keeps(address("192.0.2.2"), 0, 3000);
  EXPECT_EQ(limits.octets(), 8000u);
  EXPECT_EQ(limits.room_for(address("192.0.2.3")), 2000u) << "of all";
  for (const char* host : {"2001:db8::1", "2001:db8::2:2"}) limits.settled(address(host), Proof::right);
  limits.keeps(address("2001:db8::1"), 2000, 0);
  EXPECT_EQ(limits.judge(address("2001:db8::3"), Proof::right), Verdict::admit);
  EXPECT_EQ(limits.octets(), 6000u);
}

TEST(UnprovedPeers, WithOneSmallDatagramComeThroughWhateverIsKept) {
  Host host{west(), {.unproved_octets = 0}, 2};
  HandMadePeer honest{host, Role::initiator};
  honest.establish();
}

}  // namespace
}  // namespace adit::ike
