// What the wire does to an engine: retries, cookies, repetitions, strangers and octets that mean nothing.

#include <algorithm>

#include "ike/wire/message.h"
#include "two_engines.h"

namespace adit::ike {
namespace {

void install(TwoEngines& net) {
  for (Host* host : {&net.east_host, &net.west_host}) host->feed(PolicyInstalled{make_policy(host->side)});
}

/// The first request of a fresh initiator, as it arrives at west.
Datagram first_request(std::uint64_t seed = 1) {
  Host host{east(), {}, seed};
  host.feed(PolicyInstalled{make_policy(host.side)});
  host.feed(ActivateRule{host.stack(), "net-to-net"});
  const Datagram& sent = host.out.front();
  return {.stack = {"west"}, .local = sent.remote, .remote = sent.local, .octets = sent.octets};
}

wire::Chain parsed(const Datagram& datagram) {
  return *wire::parse_message(*wire::Header::parse(datagram.octets), datagram.octets);
}

/// All that an engine shows, as text: what must not change, does not.
std::string picture(const Host& host) {
  std::string text;
  for (const IkeTunnelView& view : host.ike()) {
    text += std::to_string(view.tunnel.value()) + "/" + std::to_string(static_cast<int>(view.state)) + "/" +
            view.remote.to_string() + "/" + std::to_string(view.octets) + "/" + std::to_string(view.memory) + ";";
  }
  for (const DynamicTunnelView& view : host.children()) {
    text += std::to_string(view.name.tunnel.value()) + "/" + std::to_string(static_cast<int>(view.state)) + ";";
  }
  const Statistics statistics = host.engine.statistics();
  return text + std::to_string(statistics.half_open) + "/" + std::to_string(statistics.ike_sas) + "/" +
         std::to_string(host.installed.size());
}

// Shows RFC 7296 1.2-4.
TEST(SaInit, FollowsInvalidKePayloadToTheGroupTheResponderWants) {
  Side a = east();
  a.groups = {GroupId::ecp_256, GroupId::curve25519};
  TwoEngines net{a};
  net.activate();
  EXPECT_EQ(net.carried.size(), 6u);
  ASSERT_NE(parsed(net.carried[1]).payloads.find(wire::NotifyType::invalid_ke_payload), nullptr);
  EXPECT_EQ(net.east_host.ike().front().group, GroupId::curve25519);
  EXPECT_EQ(net.east_host.installed.size(), 1u);
}

TEST(SaInit, FollowsEachGroupOnceHoweverOftenItIsAsked) {
  Side a = east();
  a.groups = {GroupId::ecp_256, GroupId::curve25519};
  TwoEngines net{a};
  install(net);
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  std::size_t requests = 0;
  for (int round = 0; round < 20 && !net.east_host.out.empty(); ++round) {
    const Datagram request = std::exchange(net.east_host.out, {}).back();
    ++requests;
    wire::Payloads payloads;
    payloads.add(wire::Notify{.type = wire::NotifyType::invalid_ke_payload,
                              .data = {0, static_cast<std::uint8_t>(round % 2 == 0 ? 31 : 19)}});
    wire::Header header = *wire::Header::parse(request.octets);
    header.sender = wire::Sender::original_responder;
    header.direction = wire::Direction::response;
    net.east_host.feed(Datagram{request.stack, request.local, request.remote, wire::build_message(header, payloads)});
  }
  EXPECT_EQ(requests, 2u);
}

TEST(SaInit, ReturnsCookiesToSomeoneWhoAlwaysWantsAnotherOnlyAFewTimes) {
  TwoEngines net;
  install(net);
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  const Datagram request = net.east_host.out.front();
  for (std::uint8_t round = 0; round < 50; ++round) {
    wire::Payloads payloads;
    payloads.add(wire::Notify{.type = wire::NotifyType::cookie, .data = {round}});
    wire::Header header = *wire::Header::parse(request.octets);
    header.sender = wire::Sender::original_responder;
    header.direction = wire::Direction::response;
    net.east_host.feed(Datagram{request.stack, request.local, request.remote, wire::build_message(header, payloads)});
  }
  EXPECT_EQ(net.east_host.out.size(), 5u) << "the first request, and four with a cookie";
  net.east_host.out.erase(net.east_host.out.begin(), net.east_host.out.end() - 1);
  net.settle();
  EXPECT_EQ(net.east_host.installed.size(), 1u) << "the true answer still counts";
}

// Shows RFC 7296 2.6-2.
TEST(SaInit, AsksForCookiesAboveTheThresholdAndAdmitsWhoReturnsOne) {
  TwoEngines net{east(), west(), {.cookie_threshold = 0}};
  net.activate();
  EXPECT_EQ(net.carried.size(), 6u);
  ASSERT_NE(parsed(net.carried[1]).payloads.find(wire::NotifyType::cookie), nullptr);
  EXPECT_EQ(net.west_host.engine.statistics().cookies_sent, 1u);
  EXPECT_TRUE(net.west_host.has_told(CatalogueId::cookie_required));
  EXPECT_EQ(net.east_host.installed.size(), 1u);
}

TEST(SaInit, KeepsNothingOfThoseWithoutTheRightCookie) {
  TwoEngines net{east(), west(), {.cookie_threshold = 0}};
  install(net);
  for (std::uint64_t seed = 10; seed < 60; ++seed) net.west_host.feed(first_request(seed));
  EXPECT_EQ(net.west_host.engine.statistics().ike_sas, 0u);
  EXPECT_EQ(net.west_host.engine.next_deadline(), std::nullopt);
  EXPECT_EQ(net.west_host.out.size(), 50u);
}

TEST(SaInit, BoundsHalfOpenSasOfPeersThatReturnTheirCookies) {
  TwoEngines net{east(), west(), {.cookie_threshold = 0, .half_open_limit = 5}};
  install(net);
  for (std::uint64_t seed = 10; seed < 30; ++seed) {
    const Datagram request = first_request(seed);
    net.west_host.feed(request);
    const std::deque<Datagram> answers = std::exchange(net.west_host.out, {});
    if (answers.empty()) continue;  // the bound is reached
    const wire::Chain asked = parsed(answers.front());
    wire::Payloads again;
    again.add(*asked.payloads.find(wire::NotifyType::cookie));
    const wire::Chain before = parsed(request);
    for (const wire::Payload& payload : before.payloads.items()) again.add(payload.type, payload.body);
    Datagram returned = request;
    returned.octets = wire::build_message(*wire::Header::parse(request.octets), again);
    net.west_host.feed(returned);
    net.west_host.out.clear();
  }
  EXPECT_EQ(net.west_host.engine.statistics().half_open, 5u);
}

TEST(SaInit, BoundsHalfOpenSasOfOneAddressAndOfAll) {
  TwoEngines net{east(), west(), {.cookie_threshold = 1000, .half_open_limit = 30, .half_open_per_address = 8}};
  install(net);
  for (std::uint64_t seed = 10; seed < 40; ++seed) net.west_host.feed(first_request(seed));
  EXPECT_EQ(net.west_host.engine.statistics().half_open, 8u);
  for (std::uint8_t host = 3; host < 60; ++host) {
    Datagram other = first_request(100u + host);
    other.remote.address = *IpAddress::from_octets(ByteString{198, 51, 100, host});
    net.west_host.feed(other);
  }
  EXPECT_LE(net.west_host.engine.statistics().half_open, 30u);
  net.west_host.pass_time_to(net.west_host.now + Seconds{31});
  EXPECT_EQ(net.west_host.engine.statistics().half_open, 0u) << "they end by themselves";
  EXPECT_EQ(net.west_host.engine.statistics().ike_sas, 0u);
}

TEST(SaInit, ByForgersOfAPeersAddressDoesNotLockThePeerOut) {  // RFC 7296 §2.6
  TwoEngines net{east(), west(), {.half_open_per_address = 8}};
  install(net);
  for (std::uint64_t seed = 10; seed < 40; ++seed) net.west_host.feed(first_request(seed));  // from east's address
  net.west_host.out.clear();
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  net.settle();
  EXPECT_EQ(net.west_host.engine.statistics().cookies_sent, 23u) << "22 of the forgers, one of the peer";
  EXPECT_EQ(net.east_host.installed.size(), 1u) << net.west_host.told();
}

TEST(SaInit, BoundsHalfOpenSasOfOneAddressThatReturnsItsCookies) {
  TwoEngines net{east(), west(), {.half_open_per_address = 4}};
  install(net);
  const auto with_cookie_of = [&](const Datagram& request, const Datagram& answer) {
    wire::Payloads again;
    const wire::Chain asked = parsed(answer);
    again.add(*asked.payloads.find(wire::NotifyType::cookie));
    const wire::Chain before = parsed(request);
    for (const wire::Payload& payload : before.payloads.items()) again.add(payload.type, payload.body);
    Datagram returned = request;
    returned.octets = wire::build_message(*wire::Header::parse(request.octets), again);
    return returned;
  };
  for (std::uint64_t seed = 10; seed < 40; ++seed) {
    const Datagram request = first_request(seed);
    net.west_host.feed(request);
    const Datagram answer = std::exchange(net.west_host.out, {}).front();
    if (parsed(answer).payloads.find(wire::NotifyType::cookie) == nullptr) continue;
    net.west_host.feed(with_cookie_of(request, answer));
    net.west_host.out.clear();
  }
  EXPECT_EQ(net.west_host.engine.statistics().half_open, 8u) << "four without a cookie, four with";
}

TEST(SaInit, MakesNoKeyForAPublicValueOfAnotherLengthThanItsGroups) {
  TwoEngines net;
  install(net);
  Datagram request = first_request();
  const wire::Header header = *wire::Header::parse(request.octets);
  const wire::Chain honest = parsed(request);
  wire::Payloads payloads;
  for (const wire::Payload& payload : honest.payloads.items()) {
    wire::Body body = payload.body;
    if (auto* exchange = std::get_if<wire::KeyExchange>(&body)) exchange->value.pop_back();
    payloads.add(payload.type, body);
  }
  request.octets = wire::build_message(header, payloads);
  const std::size_t drawn = net.west_host.random.drawn;
  net.west_host.feed(request);
  EXPECT_LE(net.west_host.random.drawn - drawn, sizeof(std::uint64_t)) << "more than an SPI";
  ASSERT_EQ(net.west_host.out.size(), 1u);
  EXPECT_NE(parsed(net.west_host.out.front()).payloads.find(wire::NotifyType::invalid_syntax), nullptr);
  EXPECT_EQ(net.west_host.engine.statistics().ike_sas, 0u);
}

/// The request without its payloads of one type.
Datagram without(const Datagram& whole, wire::PayloadType type) {
  wire::Payloads payloads;
  const wire::Chain chain = parsed(whole);
  for (const wire::Payload& payload : chain.payloads.items()) {
    if (payload.type != type) payloads.add(payload.type, payload.body);
  }
  Datagram request = whole;
  request.octets = wire::build_message(*wire::Header::parse(whole.octets), payloads);
  return request;
}

TEST(SaInit, WithoutWhatItNeedsIsToldSoInFewerOctetsThanItHas) {  // RFC 7296 §2.21.1
  for (const auto type :
       {wire::PayloadType::security_association, wire::PayloadType::key_exchange, wire::PayloadType::nonce}) {
    SCOPED_TRACE(name_of(type));
    // Whatever the limits say: a cookie would be a larger answer than some of these requests.
    TwoEngines net{east(), west(), {.cookie_threshold = 0}};
    install(net);
    const Datagram request = without(first_request(), type);
    net.west_host.feed(request);
    ASSERT_EQ(net.west_host.out.size(), 1u);
    EXPECT_NE(parsed(net.west_host.out.front()).payloads.find(wire::NotifyType::invalid_syntax), nullptr);
    EXPECT_LT(net.west_host.out.front().octets.size(), request.octets.size());
    EXPECT_EQ(net.west_host.engine.statistics().ike_sas, 0u);
  }
}

TEST(SaInit, IsNeverAnsweredInMoreOctetsThanItHas) {  // RFC 7296 §2.21.1
  TwoEngines net;
  install(net);
  Datagram request = first_request();
  request.octets = wire::build_message(*wire::Header::parse(request.octets), {});
  net.west_host.feed(request);
  EXPECT_TRUE(net.west_host.out.empty()) << "a header alone";
  request.octets = wire::build_protected_start(*wire::Header::parse(request.octets), wire::PayloadType::none, 0);
  request.octets[16] = 200;  // one payload that nobody knows, critical, of no octets
  request.octets[28 + 1] |= 0x80;
  net.west_host.feed(request);
  EXPECT_TRUE(net.west_host.out.empty());
}

TEST(SaInit, IsRefusedAtALimitedRate) {  // RFC 7296 §2.21.4
  const Datagram whole = first_request();
  Datagram critical = whole;
  critical.octets[16] = 200;
  critical.octets[28 + 1] |= 0x80;
  Side refusing = west();
  refusing.encryption = EncryptionId::aes_cbc;
  const struct {
    const char* name;
    Side side;
    Datagram request;
  } cases[] = {
      {"INVALID_SYNTAX", west(), without(whole, wire::PayloadType::nonce)},
      {"UNSUPPORTED_CRITICAL_PAYLOAD", west(), critical},
      {"NO_PROPOSAL_CHOSEN", refusing, whole},
  };
  for (const auto& [name, side, request] : cases) {
    SCOPED_TRACE(name);
    TwoEngines net{east(), side};
    install(net);
    Host& host = net.west_host;
    const EngineOptions limits;
    for (int i = 0; i < 1000; ++i) host.feed(request);
    EXPECT_EQ(host.out.size(), limits.refusals_per_second);
    host.pass_time_to(host.now + Seconds{1});
    host.feed(request);
    EXPECT_EQ(host.out.size(), limits.refusals_per_second + 1) << "the next second has answers of its own";
  }
}

TEST(SaInit, IsToldTheRightGroupHoweverManyAsk) {  // a step of the exchange, and smaller than the request
  Side b = west();
  b.groups = {GroupId::ecp_256};
  Side a = east();
  a.groups = {GroupId::curve25519, GroupId::ecp_256};
  TwoEngines net{a, b};
  install(net);
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  const Datagram sent = net.east_host.out.front();
  const Datagram request{.stack = {"west"}, .local = sent.remote, .remote = sent.local, .octets = sent.octets};
  for (int i = 0; i < 1000; ++i) net.west_host.feed(request);
  EXPECT_EQ(net.west_host.out.size(), 1000u);
  EXPECT_LT(net.west_host.out.front().octets.size(), request.octets.size());
}

// Shows RFC 7296 2.1-2.
TEST(SaInit, AnswersARepeatedRequestWithTheSameOctetsAndOneSa) {
  TwoEngines net;
  install(net);
  const Datagram request = first_request();
  for (int i = 0; i < 3; ++i) net.west_host.feed(request);
  ASSERT_EQ(net.west_host.out.size(), 3u);
  EXPECT_EQ(net.west_host.out[0], net.west_host.out[1]);
  EXPECT_EQ(net.west_host.out[0], net.west_host.out[2]);
  EXPECT_EQ(net.west_host.engine.statistics().half_open, 1u);
}

// Shows RFC 7296 2.5-2, 2.5-3, 2.5-10, 2.5-11.
TEST(SaInit, SaysWhichVersionIsServedAndWhichCriticalPayloadIsNot) {
  TwoEngines net;
  install(net);
  Datagram request = first_request();
  Datagram later = request;
  later.octets[17] = 0x30;  // version 3.0
  net.west_host.feed(later);
  ASSERT_EQ(net.west_host.out.size(), 1u);
  EXPECT_NE(parsed(net.west_host.out.back()).payloads.find(wire::NotifyType::invalid_major_version), nullptr);
  EXPECT_EQ(net.west_host.out.back().octets[17], 0x20);

  request.octets[16] = 200;        // the first payload becomes one that nobody knows
  request.octets[28 + 1] |= 0x80;  // and is critical
  net.west_host.feed(request);
  ASSERT_EQ(net.west_host.out.size(), 2u);
  const wire::Chain answer = parsed(net.west_host.out.back());
  const wire::Notify* notify = answer.payloads.find(wire::NotifyType::unsupported_critical_payload);
  ASSERT_NE(notify, nullptr);
  EXPECT_EQ(notify->data, ByteString{200});
  EXPECT_EQ(net.west_host.engine.statistics().ike_sas, 0u);
}

TEST(SaInit, OfAnErrorThatAnybodyMaySendStillTakesTheTrueAnswer) {
  TwoEngines net;
  install(net);
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  const Datagram request = net.east_host.out.front();
  wire::Payloads payloads;
  payloads.add(wire::Notify{.type = wire::NotifyType::no_proposal_chosen});
  wire::Header header = *wire::Header::parse(request.octets);
  header.sender = wire::Sender::original_responder;
  header.direction = wire::Direction::response;
  net.east_host.feed(Datagram{request.stack, request.local, request.remote, wire::build_message(header, payloads)});
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::error_notify_received));
  net.settle();
  EXPECT_EQ(net.east_host.installed.size(), 1u);
}

