// What an established IKE SA answers when a peer that holds the keys asks for a rekey at an odd time or in an odd way,
// and what it makes of odd answers to its own (RFC 7296 §2.8, §2.25).

#include <algorithm>

#include "crypto/key_exchange.h"
#include "odd_peer.h"
#include "odd_responder.h"

namespace adit::ike {
namespace {

using wire::ExchangeType;
using wire::NotifyType;
using wire::PayloadType;

ByteString octets_of(IkeSpi spi) {
  Writer out;
  out.u64(spi.value());
  return std::move(out).take();
}
ByteString octets_of(std::uint32_t spi) {
  Writer out;
  out.u32(spi);
  return std::move(out).take();
}

/// A side whose Child SAs outlive its IKE SAs, so that a test meets one kind of rekey at a time.
Side with_long_children(Side side) {
  side.child_lifetime = Minutes{2000};
  return side;
}

/// West with a tunnel to a peer that holds the keys.
struct WithOddPeer {
  WithOddPeer() : west{with_long_children(adit::ike::west()), {}, 2} {
    west.now = Instant{Seconds{1000}};
    west.feed(PolicyInstalled{make_policy(west.side)});
    west.feed(StackUp{west.stack()});
    peer.emplace(west);
    peer->ask(ExchangeType::ike_auth, peer->auth_request());
    EXPECT_EQ(west.installed.size(), 1u) << west.told();
  }

  std::uint32_t peers_inbound_spi() const { return west.installed.begin()->second.outbound_spi.value(); }
  std::optional<wire::Payloads> ask(const wire::Payloads& payloads) {
    return peer->ask(ExchangeType::create_child_sa, payloads);
  }

  /// A request to rekey the IKE SA, as an honest peer sends it; `group`: what it proposes.
  wire::Payloads ike_rekey(GroupId group = GroupId::curve25519) {
    const auto key = *crypto::KeyExchange::generate(GroupId::curve25519, west.random);
    wire::Proposal proposal{.number = 1, .protocol = std::to_underlying(wire::ProtocolId::ike)};
    proposal.spi = octets_of(IkeSpi{0x2222});
    const auto transform = [](TransformType type, std::uint16_t id, std::optional<std::uint16_t> bits = {}) {
      return wire::Transform{.type = std::to_underlying(type), .id = id, .key_bits = bits, .unknown = {}};
    };
    proposal.transforms = {
        transform(TransformType::encryption, std::to_underlying(EncryptionId::aes_gcm_16), std::uint16_t{256}),
        transform(TransformType::prf, std::to_underlying(PrfId::hmac_sha2_256)),
        transform(TransformType::key_exchange, std::to_underlying(group))};
    wire::Payloads payloads;
    payloads.add(wire::SecurityAssociation{{proposal}});
    payloads.add(wire::Nonce{ByteString(32, 0x33)});
    payloads.add(wire::KeyExchange{.group = GroupId::curve25519,
                                   .value = {key->public_value().begin(), key->public_value().end()}});
    return payloads;
  }

  /// A request to rekey the Child SA on which the peer receives with `spi`.
  wire::Payloads child_rekey(std::uint32_t spi, TrafficSelector own, TrafficSelector others) {
    wire::Payloads payloads;
    payloads.add(wire::Notify{.protocol = 3, .spi = octets_of(spi), .type = NotifyType::rekey_sa});
    wire::Proposal proposal{.number = 1, .protocol = std::to_underlying(wire::ProtocolId::esp)};
    proposal.spi = octets_of(0x44440000u);
    proposal.transforms = {{.type = std::to_underlying(TransformType::encryption),
                            .id = std::to_underlying(EncryptionId::aes_gcm_16),
                            .key_bits = std::uint16_t{256},
                            .unknown = {}},
                           {.type = std::to_underlying(TransformType::sequence_numbers), .id = 0, .unknown = {}}};
    payloads.add(wire::SecurityAssociation{{proposal}});
    payloads.add(wire::Nonce{ByteString(32, 0x33)});
    payloads.add(PayloadType::traffic_selectors_initiator, wire::TrafficSelectorPayload{{own}});
    payloads.add(PayloadType::traffic_selectors_responder, wire::TrafficSelectorPayload{{others}});
    return payloads;
  }
  wire::Payloads child_rekey(std::uint32_t spi) {
    const contract::InstallChildSa& pair = west.installed.begin()->second;
    return child_rekey(spi, pair.remote_ts.front(), pair.local_ts.front());
  }
  wire::Payloads child_rekey() { return child_rekey(peers_inbound_spi()); }

