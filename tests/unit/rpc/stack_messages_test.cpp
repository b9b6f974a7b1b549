#include "rpc/stack_messages.h"

#include <gtest/gtest.h>

#include "rpc/operator_messages.h"
#include "samples.h"

namespace adit::rpc {
namespace {

using contract::ChildSaName;
const StackName east{"east"};
const ChildSaName name{DynamicTunnelId{7}, 3};

template <class T>
T carried(const ike::StackRequest& request) {
  v1::StackRequest message;
  write(request, message);
  const auto received = from_message(message, east);
  EXPECT_TRUE(received);
  return std::get<T>(*received);
}
template <class T>
T carried_event(const StackEvent& event) {
  v1::StackEvent message;
  write(event, message);
  const auto received = from_message(message, east);
  EXPECT_TRUE(received);
  return std::get<T>(*received);
}

TEST(StackMessage, CarriesEveryRequest) {
  EXPECT_EQ(carried<contract::InstallChildSa>(test::child_sa()), test::child_sa());
  EXPECT_EQ(carried<contract::RemoveChildSa>(contract::RemoveChildSa{east, name}),
            (contract::RemoveChildSa{east, name}));
  EXPECT_EQ(carried<contract::RetireChildSa>(contract::RetireChildSa{east, name}),
            (contract::RetireChildSa{east, name}));
  EXPECT_EQ(carried<contract::BeginSending>(contract::BeginSending{east, name}), (contract::BeginSending{east, name}));
  const contract::MovePeer move{east, name, {*IpAddress::parse("203.0.113.9"), 4501}};
  EXPECT_EQ(carried<contract::MovePeer>(move), move);
  contract::InstallChildSa first = test::child_sa();
  first.sending = contract::SendingBegins::at_once;
  EXPECT_EQ(carried<contract::InstallChildSa>(first), first);
  first.sending = contract::SendingBegins::when_told;
  EXPECT_EQ(carried<contract::InstallChildSa>(first), first);
  EXPECT_EQ(carried<contract::InstallChildSa>(test::bundle()), test::bundle());
  EXPECT_EQ(carried<ike::QueryCounters>(ike::QueryCounters{east, name}).name, name);
}

TEST(StackMessage, CarriesEveryEvent) {
  const auto result = carried_event<contract::InstallResult>(contract::InstallResult{east, name, "no room"});
  EXPECT_EQ(result.refused, "no room");
  EXPECT_EQ(result.stack, east);
  EXPECT_EQ(carried_event<contract::InstallResult>(contract::InstallResult{east, name, {}}).refused, std::nullopt);
  const PacketSelectors packet{
      test::address("10.1.0.1"), test::address("10.2.0.1"), IpProtocol::tcp, 1, 2, true, true, true};
  const auto acquire = carried_event<contract::Acquire>(contract::Acquire{east, "rule", packet});
  EXPECT_EQ(acquire.packet, packet);
  EXPECT_EQ(acquire.filter_rule, "rule");
  EXPECT_TRUE(carried_event<contract::LifetimeReached>(contract::LifetimeReached{east, name, true}).hard);
  const auto counters =
      carried_event<contract::ChildSaCounters>(contract::ChildSaCounters{east, name, 1, 2, 3, 4, 5, 6, Seconds{7}});
  EXPECT_EQ(counters.inbound_packets, 1u);
  EXPECT_EQ(counters.outbound_octets, 4u);
  EXPECT_EQ(counters.not_authentic, 6u);
  EXPECT_EQ(counters.since_last_inbound, Seconds{7});
  const Endpoint from{test::address("192.0.2.9"), 61000};
  EXPECT_EQ(carried_event<contract::PeerMoved>(contract::PeerMoved{east, name, from}).from, from);
}

const struct {
  const char* name;
  void (*spoil)(v1::InstallChildSa&);
  const char* field;
} wrong[] = {
    {"a reserved SPI", [](auto& m) { m.set_inbound_spi(255); }, "SPI"},
    {"no traffic selectors", [](auto& m) { m.clear_local_ts(); }, "traffic selectors"},
    {"more traffic selectors than a payload holds",
     [](auto& m) {
       const v1::TrafficSelector one = m.local_ts(0);
       while (m.local_ts_size() <= 255) *m.add_local_ts() = one;
     },
     "traffic selectors"},
    {"a key longer than any", [](auto& m) { m.mutable_inbound()->set_encryption(std::string(129, 'k')); },
     "encryption key"},
    {"endpoints of two families", [](auto& m) { m.set_local("1234"); }, "families of the security endpoints"},
    {"no name", [](auto& m) { m.clear_name(); }, "tunnel number"},
    {"a protocol that is neither AH nor ESP", [](auto& m) { m.mutable_transforms()->set_protocol(1); }, "protocol"},
    {"a port past the last", [](auto& m) { m.mutable_udp()->set_remote_port(65536); }, "remote port"},
};

const struct {
  const char* name;
  void (*spoil)(v1::InstallChildSa&);
  const char* field;
} wrong_bundles[] = {
    {"AH's keys are missing", [](auto& m) { m.clear_ah(); }, "AH around ESP"},
    {"AH's algorithm is missing", [](auto& m) { m.mutable_transforms()->clear_around_esp(); }, "AH around ESP"},
    {"AH around AH", [](auto& m) { m.mutable_transforms()->set_protocol(2); }, "AH around ESP"},
    {"in UDP", [](auto& m) { m.mutable_udp()->set_remote_port(4500); }, "AH around ESP"},
    {"a reserved SPI of AH", [](auto& m) { m.mutable_ah()->set_outbound_spi(255); }, "SPI"},
    {"a key longer than any", [](auto& m) { m.mutable_ah()->set_inbound(std::string(129, 'k')); }, "integrity key"},
    {"an unknown start of sending", [](auto& m) { m.set_sending(static_cast<v1::SendingBegins>(9)); },
     "when sending begins"},
};

TEST(StackMessage, OfABundleIsRefusedWhenItsPartsDoNotFit) {
  for (const auto& [what, spoil, field] : wrong_bundles) {
    SCOPED_TRACE(what);
    v1::StackRequest message;
    write(ike::StackRequest{test::bundle()}, message);
    spoil(*message.mutable_install());
    const auto received = from_message(message, east);
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().field, field);
  }
}

TEST(StackMessage, IsRefusedWhenAFieldCannotBeRight) {
  for (const auto& [what, spoil, field] : wrong) {
    SCOPED_TRACE(what);
    v1::StackRequest message;
    write(ike::StackRequest{test::child_sa()}, message);
    spoil(*message.mutable_install());
    const auto received = from_message(message, east);
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().field, field);
  }
  v1::StackRequest nameless;
  nameless.mutable_retire();
  EXPECT_FALSE(from_message(nameless, east)) << "it names no pair";
  EXPECT_FALSE(from_message(v1::StackRequest{}, east));
  EXPECT_FALSE(from_message(v1::StackEvent{}, east));
}