TEST(Repetition, OfAnIkeSaInitRequestIsNoAmplifier) {
  TwoEngines net{east(), west(), {.init_repeats = 3}};
  install(net);
  const Datagram request = first_request();
  for (unsigned sent = 0; sent < 20; ++sent) net.west_host.feed(request);
  ASSERT_EQ(net.west_host.out.size(), 1u + 3u);
  for (const Datagram& answer : net.west_host.out) EXPECT_EQ(answer.octets, net.west_host.out.front().octets);
}

// Shows RFC 7296 2.1-2, 2.1-4.
TEST(Repetition, OfAnyDatagramGetsTheSameOctetsAndChangesNothing) {
  TwoEngines net;
  net.activate();
  const std::vector<Datagram> carried = net.carried;
  const Datagram& auth_request = carried[2];
  const Datagram& auth_response = carried[3];
  const std::string before_west = picture(net.west_host);
  net.west_host.feed(auth_request);
  ASSERT_EQ(net.west_host.out.size(), 1u);
  EXPECT_EQ(net.west_host.out.front().octets, auth_response.octets);
  EXPECT_EQ(picture(net.west_host), before_west);
  EXPECT_EQ(net.west_host.engine.statistics().replayed, 1u);
  net.west_host.out.clear();

  const std::string before_east = picture(net.east_host);
  net.east_host.feed(auth_response);
  net.east_host.feed(carried[1]);
  EXPECT_TRUE(net.east_host.out.empty());
  EXPECT_EQ(picture(net.east_host), before_east);
}