  /// West's own request is out, and the peer has not answered it.
  void let_west_rekey_the_ike_sa() { west.pass_time_to(*west.ike().front().refresh_at); }
  void let_west_rekey_the_child() { west.feed(RefreshDynamicTunnel{west.stack(), std::nullopt}); }

  Host west;
  std::optional<OddPeer> peer;
};

bool says(const std::optional<wire::Payloads>& answer, NotifyType type) {
  return answer && answer->find(type) != nullptr;
}

TEST(RekeyRequest, OfAChildIsAnswered) {
  WithOddPeer net;
  const auto answer = net.ask(net.child_rekey());
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find<wire::SecurityAssociation>(), nullptr) << net.west.told();
  EXPECT_EQ(net.west.installed.size(), 2u);
}

// Shows RFC 7296 2.25-5, 2.25.1-4, 3.10-1.
TEST(RekeyRequest, OfAChildThatIsNotThereNamesItInChildSaNotFound) {
  WithOddPeer net;
  const auto answer = net.ask(net.child_rekey(0x12345678));
  ASSERT_TRUE(answer);
  const wire::Notify* notify = answer->find(NotifyType::child_sa_not_found);
  ASSERT_NE(notify, nullptr) << net.west.told();
  EXPECT_EQ(notify->protocol, std::to_underlying(wire::ProtocolId::esp));
  EXPECT_EQ(notify->spi, octets_of(0x12345678u));
  EXPECT_EQ(net.west.ike().size(), 1u);
}

// Shows RFC 7296 2.25-1, 2.25.1-1.
TEST(RekeyRequest, OfAChildThatIsBeingClosedIsPutOff) {
  WithOddPeer net;
  const wire::Payloads request = net.child_rekey();
  net.west.feed(DeactivateDynamicTunnel{net.west.stack(), std::nullopt});
  EXPECT_TRUE(says(net.ask(request), NotifyType::temporary_failure)) << net.west.told();
}

// Shows RFC 7296 2.25.1-2.
TEST(RekeyRequest, OfAChildThatIsBeingRekeyedIsAnsweredAsUsual) {
  WithOddPeer net;
  const wire::Payloads request = net.child_rekey();
  net.let_west_rekey_the_child();
  const auto answer = net.ask(request);
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find<wire::SecurityAssociation>(), nullptr) << net.west.told();
}

// Shows RFC 7296 2.25.1-6.
TEST(RekeyRequest, OfOursMeetsADeleteThatIsAnsweredWithTheOtherHalf) {
  WithOddPeer net;
  wire::Payloads request;
  request.add(wire::Delete{.protocol = wire::ProtocolId::esp, .spis = {Spi{net.peers_inbound_spi()}}});
  net.let_west_rekey_the_child();
  const auto answer = net.peer->ask(ExchangeType::informational, request);
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find<wire::Delete>(), nullptr);
  EXPECT_TRUE(net.west.installed.empty());
}

// Shows RFC 7296 2.9.2-3.
TEST(RekeyRequest, ForLessThanIsInUseIsRefused) {
  WithOddPeer net;
  const contract::InstallChildSa& pair = net.west.installed.begin()->second;
  TrafficSelector less = pair.remote_ts.front();
  less.addresses = IpRange::of(less.addresses.first);
  const auto answer = net.ask(net.child_rekey(net.peers_inbound_spi(), less, pair.local_ts.front()));
  EXPECT_TRUE(says(answer, NotifyType::ts_unacceptable)) << net.west.told();
  EXPECT_EQ(net.west.installed.size(), 1u);
}

TEST(IkeRekeyRequest, IsAnswered) {
  WithOddPeer net;
  const auto answer = net.ask(net.ike_rekey());
  ASSERT_TRUE(answer);
  const auto* chosen = answer->find<wire::SecurityAssociation>();
  ASSERT_NE(chosen, nullptr) << net.west.told();
  EXPECT_EQ(chosen->proposals.front().spi.size(), sizeof(std::uint64_t));
  EXPECT_NE(answer->find<wire::KeyExchange>(), nullptr);
}

