// AH around ESP between two ends: its keys, what is held of it, its refresh and its end.

#include "crypto/ike_v1_keys.h"
#include "ike/v1/ending.h"
#include "ike/v1/informational.h"
#include "lone_pair.h"

namespace adit::ike {
namespace {

constexpr V1Side bundle{.is_bundle = true};

struct BundlePair : V1Pair {
  explicit BundlePair(V1Side a = bundle, V1Side b = bundle) : V1Pair{v1_east(), v1_west(), a, b} {}
};

void expect_nothing_held(const TwoEngines& net) {
  for (const Host* host : {&net.east_host, &net.west_host}) {
    EXPECT_TRUE(host->installed.empty()) << told(net);
    EXPECT_EQ(host->engine.statistics().inbound_spis, 0u);
    EXPECT_EQ(host->engine.statistics().child_sas, 0u);
  }
}
const contract::InstallChildSa& installed_at(const Host& host) { return host.installed.begin()->second; }

TEST(BundleLife, BringsUpOnePairOfTwoProtocols) {
  for (const bool has_pfs : {false, true}) {
    Side a = v1_east(), b = v1_west();
    if (has_pfs) a.pfs = b.pfs = GroupId::ecp_256;
    V1Pair net{a, b, bundle, bundle};
    net.up();
    expect_one_v1_tunnel(net);
    const contract::InstallChildSa& pair = installed_at(net.east_host);
    EXPECT_EQ(pair.transforms.to_string(), "AH HMAC_SHA2_256_128 around ESP AES_CBC-256 ESN");
    ASSERT_TRUE(pair.ah);
    EXPECT_NE(pair.ah->inbound_spi, pair.inbound_spi);
    EXPECT_EQ(SecretView{pair.inbound.encryption}.size(), 32u);
    EXPECT_EQ(SecretView{pair.inbound.integrity}.size(), 0u) << "AH proves it";
    EXPECT_EQ(SecretView{pair.ah->inbound}.size(), 32u);
    EXPECT_FALSE(pair.ah->inbound == pair.inbound.encryption);
    for (const Host* host : {&net.east_host, &net.west_host}) {
      EXPECT_EQ(host->engine.statistics().inbound_spis, 2u);
      const DynamicTunnelView row = host->children().front();
      const contract::InstallChildSa& has = installed_at(*host);
      EXPECT_EQ(row.ah, (AhSpis{.inbound = has.ah->inbound_spi, .outbound = has.ah->outbound_spi}));
    }
  }
}

// Shows RFC 2409 5.5-10.
TEST(BundleLife, HasKeysOfEachProtocolAndSpi) {
  const policy::PolicyPointer policy = make_v1_policy(v1_east(), bundle);
  Phase2 net;
  for (End* end : {&net.us, &net.peer}) {
    end->policy = make_v1_policy(end == &net.us ? v1_east() : v1_west(), bundle);
    end->shard.install(end->policy);
  }
  net.quick_mode();
  const contract::InstallChildSa &a = net.us.installed(), &b = net.peer.installed();
  ASSERT_TRUE(a.ah && b.ah);
  EXPECT_EQ(a.ah->inbound, b.ah->outbound);
  EXPECT_EQ(a.ah->outbound, b.ah->inbound);
  EXPECT_EQ(a.inbound, b.outbound);
  const ByteString &ni = net.first.the<wire::v1::Nonce>().value, &nr = net.second.the<wire::v1::Nonce>().value;
  const crypto::Prf& prf = *crypto::Prf::find(PrfId::hmac_sha2_256);
  // prf(SKEYID_d, protocol | SPI | Ni_b | Nr_b), of 32 octets: one block for each key.
  const auto keymat = [&](std::uint8_t protocol, std::uint32_t spi) {
    Writer seed;
    seed.u8(protocol);
    seed.u32(spi);
    return to_hex(prf(net.us.sa.skeyid_d, {seed.written(), ni, nr}).reveal());
  };
  EXPECT_EQ(to_hex(a.inbound.encryption.reveal()), keymat(3, a.inbound_spi.value()));
  EXPECT_EQ(to_hex(a.outbound.encryption.reveal()), keymat(3, a.outbound_spi.value()));
  EXPECT_EQ(to_hex(a.ah->inbound.reveal()), keymat(2, a.ah->inbound_spi.value()));
  EXPECT_EQ(to_hex(a.ah->outbound.reveal()), keymat(2, a.ah->outbound_spi.value()));
}

TEST(BundleLife, RefreshesBothHalvesTogether) {
  BundlePair net;
  net.up();
  const auto before = installed_at(net.east_host);
  net.pass(Seconds{Minutes{245}});
  expect_one_v1_tunnel(net);
  const contract::InstallChildSa& after = installed_at(net.east_host);
  EXPECT_NE(after.inbound_spi, before.inbound_spi);
  EXPECT_NE(after.ah->inbound_spi, before.ah->inbound_spi);
  for (const Host* host : {&net.east_host, &net.west_host}) {
    EXPECT_EQ(host->engine.statistics().inbound_spis, 2u) << "those of the older pair are given back";
  }
  net.pass(Seconds{Minutes{480}});  // phase 1, too, which hands them on
  expect_one_v1_tunnel(net);
}

TEST(BundleLife, ConvergesWhenBothRefreshAtOnce) {
  BundlePair net;
  net.up();
  for (Host* host : {&net.east_host, &net.west_host}) host->feed(RefreshDynamicTunnel{host->stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{60});
  expect_one_v1_tunnel(net);
  EXPECT_EQ(net.east_host.engine.statistics().inbound_spis, 2u);
  EXPECT_EQ(net.west_host.engine.statistics().inbound_spis, 2u);
}

TEST(BundleLife, IsEndedByEachSide) {
  for (const bool by_east : {true, false}) {
    BundlePair net;
    net.up();
    Host& ends = by_east ? net.east_host : net.west_host;
    ends.feed(DeactivateDynamicTunnel{ends.stack(), std::nullopt});
    net.settle();
    expect_nothing_held(net);
  }
}

TEST(BundleLife, EndsWithPhase1) {
  BundlePair net;
  net.up();
  net.east_host.feed(DeactivateIkeTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{10});
  expect_nothing_held(net);
}

TEST(BundleLife, GivesBackWhatARefusalLeaves) {
  BundlePair net{bundle, {}};  // ESP alone is what west's policy has
  net.up();
  EXPECT_TRUE(net.west_host.has_told(CatalogueId::no_child_proposal_chosen)) << told(net);
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::negotiation_failed)) << told(net);
  expect_nothing_held(net);
  BundlePair other{{}, bundle};
  other.up();
  EXPECT_TRUE(other.west_host.has_told(CatalogueId::no_child_proposal_chosen)) << told(other);
  expect_nothing_held(other);
}

TEST(BundleLife, GivesBackWhatSilenceLeaves) {
  BundlePair net;
  net.up();
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle([](Datagram&) { return false; });
  EXPECT_EQ(net.east_host.engine.statistics().inbound_spis, 4u);
  net.pass(Seconds{400});
  expect_one_v1_tunnel(net);
  EXPECT_EQ(net.east_host.engine.statistics().inbound_spis, 2u);
}

TEST(BundleLife, GivesBackWhatTheStackRefuses) {
  BundlePair net;
  net.west_host.refuse_install = [](const contract::InstallChildSa&) { return "no more SAs"; };
  net.up();
  net.pass(Seconds{400});
  expect_nothing_held(net);
}

/// Two lone ends with the pair up.
struct BundleUp : Phase2 {
  BundleUp() {
    for (End* end : {&us, &peer}) {
      end->policy = make_v1_policy(end == &us ? v1_east() : v1_west(), bundle);
      end->shard.install(end->policy);
    }
    quick_mode();
  }
};

// Shows RFC 2408 3.15-2, 5.15-2.
TEST(BundleLife, IsEndedByADeleteOfEitherHalf) {
  const struct {
    const char* name;
    wire::ProtocolId protocol;
    bool of_ah, is_taken;
  } cases[] = {{"ESP's", wire::ProtocolId::esp, false, true},
               {"AH's", wire::ProtocolId::ah, true, true},
               {"AH's SPI as one of ESP", wire::ProtocolId::esp, true, false},
               {"ESP's SPI as one of AH", wire::ProtocolId::ah, false, false}};
  for (const auto& [name, protocol, of_ah, is_taken] : cases) {
    SCOPED_TRACE(name);
    BundleUp net;
    const v2::ChildSa& child = net.us.sa.children.front();
    const OutboundSpi spi = of_ah ? child.ah->outbound : child.outbound_spi;
    wire::v1::Payloads payloads;
    payloads.add(wire::v1::Delete{.protocol = protocol, .spis = {Spi{spi.value()}}});
    net.us.receive(net.informational(payloads));
    EXPECT_EQ(net.us.sa.children.empty(), is_taken);
  }
}

// Shows RFC 2408 3.15-1.
TEST(BundleLife, IsNamedInADeleteOfEachProtocol) {
  BundleUp net;
  const v2::ChildSa child = net.us.sa.children.front();
  net.us.all_sent();
  v1::Turn turn = net.us.turn();
  v1::send_delete(turn, net.us.sa, child);
  std::vector<wire::v1::Delete> said;
  for (const ByteString& octets : net.us.all_sent()) {
    const Seen seen = net.peer.read_first(octets);
    EXPECT_EQ(seen.chain.payloads.count(wire::v1::PayloadType::delete_), 1u);
    said.push_back(seen.the<wire::v1::Delete>());
  }
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(said[0].protocol, wire::ProtocolId::esp);
  EXPECT_EQ(said[0].spis, std::vector{Spi{child.inbound_spi.value()}});
  EXPECT_EQ(said[1].protocol, wire::ProtocolId::ah);
  EXPECT_EQ(said[1].spis, std::vector{Spi{child.ah->inbound.value()}});
}

/// The responder gives the tunnel up before message 3 comes, which then is answered with what it missed.
TEST(BundleLife, AnswersALateThirdMessageWithTheDeletesOfBoth) {
  Phase2 net;
  for (End* end : {&net.us, &net.peer}) {
    end->policy = make_v1_policy(end == &net.us ? v1_east() : v1_west(), bundle);
    end->shard.install(end->policy);
  }
  net.peer.receive(net.us.begun_quick_mode());
  net.us.receive(net.peer.sent());
  net.us.stack_has(net.us.sa.children.front().name);
  const ByteString third = net.us.sent();
  const v2::ChildSa child = net.peer.sa.children.front();
  v1::Turn turn = net.peer.turn();
  v1::delete_tunnel(turn, net.peer.sa, child.name.tunnel, v2::Ending::by_operator);
  EXPECT_EQ(net.peer.all_sent().size(), 2u) << "a Delete of each";
  net.peer.receive(third);
  std::vector<Spi> named;
  for (const ByteString& octets : net.peer.all_sent()) {
    const wire::v1::Delete said = net.us.read_first(octets).the<wire::v1::Delete>();
    named.insert(named.end(), said.spis.begin(), said.spis.end());
  }
  EXPECT_EQ(named, (std::vector{Spi{child.inbound_spi.value()}, Spi{child.ah->inbound.value()}}));
}

TEST(BundleLife, IsRefusedByTheSpiOfEitherHalf) {
  for (const bool of_ah : {false, true}) {
    Phase2 net;
    net.us.policy = make_v1_policy(v1_east(), bundle);
    net.us.shard.install(net.us.policy);
    net.us.begun_quick_mode();
    net.us.begun_quick_mode();
    ASSERT_EQ(net.us.sa.quick_modes.size(), 2u);
    const v1::InboundSpis meant = net.us.sa.quick_modes.front()->spis;
    Writer spi;
    spi.u32((of_ah ? *meant.ah : meant.spi).value());
    wire::v1::Payloads payloads;
    payloads.add(wire::v1::Notify{.protocol = static_cast<std::uint8_t>(of_ah ? 2 : 3),
                                  .spi = {spi.written().begin(), spi.written().end()},
                                  .type = wire::v1::NotifyType::no_proposal_chosen});
    net.us.receive(net.informational(payloads));
    ASSERT_EQ(net.us.sa.quick_modes.size(), 1u);
    EXPECT_NE(net.us.sa.quick_modes.front()->spis.spi, meant.spi);
  }
}

/// West answers with the other offer of east's policy, and east holds no more than that needs.
TEST(BundleLife, GivesBackTheSpiOfAhWhereEspAloneIsChosen) {
  V1Pair net;
  net.install();
  policy::PolicySnapshot snapshot = *make_v1_policy(net.east_host.side, bundle);
  const policy::PolicyPointer plain = make_v1_policy(net.east_host.side, {});
  policy::DynVpnAction both = *snapshot.filter.filters.front().vpn;
  both.offers.push_back(plain->filter.filters.front().vpn->offers.front());
  for (policy::Filter& filter : snapshot.filter.filters) {
    filter.vpn = std::make_shared<const policy::DynVpnAction>(both);
  }
  net.east_host.feed(PolicyInstalled{std::make_shared<const policy::PolicySnapshot>(std::move(snapshot))});
  net.begin();
  net.settle();
  expect_one_v1_tunnel(net);
  EXPECT_FALSE(installed_at(net.east_host).ah);
  EXPECT_EQ(net.east_host.engine.statistics().inbound_spis, 1u);
  // The other way round it is west that draws two, and east that asks for one.
  net.east_host.feed(DeactivateDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  net.west_host.feed(ActivateRule{net.west_host.stack(), "net-to-net"});
  net.settle();
  expect_one_v1_tunnel(net);
  EXPECT_EQ(net.east_host.engine.statistics().inbound_spis, 1u);
}

/// A policy of IKEv2 with nothing but AH around ESP.
policy::PolicyPointer bundle_by_v2(const Side& side) {
  policy::PolicySnapshot snapshot = *make_policy(side);
  policy::DynVpnAction action = *snapshot.filter.filters.front().vpn;
  for (policy::DataOffer& offer : action.offers) {
    offer.ah = true;
    offer.encryption = EncryptionId::aes_cbc;
    offer.integrity = IntegrityId::hmac_sha2_256_128;
  }
  for (policy::Filter& filter : snapshot.filter.filters) {
    filter.vpn = std::make_shared<const policy::DynVpnAction>(action);
  }
  return std::make_shared<const policy::PolicySnapshot>(std::move(snapshot));
}

TEST(BundleLife, IsNotBegunByIkeV2) {
  TwoEngines net;
  net.east_host.feed(PolicyInstalled{bundle_by_v2(net.east_host.side)});
  net.east_host.feed(StackUp{net.east_host.stack()});
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  ASSERT_EQ(net.east_host.answers.size(), 1u);
  EXPECT_EQ(net.east_host.answers.front().status, OperatorAnswer::Status::no_data_offer);
  EXPECT_TRUE(net.east_host.out.empty());
}

TEST(BundleLife, ReplacesNothingOfIkeV2) {
  TwoEngines net;
  net.activate();
  ASSERT_EQ(net.east_host.installed.size(), 1u) << told(net);
  net.east_host.feed(PolicyInstalled{bundle_by_v2(net.east_host.side)});
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  EXPECT_NE(net.east_host.told().find("IKEv2 has no AH around ESP"), std::string::npos) << net.east_host.told();
  ASSERT_EQ(net.east_host.installed.size(), 1u) << "the older pair stays";
}

}  // namespace
}  // namespace adit::ike