// Shows RFC 7296 2.1-2, 2.8-6.
TEST(Repetition, OfARequestWhoseAnswerWaitsForTheStackIsNotWorkedOnTwice) {
  TwoEngines net;
  net.west_host.stack_answers = false;
  net.activate();
  const Datagram auth_request = net.carried[2];
  net.west_host.feed(auth_request);
  net.west_host.feed(auth_request);
  EXPECT_TRUE(net.west_host.out.empty());
  ASSERT_EQ(net.west_host.installed.size(), 1u);
  net.west_host.feed(
      contract::InstallResult{net.west_host.stack(), net.west_host.installed.begin()->first, std::nullopt});
  net.settle();
  EXPECT_EQ(net.east_host.installed.size(), 1u);
}

// Shows RFC 7296 2.1-6.
TEST(Loss, OfEveryDatagramOnceStillLeadsToATunnel) {
  for (std::size_t lost = 0; lost < 4; ++lost) {
    SCOPED_TRACE(lost);
    TwoEngines net;
    install(net);
    net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
    std::size_t count = 0;
    net.settle([&](Datagram&) { return count++ != lost; });
    net.pass(Seconds{10});
    EXPECT_EQ(net.east_host.installed.size(), 1u);
    EXPECT_EQ(net.west_host.installed.size(), 1u);
    EXPECT_EQ(net.west_host.ike().size(), 1u);
  }
}