TEST(IkeRekeyRequest, WithoutWhatItNeedsIsMalformed) {
  WithOddPeer net;
  wire::Payloads without;
  const wire::Payloads whole = net.ike_rekey();
  for (const wire::Payload& payload : whole.items()) {
    if (payload.type != PayloadType::key_exchange) without.add(payload.type, payload.body);
  }
  EXPECT_TRUE(says(net.ask(without), NotifyType::invalid_syntax));
  EXPECT_TRUE(net.west.installed.empty()) << "INVALID_SYNTAX ends the IKE SA (RFC 7296 §2.21.3)";
}

// Shows RFC 7296 2.18-3.
TEST(IkeRekeyRequest, WithoutAKeyExchangeIsRefused) {
  WithOddPeer net;
  EXPECT_TRUE(says(net.ask(net.ike_rekey(GroupId::none)), NotifyType::no_proposal_chosen)) << net.west.told();
  EXPECT_EQ(net.west.ike().size(), 1u);
}

// Shows RFC 7296 2.8.2-3.
TEST(IkeRekeyRequest, OfAnSaThatIsRekeyedAlreadyIsPutOff) {
  WithOddPeer net;
  ASSERT_TRUE(net.ask(net.ike_rekey()));
  EXPECT_TRUE(says(net.ask(net.ike_rekey()), NotifyType::temporary_failure));
  EXPECT_TRUE(says(net.ask(net.child_rekey()), NotifyType::temporary_failure));
  EXPECT_TRUE(net.peer->ask(ExchangeType::informational, wire::Payloads{}))
      << "it may still be asked whether it is alive";
}

// Shows RFC 7296 2.25.1-8.
TEST(IkeRekeyRequest, IsPutOffWhileAChildIsRekeyedOrClosed) {
  WithOddPeer rekeying;
  rekeying.let_west_rekey_the_child();
  EXPECT_TRUE(says(rekeying.ask(rekeying.ike_rekey()), NotifyType::temporary_failure));
  WithOddPeer closing;
  closing.west.feed(DeactivateDynamicTunnel{closing.west.stack(), std::nullopt});
  EXPECT_TRUE(says(closing.ask(closing.ike_rekey()), NotifyType::temporary_failure));
  EXPECT_TRUE(closing.west.has_told(CatalogueId::ike_rekey_put_off));
}

// Shows RFC 7296 2.25.2-1.
TEST(IkeRekeyRequest, OfAnSaThatIsBeingRekeyedIsAnsweredAsUsual) {
  WithOddPeer net;
  const wire::Payloads request = net.ike_rekey();
  net.let_west_rekey_the_ike_sa();
  const auto answer = net.ask(request);
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find<wire::SecurityAssociation>(), nullptr);
}

// Shows RFC 7296 2.25.2-3.
TEST(IkeRekeyRequest, OfAnSaThatIsBeingClosedIsPutOff) {
  WithOddPeer net;
  net.west.feed(DeactivateIkeTunnel{net.west.stack(), std::nullopt});
  EXPECT_TRUE(says(net.ask(net.ike_rekey()), NotifyType::temporary_failure));
}

TEST(AnyRequest, WithACriticalPayloadThatIsNotKnownIsRejectedInEveryStateOfItsIkeSa) {  // RFC 7296 §2.5
  const struct {
    const char* name;
    void (*prepare)(WithOddPeer&);
  } cases[] = {
      {"up", [](WithOddPeer&) {}},
      {"rekeyed by the peer", [](WithOddPeer& net) { net.ask(net.ike_rekey()); }},
      {"being closed", [](WithOddPeer& net) { net.west.feed(DeactivateIkeTunnel{net.west.stack(), std::nullopt}); }},
  };
  const ByteString critical_and_delete = {42, 0x80, 0, 4, 0, 0, 0, 8, 1, 0, 0, 0};
  for (const auto& [name, prepare] : cases) {
    SCOPED_TRACE(name);
    WithOddPeer net;
    prepare(net);
    const std::size_t before = net.west.engine.statistics().ike_sas;
    const auto answer = net.peer->ask(ExchangeType::informational, PayloadType{200}, critical_and_delete);
    ASSERT_TRUE(says(answer, NotifyType::unsupported_critical_payload));
    EXPECT_EQ(answer->find(NotifyType::unsupported_critical_payload)->data, ByteString{200});
    EXPECT_EQ(answer->items().size(), 1u);
    EXPECT_EQ(net.west.engine.statistics().ike_sas, before) << "nothing else of it is looked at";
  }
}