TEST(OperatorMessage, ShowsAnInstalledPairWithoutItsKeys) {
  InstalledTunnel tunnel{test::child_sa(), {}, Instant{Duration{123456}}};
  tunnel.counters.inbound_packets = 9;
  v1::InstalledTunnel message;
  write(tunnel, message);
  EXPECT_EQ(message.SerializeAsString().find("inbound key"), std::string::npos);
  const auto received = from_message(message);
  ASSERT_TRUE(received) << received.error().field;
  contract::InstallChildSa shown = test::child_sa();
  shown.stack = {};
  shown.inbound = shown.outbound = {};
  shown.lifetimes.hard.reset();
  shown.sending = {};
  EXPECT_EQ(received->pair, shown);
  EXPECT_EQ(received->counters.inbound_packets, 9u);
  EXPECT_EQ(received->expires_at, tunnel.expires_at);
}

TEST(OperatorMessage, ShowsAnInstalledPairOfAhAroundEspWithBothSpis) {
  v1::InstalledTunnel message;
  write(InstalledTunnel{test::bundle(), {}, {}}, message);
  EXPECT_EQ(message.SerializeAsString().find("of AH"), std::string::npos) << "no key";
  const auto received = from_message(message);
  ASSERT_TRUE(received) << received.error().field;
  EXPECT_EQ(received->pair.transforms, test::bundle().transforms);
  EXPECT_EQ(received->pair.ah,
            (contract::AroundEsp{.inbound_spi = InboundSpi{0xc0000003}, .outbound_spi = OutboundSpi{0xc0000004}}));
}