// Shows RFC 7296 1.2-2.
TEST(Malformed, OctetsOfEveryMessageChangedOrCutOffChangeNothing) {
  TwoEngines net;
  net.activate();
  const std::vector<Datagram> carried = net.carried;
  for (const Datagram& datagram : carried) {
    Host& host = datagram.stack.text == "west" ? net.west_host : net.east_host;
    const std::string before = picture(host);
    for (std::size_t i = 0; i < datagram.octets.size(); ++i) {
      // A changed IKE_SA_INIT request may be a good one of somebody else: only those of the SA are tried.
      if (&datagram == &carried.front()) break;
      Datagram changed = datagram;
      changed.octets[i] ^= 0x41;
      host.feed(changed);
      Datagram cut = datagram;
      cut.octets.resize(i);
      host.feed(cut);
      ASSERT_EQ(picture(host), before) << "octet " << i;
    }
    host.out.clear();
  }
  EXPECT_EQ(net.east_host.installed.size(), 1u);
}

TEST(Malformed, FirstRequestsCutOffAnywhereLeaveNothing) {
  TwoEngines net;
  install(net);
  const Datagram request = first_request();
  for (std::size_t size = 0; size < request.octets.size(); ++size) {
    Datagram cut = request;
    cut.octets.resize(size);
    net.west_host.feed(cut);
    if (size >= 28) {  // and with a length that fits
      cut.octets[26] = static_cast<std::uint8_t>(size >> 8);
      cut.octets[27] = static_cast<std::uint8_t>(size);
      net.west_host.feed(cut);
    }
  }
  EXPECT_EQ(net.west_host.engine.statistics().ike_sas, 0u);
  EXPECT_EQ(net.west_host.engine.next_deadline(), std::nullopt);
}