// Shows RFC 7296 2.25.2-4.
TEST(IkeRekey, OfOursIsForgottenWhenThePeerDeletesTheSa) {
  WithOddPeer net;
  net.let_west_rekey_the_ike_sa();
  wire::Payloads request;
  request.add(wire::Delete{.protocol = wire::ProtocolId::ike});
  EXPECT_TRUE(net.peer->ask(ExchangeType::informational, request));
  EXPECT_TRUE(net.west.ike().empty());
  EXPECT_TRUE(net.west.installed.empty());
}

// Shows RFC 7296 2.25.2-6, 2.25.2-7, 1.3.2-2.
TEST(IkeRekey, OfOursPutsOffWhatThePeerAsksButADelete) {
  WithOddPeer net;
  const wire::Payloads rekey = net.child_rekey();
  wire::Payloads request;
  request.add(wire::Delete{.protocol = wire::ProtocolId::esp, .spis = {Spi{net.peers_inbound_spi()}}});
  net.let_west_rekey_the_ike_sa();
  net.west.out.clear();
  net.let_west_rekey_the_child();
  EXPECT_TRUE(net.west.out.empty()) << "no CREATE_CHILD_SA under an SA that is being rekeyed";
  EXPECT_TRUE(says(net.ask(rekey), NotifyType::temporary_failure));
  const auto answer = net.peer->ask(ExchangeType::informational, request);
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find<wire::Delete>(), nullptr);
}

// Shows RFC 7296 1.4.1-4.
TEST(CrossedDeletes, LeaveTheInboundSaUntilTheResponse) {
  WithOddPeer net;
  wire::Payloads request;
  request.add(wire::Delete{.protocol = wire::ProtocolId::esp, .spis = {Spi{net.peers_inbound_spi()}}});
  net.west.feed(DeactivateDynamicTunnel{net.west.stack(), std::nullopt});
  const auto answer = net.peer->ask(ExchangeType::informational, request);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->find<wire::Delete>(), nullptr) << "ours names it already";
  EXPECT_EQ(net.west.installed.size(), 1u);
  EXPECT_EQ(net.west.retired.size(), 1u);
}

TEST(Delete, OfAChildIsAnsweredWithTheOtherHalfWhileTheIkeSasOwnDeleteWaits) {  // RFC 7296 §1.4.1
  WithOddPeer net;
  wire::Payloads request;
  request.add(wire::Delete{.protocol = wire::ProtocolId::esp, .spis = {Spi{net.peers_inbound_spi()}}});
  const std::uint32_t ours = net.west.installed.begin()->second.inbound_spi.value();
  net.let_west_rekey_the_child();  // and nobody answers
  net.west.feed(DeactivateIkeTunnel{net.west.stack(), std::nullopt});
  const auto answer = net.peer->ask(ExchangeType::informational, request);
  ASSERT_TRUE(answer);
  ASSERT_NE(answer->find<wire::Delete>(), nullptr);
  EXPECT_EQ(answer->find<wire::Delete>()->spis, std::vector{Spi{ours}});
  EXPECT_TRUE(net.west.installed.empty()) << "the peer has removed it: nothing may be sent by it";
}

/// East with a tunnel to a responder that answers what a test likes; its request to rekey the child is out.
struct RekeyingEast : Host {
  RekeyingEast() : Host{with_long_children(east()), {}, 1} {
    now = Instant{Seconds{1000}};
    peer.emplace(*this);
    peer->answer(peer->proof_and_child());
    feed(RefreshDynamicTunnel{stack(), std::nullopt});
  }
  void answer_with(NotifyType type) {
    wire::Payloads answer;
    answer.add(wire::Notify{.type = type});
    peer->answer(answer);
  }
  std::optional<OddResponder> peer;
};

