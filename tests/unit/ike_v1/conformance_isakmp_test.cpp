// What RFC 2408 asks of every message: what is discarded, when it is sent again, what becomes of notifies and Deletes.

#include <set>

#include "crypto/ike_v1_cipher.h"
#include "hex.h"
#include "ike/v1/attributes.h"
#include "ike/v1/informational.h"
#include "lone_pair.h"

namespace adit::ike {
namespace {

using P = wire::v1::PayloadType;
using wire::v1::NotifyType;

Datagram to(const Host& host, const Datagram& sent) {
  return {.stack = host.stack(), .local = sent.remote, .remote = sent.local, .octets = sent.octets};
}

// Shows RFC 2408 3.1-3, 3.1-4, 5.1-1, 5.1-2, 5.2-2, 5.2-3, 5.2-4, 5.2-5, 5.2-6, 5.2-7, 5.3-2, 5.3-3, 2.5.2-2, 2.5.3-2.
TEST(IsakmpMessages, AreDiscardedWithAFieldThatIsNotValid) {
  V1Pair net;
  net.install();
  net.begin();
  std::size_t count = 0;
  net.settle([&](Datagram& datagram) {
    if (++count != 3) return true;  // message 3: for a good one a public value is computed
    const struct {
      const char* name;
      std::size_t at;
      std::uint8_t value;
    } cases[] = {
        {"another initiator cookie", 0, 0x5a},
        {"another responder cookie", 8, 0x5a},
        {"no such next payload", 16, 99},
        {"version 0.0", 17, 0x00},
        {"version 1.1", 17, 0x11},
        {"another exchange", 18, 4},
        {"no such exchange", 18, 77},
        {"an undefined flag", 19, 0x80},
        {"encrypted, before there is a key", 19, 1},
        {"a message ID in phase 1", 23, 1},
        {"longer than the datagram", 27, 0xff},
        {"no such payload behind the first", 28, 99},
        {"a payload with RESERVED set", 29, 1},
        {"a payload longer than the message", 30, 0x7f},
    };
    for (const auto& [name, at, value] : cases) {
      SCOPED_TRACE(name);
      Datagram changed = datagram;
      changed.octets[at] = value;
      const std::size_t drawn = net.west_host.random.drawn;
      net.west_host.feed(std::move(changed));
      EXPECT_TRUE(net.west_host.out.empty());
      EXPECT_EQ(net.west_host.random.drawn, drawn) << "no key was made";
    }
    Datagram later = datagram;
    later.octets[17] = 0x30;
    net.west_host.feed(std::move(later));
    for (const Datagram& answer : std::exchange(net.west_host.out, {})) EXPECT_EQ(answer.octets[17], 0x20);
    Datagram longer = datagram;
    longer.octets.push_back(0);
    net.west_host.feed(std::move(longer));
    EXPECT_TRUE(net.west_host.out.empty());
    return true;
  });
  expect_one_v1_tunnel(net);
}

// Shows RFC 2408 2.5.3-1, 2.5.3-2, 4.3-1.
TEST(Cookies, ServeTheExchangeTheyWereMadeForAlone) {
  V1Pair net;
  net.install();
  net.begin();
  const Datagram first = to(net.west_host, net.east_host.out.front());
  Datagram stranger = first;
  stranger.octets[0] ^= 1;
  stranger.remote = {address("203.0.113.9"), 500};
  net.west_host.feed(Datagram{stranger});
  ASSERT_EQ(net.west_host.out.size(), 1u);
  const Datagram answered = net.west_host.out.front();
  net.west_host.out.clear();
  net.settle([&](Datagram& datagram) {
    if (datagram.stack == net.west_host.stack() && datagram.octets[18] == 2 && datagram.octets[16] == 4) {
      // Message 3 with the cookie that somebody got at another address.
      Datagram mixed = datagram;
      std::copy(answered.octets.begin() + 8, answered.octets.begin() + 16, mixed.octets.begin() + 8);
      const std::size_t drawn = net.west_host.random.drawn;
      net.west_host.feed(std::move(mixed));
      EXPECT_TRUE(net.west_host.out.empty());
      EXPECT_EQ(net.west_host.random.drawn, drawn);
    }
    return true;
  });
  EXPECT_EQ(net.west_host.installed.size(), 1u) << told(net);
  ASSERT_EQ(net.west_host.ike().size(), 2u);
  EXPECT_NE(net.west_host.ike().front().responder_spi, net.west_host.ike().back().responder_spi);
}

// Shows RFC 2408 2.5.3-3, 1.7.1-1.
TEST(Cookies, CostOneDrawAndAnEntryThatIsSoonGone) {
  V1Pair net;
  net.install();
  net.begin();
  const std::size_t drawn = net.west_host.random.drawn;
  net.west_host.feed(to(net.west_host, net.east_host.out.front()));
  EXPECT_EQ(net.west_host.random.drawn - drawn, 8u) << "of main mode's first message nothing else is made";
  EXPECT_EQ(net.west_host.engine.statistics().ike_sas, 1u);
  net.west_host.pass_time_to(net.west_host.now + Seconds{31});
  EXPECT_EQ(net.west_host.engine.statistics().ike_sas, 0u);
}

// Shows RFC 2408 5.1-3, 5.1-4, 5.1-5, 5.1-6, 5.1-7.
TEST(IsakmpMessages, AreSentAgainAfterGrowingWaitsAndThenGivenUp) {
  V1Pair net;
  net.install();
  net.begin();
  ASSERT_EQ(net.east_host.out.size(), 1u);
  const ByteString first = net.east_host.out.front().octets;
  net.east_host.out.clear();
  std::vector<Instant> sent{net.east_host.now};
  for (int i = 0; i < 4000 && net.east_host.engine.statistics().ike_sas != 0; ++i) {
    net.east_host.pass_time_to(net.east_host.now + Duration{Seconds{1}} / 4);
    for (const Datagram& datagram : std::exchange(net.east_host.out, {})) {
      EXPECT_EQ(datagram.octets, first);
      sent.push_back(net.east_host.now);
    }
  }
  EXPECT_EQ(net.east_host.engine.statistics().ike_sas, 0u);
  EXPECT_TRUE(net.east_host.children().empty());
  EXPECT_FALSE(net.east_host.engine.next_deadline()) << "all state is gone";
  ASSERT_EQ(sent.size(), 1u + EngineOptions{}.retries);
  for (std::size_t i = 2; i < sent.size(); ++i) EXPECT_GT(sent[i] - sent[i - 1], sent[i - 1] - sent[i - 2]) << i;
}

// Shows RFC 2408 3.9-2, 3.10-2, 5.10-2.
TEST(IsakmpPayloads, OfCertificatesMayComeInAnyMessage) {
  Phase1 net;
  const auto with_more = [](const ByteString& octets) {
    Seen seen = in_clear(octets);
    seen.chain.payloads.add(wire::Certificate{.encoding = 4, .data = {0x30, 0x00}});
    for (const std::uint8_t encoding : ByteString{4, 7, 200}) {  // of which nothing is there, or known
      seen.chain.payloads.add(wire::CertificateRequest{.encoding = encoding, .authorities = {}});
    }
    return wire::v1::build_message(seen.header, seen.chain.payloads);
  };
  ASSERT_TRUE(net.peer.answers_first(with_more(net.us.begun_phase_1())));
  net.us.sa.establishing->sa_body = net.peer.sa.establishing->sa_body;
  net.us.receive(with_more(net.peer.sent()));
  net.peer.receive(with_more(net.us.sent()));
  net.us.receive(with_more(net.peer.sent()));
  net.peer.receive(net.us.sent());
  net.us.receive(net.peer.sent());
  EXPECT_EQ(net.us.sa.state, v1::Phase1State::established);
  EXPECT_EQ(net.peer.sa.state, v1::Phase1State::established);
}

// Shows RFC 2408 5.7-1, 5.7-2, 5.13-1.
TEST(IsakmpPayloads, OfKeyExchangesFitTheGroupOrAreDiscarded) {
  for (const std::size_t size : {1u, 63u, 65u, 256u}) {
    Phase1 net;
    const Seen third = in_clear(net.main_mode(3)[2]);
    EXPECT_EQ(third.the<wire::v1::KeyExchange>().value.size(), 64u) << "ECP 256";
    wire::v1::Payloads payloads;
    payloads.add(wire::v1::KeyExchange{ByteString(size, 1)}).add(third.the<wire::v1::Nonce>());
    net.peer.receive(wire::v1::build_message(third.header, payloads));
    EXPECT_EQ(net.peer.sa.state, v1::Phase1State::sa_answered) << size;
    EXPECT_TRUE(net.peer.step.send.empty());
  }
}

// Shows RFC 2408 5.8-2, 5.11-2.
TEST(IsakmpPayloads, OfIdentitiesAreOfAKnownTypeAndProvedOrTheMessageIsDiscarded) {
  const struct {
    const char* name;
    const char* chain;  ///< ID and HASH
    bool ends;
  } cases[] = {
      {"no such type", "0800000c 0c000000 c6336401 00000024 ", false},
      {"a subnet", "08000010 04000000 c6336401ffffffff 00000024 ", false},
      {"no HASH", "0000000c 01000000 c6336401", false},
      {"a HASH that is wrong", "0800000c 01000000 c6336401 00000024 ", true},
  };
  for (const auto& [name, chain, ends] : cases) {
    SCOPED_TRACE(name);
    Phase1 net;
    net.main_mode(5);
    ByteString octets = from_hex(chain);
    if (octets.back() == 0x24) octets.resize(octets.size() + 32, 7);
    const crypto::IkeV1Cipher cipher = *crypto::IkeV1Cipher::find(EncryptionId::aes_cbc, 256);
    const ByteString encrypted = cipher.encrypt(net.peer.sa.cipher_key, net.peer.sa.iv, octets);
    wire::v1::Header header = v1::header_of(net.peer.sa, wire::ExchangeType::identity_protection, MessageId{0});
    header.next_payload = P::identification;
    header.is_encrypted = true;
    header.length = narrow<std::uint32_t>(wire::header_size + encrypted.size());
    Writer out;
    header.build(out);
    out.bytes(encrypted);
    net.peer.receive(std::move(out).take());
    EXPECT_EQ(net.peer.sa.state, ends ? v1::Phase1State::closed : v1::Phase1State::key_exchange_answered);
    EXPECT_EQ(net.peer.step.send.size(), ends ? 1u : 0u);
  }
}

// Shows RFC 2408 3.16-1, 3.16-2, 3.16-3.
TEST(VendorIds, ComeInPhase1AndPrivatePayloadsOnlyBehindThem) {
  Side a = v1_east(), b = v1_west();
  a.allow_nat = b.allow_nat = true;
  const auto third_of = [&](const std::vector<const char*>& answered) {
    Phase1 net{a, b};
    ByteString first = net.us.begun_phase_1();
    const Seen seen = in_clear(first);
    std::set<ByteString> ids;
    for (const wire::v1::Payload& payload : seen.chain.payloads.items()) {
      if (const auto* id = std::get_if<wire::v1::VendorId>(&payload.body)) {
        EXPECT_TRUE(ids.insert(id->value).second);
        EXPECT_EQ(id->value.size(), 16u) << "the MD5 of a text, or DPD's constant";
      }
    }
    EXPECT_EQ(ids.size(), 5u);
    EXPECT_TRUE(net.peer.answers_first(first));
    const Seen second = in_clear(net.peer.sent());
    wire::v1::Payloads payloads;
    payloads.add(second.the<wire::v1::SecurityAssociation>());
    for (const char* id : answered) payloads.add(wire::v1::VendorId{from_hex(id)});
    net.us.receive(wire::v1::build_message(second.header, payloads));
    const Seen third = in_clear(net.us.sent());
    EXPECT_EQ(third.chain.payloads.count(P::vendor_id), 0u);
    return third.types();
  };
  EXPECT_EQ(third_of({}), (std::vector{P::key_exchange, P::nonce}));
  EXPECT_EQ(third_of({"7d9419a65310ca6f2c179d9215529d56"}),  // draft 03
            (std::vector{P::key_exchange, P::nonce, P::nat_detection_draft, P::nat_detection_draft}));
  EXPECT_EQ(third_of({"4a131c81070358455c5728f20e95452f"}),  // RFC 3947
            (std::vector{P::key_exchange, P::nonce, P::nat_detection, P::nat_detection}));
}

// Shows RFC 2408 3.4-2, 3.4-3, 3.5-2, 5.4-2, 5.4-3, 5.4-4, 5.6-2.
TEST(IsakmpProposals, OfPhase1AreRefusedWhereNothingFits) {
  Phase1 net;
  const Seen first = in_clear(net.us.begun_phase_1());
  const auto answers = [&](const std::function<void(wire::v1::SecurityAssociation&)>& change) {
    auto offer = first.the<wire::v1::SecurityAssociation>();
    change(offer);
    net.peer.step.send.clear();
    return net.peer.answers_first(wire::v1::build_message(first.header, wire::v1::Payloads{}.add(offer)));
  };
  EXPECT_TRUE(answers([](auto& offer) { offer.proposals.front().spi = ByteString(8, 1); })) << "without meaning";
  EXPECT_TRUE(answers([](auto& offer) {
    auto& transforms = offer.proposals.front().transforms;
    transforms.insert(transforms.begin(), transforms.front());
    transforms.front().id = 99;
  })) << "an unknown transform before a good one";
  EXPECT_EQ(net.peer.refusal, std::nullopt);
  EXPECT_FALSE(answers([](auto& offer) { offer.proposals.front().transforms.front().id = 99; }));
  EXPECT_EQ(net.peer.refusal, NotifyType::no_proposal_chosen);
  EXPECT_FALSE(answers([](auto& offer) { offer.doi = wire::v1::doi_isakmp; }));
  EXPECT_EQ(net.peer.refusal, NotifyType::no_proposal_chosen);
  EXPECT_FALSE(answers([](auto& offer) { offer.proposals.front().protocol = 3; }));
  EXPECT_EQ(net.peer.refusal, NotifyType::no_proposal_chosen);
}

// Shows RFC 2408 4.2-2, 4.2-7, 4.2-10, 5.4-2, 5.4-4, 5.5-2, 5.5-3, 5.6-2, 5.6-3.
TEST(IsakmpProposals, OfPhase2ArePassedOverWhereTheyCannotBeTaken) {
  using wire::v1::Proposal;
  using wire::v1::SecurityAssociation;
  const struct {
    const char* name;
    std::function<void(SecurityAssociation&)> change;
    int taken;  ///< number of the proposal; 0: none
  } cases[] = {
      {"both as they are", [](SecurityAssociation&) {}, 1},
      {"the first of no such protocol", [](SecurityAssociation& sa) { sa.proposals[0].protocol = 9; }, 2},
      {"the first of another protocol", [](SecurityAssociation& sa) { sa.proposals[0].protocol = 2; }, 2},
      {"the first with an SPI of eight octets", [](SecurityAssociation& sa) { sa.proposals[0].spi.resize(8); }, 2},
      {"the first with a reserved SPI", [](SecurityAssociation& sa) { sa.proposals[0].spi = {0, 0, 0, 255}; }, 2},
      {"the first with transforms that nobody knows",
       [](SecurityAssociation& sa) {
         for (auto& transform : sa.proposals[0].transforms) transform.id = 99;
       },
       2},
      {"a bundle before one that is alone",
       [](SecurityAssociation& sa) {
         sa.proposals.insert(sa.proposals.begin(), sa.proposals.front());
         sa.proposals.front().protocol = 2;
       },
       2},
      {"a bundle with another proposal inside",
       [](SecurityAssociation& sa) {
         sa.proposals.push_back(sa.proposals.front());
         sa.proposals[1].protocol = 9;
       },
       0},
      {"of the generic domain", [](SecurityAssociation& sa) { sa.doi = wire::v1::doi_isakmp; }, 0},
      {"of no known protocol at all",
       [](SecurityAssociation& sa) {
         for (Proposal& proposal : sa.proposals) proposal.protocol = 9;
       },
       0},
  };
  for (const auto& [name, change, taken] : cases) {
    SCOPED_TRACE(name);
    Phase2 net;
    const Seen first = net.peer.read_first(net.us.begun_quick_mode());
    auto offer = first.the<SecurityAssociation>();
    offer.proposals.push_back(offer.proposals.front());
    offer.proposals.back().number = 2;
    change(offer);
    wire::v1::Payloads payloads;
    for (const wire::v1::Payload& payload : first.chain.payloads.items()) {
      if (payload.type == P::security_association) payloads.add(offer);
      if (payload.type == P::nonce || payload.type == P::identification) payloads.add(payload.body);
    }
    ByteString iv = v1::first_iv(net.us.sa, first.header.id);
    net.peer.receive(v1::sealed_with_hash(net.us.sa, first.header, payloads, iv));
    const ByteString answer = net.peer.sent();
    if (taken == 0) {
      EXPECT_EQ(net.us.read_first(answer).the<wire::v1::Notify>().type, NotifyType::no_proposal_chosen);
      continue;
    }
    const Seen second = net.us.read(answer, iv);
    const auto& chosen = second.the<SecurityAssociation>();
    ASSERT_EQ(chosen.proposals.size(), 1u);
    EXPECT_EQ(chosen.proposals.front().number, taken);
    ASSERT_EQ(chosen.proposals.front().transforms.size(), 1u);
    EXPECT_EQ(chosen.proposals.front().transforms.front(), offer.proposals.back().transforms.front());
  }
}

// Shows RFC 2408 2.4-3, 4.2-4, 4.2-5, 4.2-6, 5.5-1, 5.6-1.
TEST(IsakmpProposals, StandInTheOrderOfThePolicyWithGrowingNumbers) {
  policy::DynVpnAction vpn = *make_v1_policy(v1_east(), {})->filter.filters.front().vpn;
  for (const EncryptionId encryption : {EncryptionId::aes_ctr, EncryptionId::aes_cbc}) {
    vpn.offers.push_back(vpn.offers.front());
    vpn.offers.back().encryption = encryption;
    vpn.offers.back().integrity = IntegrityId::hmac_sha2_256_128;
  }
  const auto sa = v1::phase2_offer(vpn, {InboundSpi{0x01020304}}, {.ends = v1::Ends::gateways});
  const std::uint8_t ids[] = {20, 13, 12};
  ASSERT_EQ(sa.proposals.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(sa.proposals[i].number, i + 1);
    EXPECT_EQ(sa.proposals[i].protocol, 3);
    EXPECT_EQ(sa.proposals[i].spi, (ByteString{1, 2, 3, 4}));
    ASSERT_EQ(sa.proposals[i].transforms.size(), 2u);
    for (std::size_t j = 0; j < 2; ++j) {
      EXPECT_EQ(sa.proposals[i].transforms[j].number, j + 1);
      EXPECT_EQ(sa.proposals[i].transforms[j].id, ids[i]);
    }
  }
  Phase2 net;
  net.quick_mode();
  EXPECT_NE(net.us.sa.children.front().inbound_spi.value(), 0u);
  EXPECT_EQ(net.us.sa.children.front().inbound_spi.value(), net.peer.sa.children.front().outbound_spi.value());
  EXPECT_EQ(net.us.sa.children.front().outbound_spi.value(), net.peer.sa.children.front().inbound_spi.value());
}

/// A quick mode of ours is open: a notify that is taken ends it.
struct OpenQuickMode : Phase2 {
  OpenQuickMode() { us.begun_quick_mode(); }
  bool is_ended_by(const ByteString& octets) {
    us.receive(octets);
    return us.sa.quick_modes.empty();
  }
  static wire::v1::Notify refusal() { return {.protocol = 3, .type = NotifyType::no_proposal_chosen}; }
  static wire::v1::Payloads of(wire::v1::Body body) { return wire::v1::Payloads{}.add(std::move(body)); }
  /// With a HASH and the A bit, in clear.
  ByteString authenticated_only(const wire::v1::Payloads& payloads) {
    wire::v1::Header header = v1::header_of(peer.sa, wire::ExchangeType::informational_v1, MessageId{++last_id});
    header.authentication_only = true;
    Writer id;
    id.u32(header.id.value());
    wire::v1::Payloads all;
    all.add(wire::v1::Hash{v1::hash_a(peer.sa, {id.written(), wire::v1::build_chain(payloads)})});
    for (const wire::v1::Payload& payload : payloads.items()) all.add(payload.body);
    return wire::v1::build_message(header, all);
  }
};

// Shows RFC 2408 3.14-1, 4.1-2, 5.14-3, 5.14-5, 5.14-7, 5.14-8, 5.14-9, 5.14-10.
TEST(InformationalV1, TakesNotifiesOfItsDomainProtocolsAndSpis) {
  Writer spi;
  {
    OpenQuickMode net;
    spi.u32(net.us.sa.quick_modes.front()->spis.spi.value());
  }
  const ByteString own{spi.written().begin(), spi.written().end()};
  const struct {
    const char* name;
    wire::v1::Notify notify;
    bool is_taken;
  } cases[] = {
      {"without an SPI", OpenQuickMode::refusal(), true},
      {"with the SPI that was proposed", {.protocol = 3, .spi = own, .type = NotifyType::no_proposal_chosen}, true},
      {"of ISAKMP with an SPI without meaning",
       {.protocol = 1, .spi = ByteString(16, 0x77), .type = NotifyType::no_proposal_chosen},
       true},
      {"of the generic domain", {.doi = 0, .protocol = 3, .type = NotifyType::no_proposal_chosen}, true},
      {"of a domain that nobody knows", {.doi = 9, .protocol = 3, .type = NotifyType::no_proposal_chosen}, false},
      {"of a protocol that nobody knows", {.protocol = 9, .type = NotifyType::no_proposal_chosen}, false},
      {"a status that nobody knows", {.protocol = 3, .type = NotifyType{40000}}, false},
  };
  for (const auto& [name, notify, is_taken] : cases) {
    SCOPED_TRACE(name);
    OpenQuickMode net;
    EXPECT_EQ(net.is_ended_by(net.informational(OpenQuickMode::of(notify))), is_taken);
    EXPECT_EQ(net.us.has_told(CatalogueId::error_notify_received), is_taken);
  }
  // Two quick modes are open: the SPI says which one is meant, and another SPI means neither.
  OpenQuickMode net;
  net.us.begun_quick_mode();
  net.us.receive(net.informational(
      OpenQuickMode::of(wire::v1::Notify{.protocol = 3, .spi = ByteString(4, 9), .type = NotifyType::invalid_spi})));
  EXPECT_EQ(net.us.sa.quick_modes.size(), 2u);
  net.us.receive(net.informational(
      OpenQuickMode::of(wire::v1::Notify{.protocol = 3, .spi = own, .type = NotifyType::no_proposal_chosen})));
  ASSERT_EQ(net.us.sa.quick_modes.size(), 1u);
  EXPECT_NE(net.us.sa.quick_modes.front()->spis.spi.value(), Reader{own}.u32("SPI"));
}

// Shows RFC 2408 4.8-1, 5.11-2, 5.14-5, 5.14-6.
TEST(InformationalV1, TakesNothingThatItsHashDoesNotProtect) {
  const wire::v1::Payloads refusal = OpenQuickMode::of(OpenQuickMode::refusal());
  {
    OpenQuickMode net;
    EXPECT_FALSE(net.is_ended_by(wire::v1::build_message(
        v1::header_of(net.peer.sa, wire::ExchangeType::informational_v1, MessageId{77}), refusal)))
        << "in clear";
    ByteString forged = net.authenticated_only(refusal);
    forged[wire::header_size + 4] ^= 1;
    EXPECT_FALSE(net.is_ended_by(forged)) << "the A bit, and a wrong HASH";
    forged = net.authenticated_only(refusal);
    forged[19] = 0;
    EXPECT_FALSE(net.is_ended_by(forged)) << "a HASH, and no A bit";
    net.peer.sa.skeyid_a = Secret{ByteString(32, 8)};
    EXPECT_FALSE(net.is_ended_by(net.informational(refusal))) << "encrypted, and a wrong HASH";
  }
  OpenQuickMode net;
  EXPECT_TRUE(net.is_ended_by(net.authenticated_only(refusal))) << "the A bit and the right HASH";
}

// Shows RFC 2408 5.14-1, 5.14-2, 4.8-3.
TEST(InformationalV1, IsAnExchangeOfItsOwnForEachNotify) {
  Phase2 net;
  v1::Turn current = net.peer.turn();
  for (int i = 0; i < 2; ++i) {
    v1::send_notify(current, net.peer.sa, {.protocol = 3, .spi = {1, 2, 3, 4}, .type = NotifyType::invalid_spi});
  }
  ASSERT_EQ(net.peer.step.send.size(), 2u);
  const ByteString &one = net.peer.step.send[0].octets, &two = net.peer.step.send[1].octets;
  EXPECT_NE(wire::v1::Header::parse(one)->id, wire::v1::Header::parse(two)->id);
  for (const ByteString& octets : {one, two}) {
    const Seen seen = net.us.read_first(octets);  // under an IV of its own message ID
    EXPECT_EQ(seen.types(), (std::vector{P::hash, P::notify}));
    const auto& notify = seen.the<wire::v1::Notify>();
    EXPECT_EQ(notify,
              (wire::v1::Notify{.doi = 1, .protocol = 3, .spi = {1, 2, 3, 4}, .type = NotifyType::invalid_spi}));
  }
}

// Shows RFC 2408 3.15-1, 3.15-2, 5.15-1, 5.15-2, 5.15-4, 5.15-5, 5.15-7, 5.15-8, 5.15-9.
TEST(InformationalV1, TakesADeleteUnderItsSaAlone) {
  Phase2 net;
  net.quick_mode();
  ASSERT_EQ(net.us.sa.children.size(), 1u);
  const Spi named{net.us.sa.children.front().outbound_spi.value()};
  const auto is_taken = [&](const ByteString& octets) {
    net.us.receive(octets);
    return net.us.sa.children.empty();
  };
  using wire::ProtocolId;
  using wire::v1::Delete;
  const auto payloads = [](const Delete& payload) { return OpenQuickMode::of(payload); };
  const Delete good{.protocol = ProtocolId::esp, .spis = {named}};
  EXPECT_FALSE(is_taken(wire::v1::build_message(
      v1::header_of(net.peer.sa, wire::ExchangeType::informational_v1, MessageId{77}), payloads(good))))
      << "in clear";
  ByteString changed = net.informational(payloads(good));
  changed.back() ^= 1;
  EXPECT_FALSE(is_taken(changed)) << "changed on the way";
  EXPECT_FALSE(is_taken(net.informational(payloads({.doi = 9, .protocol = ProtocolId::esp, .spis = {named}}))));
  EXPECT_FALSE(is_taken(net.informational(payloads({.protocol = ProtocolId::ah, .spis = {named}})))) << "of AH";
  EXPECT_FALSE(is_taken(net.informational(payloads({.protocol = ProtocolId::esp, .spis = {Spi{0x7777}}}))));
  EXPECT_FALSE(
      is_taken(net.informational(payloads({.protocol = ProtocolId::ike, .cookies = {{IkeSpi{1}, IkeSpi{9}}}}))));
  EXPECT_EQ(net.us.sa.state, v1::Phase1State::established) << "the cookies are another SA's";
  EXPECT_TRUE(is_taken(net.informational(payloads({.protocol = ProtocolId::esp, .spis = {Spi{0x7777}, named}}))))
      << "one that is not there beside one that is";
  EXPECT_TRUE(net.us.has_told(CatalogueId::child_sa_deleted));

  // What is sent: one protocol in each Delete, under the SA.
  v1::Turn current = net.peer.turn();
  net.peer.step.send.clear();
  v1::send_delete(current, net.peer.sa, contract::SaProtocol::ah, {InboundSpi{0x1234}, InboundSpi{0x5678}});
  const Seen sent = net.us.read_first(net.peer.sent());
  EXPECT_EQ(sent.the<Delete>(), (Delete{.protocol = ProtocolId::ah, .spis = {Spi{0x1234}, Spi{0x5678}}}));
}

// Shows RFC 2408 1.5.3-1, 5.11-1, 5.12-2.
TEST(IsakmpSas, AreUpWhenBothProofsAreRightAndNotBefore) {
  for (const v1::TransitionRow& row : v1::transition_rows) {
    if (row.next != v1::Phase1State::established) continue;
    EXPECT_TRUE(row.event == v1::Phase1Event::peer_proved || row.event == v1::Phase1Event::signature_made);
  }
  Phase1 net;
  net.main_mode(5);
  // The right HASH of the other method: what is negotiated decides what is read.
  wire::v1::Payloads payloads;
  payloads.add(wire::v1::Identification::of(*net.us.sa.local_identity))
      .add(wire::v1::Signature{net.fifth->the<wire::v1::Hash>().value});
  ByteString iv = net.peer.sa.iv;
  net.peer.receive(v1::sealed(
      net.peer.sa, v1::header_of(net.peer.sa, wire::ExchangeType::identity_protection, MessageId{0}), payloads, iv));
  EXPECT_EQ(net.peer.sa.state, v1::Phase1State::key_exchange_answered) << "a SIG where a HASH was agreed on";
}

}  // namespace
}  // namespace adit::ike