// Shows RFC 7296 2.4-5.
TEST(Stranger, WithAnUnknownSpiIsToldSoAtALimitedRate) {
  TwoEngines net;
  net.activate();
  Datagram unknown = net.carried[2];
  for (int i = 0; i < 200; ++i) {
    unknown.octets[8] = static_cast<std::uint8_t>(i + 1);  // of the responder's SPI: the shard
    net.west_host.feed(unknown);
  }
  EXPECT_GE(net.west_host.out.size(), 1u);
  EXPECT_LE(net.west_host.out.size(), 20u);
  EXPECT_NE(parsed(net.west_host.out.front()).payloads.find(wire::NotifyType::invalid_ike_spi), nullptr);
}

// Shows RFC 7296 2.4-3, 2.4-5, 2.21.4-5, 2.21.4-6.
TEST(Stranger, WhoClaimsThatTheSaIsUnknownCausesACheckAtMost) {
  TwoEngines net;
  net.activate();
  net.pass(Seconds{20});
  const wire::Header seen = *wire::Header::parse(net.carried[2].octets);
  wire::Payloads payloads;
  payloads.add(wire::Notify{.type = wire::NotifyType::invalid_ike_spi});
  const Datagram forged{.stack = net.east_host.stack(),
                        .local = net.carried[2].remote,
                        .remote = net.carried[2].local,
                        .octets = wire::build_message({.initiator_spi = seen.initiator_spi,
                                                       .responder_spi = seen.responder_spi,
                                                       .exchange = wire::ExchangeType::informational,
                                                       .sender = wire::Sender::original_responder,
                                                       .direction = wire::Direction::response,
                                                       .id = MessageId{2}},
                                                      payloads)};
  for (int i = 0; i < 5; ++i) net.east_host.feed(forged);
  EXPECT_EQ(net.east_host.out.size(), 1u);
  net.settle();
  EXPECT_EQ(net.east_host.ike().size(), 1u);
  EXPECT_EQ(net.east_host.installed.size(), 1u);
}