// Shows RFC 7296 1.3.3-1, 2.8-3, 2.9.2-1, 2.9.2-2, 2.9.2-4, 3.10-1.
TEST(ChildRekey, NamesTheSaAndAsksForNoLess) {
  RekeyingEast east;
  const contract::InstallChildSa& pair = east.installed.begin()->second;
  const wire::Payloads request = east.peer->request();
  const wire::Notify* named = request.find(NotifyType::rekey_sa);
  ASSERT_NE(named, nullptr);
  EXPECT_EQ(named->protocol, std::to_underlying(wire::ProtocolId::esp));
  EXPECT_EQ(named->spi, octets_of(pair.inbound_spi.value()));
  EXPECT_EQ(request.find<wire::TrafficSelectorPayload>(PayloadType::traffic_selectors_initiator)->selectors,
            pair.local_ts);
  EXPECT_EQ(request.find<wire::TrafficSelectorPayload>(PayloadType::traffic_selectors_responder)->selectors,
            pair.remote_ts);
}

// Shows RFC 7296 2.25-2, 2.25-3.
TEST(ChildRekey, ThatIsPutOffIsNotAskedForAgainAtOnce) {
  RekeyingEast east;
  east.answer_with(NotifyType::temporary_failure);
  EXPECT_TRUE(east.out.empty());
  east.pass_time_to(east.now + Seconds{1});
  EXPECT_TRUE(east.out.empty());
  east.pass_time_to(east.now + Seconds{5});
  EXPECT_EQ(east.out.size(), 1u) << "but in a while";
}

/// Puts off what is asked for until something else is: how often that was.
unsigned times_put_off(RekeyingEast& east) {
  unsigned times = 0;
  while (wire::Header::parse(east.out.front().octets)->exchange == ExchangeType::create_child_sa) {
    east.answer_with(NotifyType::temporary_failure);
    if (++times == 100) break;
    for (unsigned i = 0; i < 10 && east.out.empty(); ++i) east.pass_time_to(east.now + Seconds{1});
    if (east.out.empty()) break;
  }
  return times;
}

// Shows RFC 7296 2.25-4.
TEST(ChildRekey, ThatIsPutOffForMinutesBeginsANewIkeSa) {
  RekeyingEast east;
  const Instant begun = east.now;
  EXPECT_EQ(times_put_off(east), 41u);
  EXPECT_GE(east.now - begun, Seconds{120});
  ASSERT_FALSE(east.out.empty()) << east.told();
  EXPECT_EQ(wire::Header::parse(east.out.front().octets)->exchange, ExchangeType::ike_sa_init);
  EXPECT_EQ(east.installed.size(), 1u) << "the old one carries on meanwhile";
}

// Shows RFC 7296 2.25-6.
TEST(ChildRekey, OfAnSaThatThePeerDoesNotHaveDropsItAndAsksForANewOne) {
  RekeyingEast east;
  east.answer_with(NotifyType::child_sa_not_found);
  EXPECT_TRUE(east.installed.empty());
  ASSERT_EQ(east.out.size(), 1u);
  const wire::Payloads request = east.peer->request();
  EXPECT_NE(request.find<wire::SecurityAssociation>(), nullptr);
  EXPECT_EQ(request.find(NotifyType::rekey_sa), nullptr);
}

// Shows RFC 7296 4-6.
TEST(ChildRekey, OfAPeerThatTakesNoMoreBeginsANewIkeSa) {
  RekeyingEast east;
  east.answer_with(NotifyType::no_additional_sas);
  ASSERT_EQ(east.out.size(), 1u) << east.told();
  const wire::Header header = *wire::Header::parse(east.out.front().octets);
  EXPECT_EQ(header.exchange, ExchangeType::ike_sa_init);
  EXPECT_EQ(east.installed.size(), 1u) << "the old one carries on meanwhile";
}

TEST(ChildRekey, OfAPeerThatTakesNoMoreIsTriedAgainWhereNoNewIkeSaMayBegin) {
  RekeyingEast east;
  Side other = with_long_children(east.side);
  other.peer_address = "198.51.100.9";  // so that the policy has no rule for this peer any more
  east.feed(PolicyInstalled{make_policy(other)});
  east.answer_with(NotifyType::no_additional_sas);
  ASSERT_TRUE(east.out.empty()) << "no reauthentication";
  ASSERT_EQ(east.children().size(), 1u);
  ASSERT_TRUE(east.children().front().refresh_at);
  EXPECT_LT(*east.children().front().refresh_at, east.children().front().expires_at);
}