TEST(OperatorMessage, ShowsWhatIsNegotiatedWithTheSpisOfEachProtocol) {
  for (const bool is_bundle : {false, true}) {
    ike::DynamicTunnelView view;
    view.name = test::child_sa().name;
    view.state = ike::ChildState::active;
    view.local = test::address("192.0.2.1");
    view.remote = test::address("192.0.2.2");
    view.transforms = is_bundle ? test::bundle().transforms : test::child_sa().transforms;
    view.inbound_spi = InboundSpi{0xc0000001};
    if (is_bundle) view.ah = {.inbound = InboundSpi{0xc0000003}, .outbound = OutboundSpi{0xc0000004}};
    v1::DynamicTunnel message;
    write(view, message);
    const auto received = from_message(message);
    ASSERT_TRUE(received) << received.error().field;
    EXPECT_EQ(received->transforms, view.transforms);
    EXPECT_EQ(received->inbound_spi, view.inbound_spi);
    EXPECT_EQ(received->ah, view.ah);
  }
}

TEST(OperatorMessage, CarriesTunnelsFiltersAndAnswers) {
  ike::IkeTunnelView ike;
  ike.tunnel = IkeTunnelId{4};
  ike.local = {test::address("192.0.2.1"), 500};
  ike.remote = {test::address("192.0.2.2"), 4500};
  ike.remote_identity = test::fqdn("west");
  ike.state = ike::IkeState::done;
  ike.role = ike::Role::responder;
  ike.encryption = EncryptionId::aes_gcm_16;
  ike.prf = PrfId::hmac_sha2_256;
  ike.local_auth = AuthMethod::shared_key;
  ike.responder_spi = IkeSpi{~0ULL};
  ike.expires_at = Instant{Duration{99}};
  ike.refresh_at = Instant{Duration{88}};
  ike.reauth_at = Instant{Duration{77}};
  ike.reauth_interval = Minutes{90};
  v1::IkeTunnel message;
  write(ike, message);
  const auto received = from_message(message);
  ASSERT_TRUE(received) << received.error().field;
  EXPECT_EQ(received->remote_identity, ike.remote_identity);
  EXPECT_EQ(received->local_identity, std::nullopt);
  EXPECT_EQ(received->state, ike.state);
  EXPECT_EQ(received->responder_spi, ike.responder_spi);
  EXPECT_EQ(received->local_auth, ike.local_auth);
  EXPECT_EQ(received->remote_auth, std::nullopt);
  EXPECT_EQ(received->expires_at, ike.expires_at);
  EXPECT_EQ(received->refresh_at, ike.refresh_at);
  EXPECT_EQ(received->reauth_at, ike.reauth_at);
  EXPECT_EQ(received->reauth_interval, ike.reauth_interval);

  const InstalledFilters filters{test::snapshot()->filter, Seconds{20}, Instant{Duration{5}}, {1, 2, 3, 4}, {}, false,
                                 "policy 4: why"};
  v1::ShowFiltersResponse shown;
  write(filters, shown);
  const auto seen = from_message(shown);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->policy, test::without_manual_keys(*test::snapshot())->filter);
  EXPECT_EQ(seen->matches, filters.matches);
  EXPECT_EQ(seen->refused, filters.refused);
  shown.add_matches(4);
  EXPECT_FALSE(from_message(shown)) << "four counts for three filters";
  shown.set_default_in_force(true);
  shown.clear_matches();
  ASSERT_TRUE(from_message(shown));
  EXPECT_TRUE(from_message(shown)->in_force().filters.empty());
  shown.add_matches(1);
  EXPECT_FALSE(from_message(shown)) << "the default filter has none here";

  const InterfaceView interface{.name = "wire", .addresses = {*IpAddress::parse("198.51.100.1")}, .security_class = 7};
  v1::Interface listed;
  write(interface, listed);
  ASSERT_TRUE(from_message(listed));
  EXPECT_EQ(from_message(listed)->addresses, interface.addresses);
  EXPECT_EQ(from_message(listed)->security_class, 7);
  listed.set_security_class(256);
  EXPECT_FALSE(from_message(listed));

  const NamedAnswer answer{"net-to-net", {ike::OperatorAnswer::Status::no_data_offer, "why"}};
  v1::OperatorAnswer said;
  write(answer, said);
  EXPECT_EQ(from_message(said)->answer.status, answer.answer.status);
  EXPECT_EQ(from_message(said)->subject, "net-to-net");
}

}  // namespace
}  // namespace adit::rpc