/// Carries what two hosts have to say to each other until both are silent.
void exchange_all(Host& one, Host& other) {
  const auto carry = [](Host& from, Host& to) {
    for (const Datagram& sent : std::exchange(from.out, {})) {
      to.feed(Datagram{to.stack(), sent.remote, sent.local, sent.octets});
    }
  };
  while (!one.out.empty() || !other.out.empty()) {
    carry(one, other);
    carry(other, one);
  }
}

// Shows RFC 7296 2.4-4.
TEST(Restart, OfAPeerEndsTheOlderSasByInitialContact) {
  TwoEngines net;
  net.activate();
  Host again{east(), {}, 77};
  again.now = net.west_host.now += Seconds{5};
  again.feed(PolicyInstalled{make_policy(again.side)});
  again.feed(ActivateRule{again.stack(), "net-to-net"});
  exchange_all(again, net.west_host);
  EXPECT_EQ(again.installed.size(), 1u);
  EXPECT_EQ(net.west_host.ike().size(), 1u) << net.west_host.told();
  EXPECT_EQ(net.west_host.installed.size(), 1u);
}

TEST(Restart, OfAPeerEndsADeleteThatNobodyAnswers) {
  TwoEngines net;
  net.activate();
  Host again{west(), {}, 77};
  again.now = net.east_host.now += Seconds{5};
  again.feed(PolicyInstalled{make_policy(again.side)});
  net.east_host.feed(DeactivateIkeTunnel{net.east_host.stack(), std::nullopt});
  for (int second = 0; second < 4; ++second) {
    exchange_all(net.east_host, again);
    EXPECT_EQ(net.east_host.ike().size(), second < 2 ? 1u : 0u) << second << ": the first may be a stranger's";
    for (Host* host : {&net.east_host, &again}) host->pass_time_to(host->now + Seconds{1});
  }
  EXPECT_TRUE(net.east_host.installed.empty());
}