// Shows RFC 7296 1.3.2-1, 2.18-1, 2.18-2.
TEST(IkeRekey, AsksWithAKeyExchange) {
  RekeyingEast east;
  east.answer_with(NotifyType::no_proposal_chosen);
  east.out.clear();
  ASSERT_EQ(east.ike().size(), 1u);
  east.pass_time_to(*east.ike().front().refresh_at);
  ASSERT_FALSE(east.out.empty()) << east.told();
  const wire::Payloads request = east.peer->request();
  EXPECT_NE(request.find<wire::KeyExchange>(), nullptr);
  const auto* offered = request.find<wire::SecurityAssociation>();
  ASSERT_NE(offered, nullptr);
  for (const wire::Proposal& proposal : offered->proposals) {
    EXPECT_EQ(proposal.spi.size(), sizeof(std::uint64_t));
    const auto groups = std::ranges::count_if(proposal.transforms, [](const wire::Transform& transform) {
      return transform.type == std::to_underlying(TransformType::key_exchange) && transform.id != 0;
    });
    EXPECT_EQ(groups, 1);
  }
}

// Shows RFC 7296 2.25-4.
TEST(IkeRekey, ThatIsPutOffForMinutesBeginsANewIkeSa) {
  RekeyingEast east;
  east.answer_with(NotifyType::no_proposal_chosen);  // to the rekey of the child
  east.out.clear();
  east.pass_time_to(*east.ike().front().refresh_at);
  ASSERT_FALSE(east.out.empty()) << east.told();
  EXPECT_EQ(times_put_off(east), 41u);
  ASSERT_FALSE(east.out.empty()) << east.told();
  EXPECT_EQ(wire::Header::parse(east.out.front().octets)->exchange, ExchangeType::ike_sa_init);
}

// Shows RFC 7296 3.10.1-1.
TEST(IkeRekey, AnsweredWithAnErrorThatNobodyKnowsHasFailed) {
  for (const bool beside_an_error : {false, true}) {
    SCOPED_TRACE(beside_an_error);
    RekeyingEast east;
    east.answer_with(NotifyType::no_proposal_chosen);
    east.out.clear();
    east.pass_time_to(*east.ike().front().refresh_at);
    const wire::Payloads request = east.peer->request();
    CountingRandom random{7};
    const auto exchange = *crypto::KeyExchange::generate(GroupId::curve25519, random);
    wire::SecurityAssociation chosen{{request.find<wire::SecurityAssociation>()->proposals.front()}};
    chosen.proposals.front().spi = ByteString(8, 0x77);
    wire::Payloads answer;
    answer.add(std::move(chosen));
    answer.add(wire::Nonce{ByteString(32, 0x33)});
    answer.add(
        wire::KeyExchange{GroupId::curve25519, {exchange->public_value().begin(), exchange->public_value().end()}});
    if (beside_an_error) answer.add(wire::Notify{.type = NotifyType{9999}});
    east.peer->answer(answer);
    EXPECT_EQ(east.has_told(CatalogueId::ike_sa_rekeyed), !beside_an_error) << east.told();
  }
}

// Shows RFC 7296 2.8-4.
TEST(IkeRekey, LeavesTheDeleteAsTheLastRequestUnderTheOldSa) {
  TwoEngines net{with_long_children(east()), with_long_children(west())};
  net.activate();
  Host& east = net.east_host;
  const IkeSpi old = east.ike().front().initiator_spi;
  const Instant at = *east.ike().front().refresh_at;
  for (Host* host : {&net.east_host, &net.west_host}) host->now = at;
  east.pass_time_to(at);
  net.carried.clear();
  net.settle();
  net.pass(Seconds{300});
  std::vector<ExchangeType> requests;
  for (const Datagram& datagram : net.carried) {
    const wire::Header header = *wire::Header::parse(datagram.octets);
    if (header.initiator_spi == old && header.direction == wire::Direction::request)
      requests.push_back(header.exchange);
  }
  ASSERT_FALSE(requests.empty());
  EXPECT_EQ(requests.back(), ExchangeType::informational);
  EXPECT_EQ(std::ranges::count(requests, ExchangeType::informational), 1) << "the Delete, and nothing after it";
}

}  // namespace
}  // namespace adit::ike