TEST(Restart, OfAResponderIsToldToWhoReauthenticatesWithIt) {
  TwoEngines net;
  net.activate();
  Host again{west(), {}, 77};
  again.now = net.east_host.now += Seconds{5};
  again.feed(PolicyInstalled{make_policy(again.side)});
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  exchange_all(net.east_host, again);
  EXPECT_EQ(again.installed.size(), 1u);
  EXPECT_EQ(net.east_host.ike().size(), 1u) << "the older one at once: no Delete to it would be answered";
  EXPECT_EQ(net.east_host.installed.size(), 1u);
  EXPECT_NE(net.east_host.told().find("the peer began anew (INITIAL_CONTACT)"), std::string::npos);
}

// What the peer says that it does not know was made after this side began the one under which it says so.
TEST(Restart, BetweenTheTwoInitialExchangesOfAnIkeSaEndsWhatCameUpMeanwhile) {
  Host west_host{west(), {}, 1};
  west_host.feed(PolicyInstalled{make_policy(west_host.side)});
  west_host.feed(ActivateRule{west_host.stack(), "net-to-net"});  // whose IKE_SA_INIT is lost
  west_host.out.clear();
  Host east_host{east(), {}, 2};
  east_host.now = west_host.now += Duration{500'000};
  east_host.feed(PolicyInstalled{make_policy(east_host.side)});
  east_host.feed(ActivateRule{east_host.stack(), "net-to-net"});
  exchange_all(east_host, west_host);
  ASSERT_EQ(west_host.ike().size(), 2u);
  Host again{east(), {}, 77};
  again.now = west_host.now;
  again.feed(PolicyInstalled{make_policy(again.side)});
  for (int second = 0; second < 5; ++second) {  // until IKE_SA_INIT is sent again
    west_host.pass_time_to(west_host.now + Seconds{1});
    again.pass_time_to(west_host.now);
    exchange_all(west_host, again);
  }
  EXPECT_EQ(again.ike().size(), 1u);
  EXPECT_EQ(west_host.ike().size(), 1u) << west_host.told();
  EXPECT_EQ(west_host.installed.size(), again.installed.size());
}

}  // namespace
}  // namespace adit::ike
