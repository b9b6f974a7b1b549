// Negotiations that must fail: the right notify to the peer, one message to the operator that says which value
// differed, and nothing left behind.

#include <algorithm>

#include "two_engines.h"

namespace adit::ike {
namespace {

/// The text of the one record of a kind.
std::string record(const Host& host, CatalogueId message) {
  std::string text;
  for (const LogRecord& entry : host.log) {
    if (entry.message == message) text += entry.to_string();
  }
  return text;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void expect_nothing_left(TwoEngines& net) {
  net.pass(Seconds{600});
  for (const Host* host : {&net.east_host, &net.west_host}) {
    EXPECT_TRUE(host->ike().empty()) << host->told();
    EXPECT_TRUE(host->children().empty());
    EXPECT_TRUE(host->installed.empty());
    EXPECT_EQ(host->engine.next_deadline(), std::nullopt);
    EXPECT_EQ(host->engine.statistics().half_open, 0u);
    EXPECT_EQ(host->engine.statistics().child_sas, 0u);
  }
}

// Shows RFC 7296 1.2-2, 2.21.2-1.
TEST(Refusal, OfAWrongSharedKeyIsAuthenticationFailed) {
  Side b = west();
  b.secret = "another";
  TwoEngines net{east(), b};
  net.activate();
  EXPECT_TRUE(contains(record(net.west_host, CatalogueId::authentication_failed), "pre-shared keys differ"));
  EXPECT_TRUE(contains(record(net.east_host, CatalogueId::error_notify_received), "AUTHENTICATION_FAILED"));
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::negotiation_failed));
  expect_nothing_left(net);
}

// Shows RFC 7296 2.7-3, 3.3.4-4, 3.3.4-5.
TEST(Refusal, OfAllIkeProposalsSaysWhatWasOfferedAndWhatIsAcceptable) {
  Side b = west();
  b.encryption = EncryptionId::aes_cbc;
  TwoEngines net{east(), b};
  net.activate();
  const std::string told = record(net.west_host, CatalogueId::no_ike_proposal_chosen);
  EXPECT_TRUE(contains(told, "offered AES_GCM_16-256")) << told;
  EXPECT_TRUE(contains(told, "acceptable AES_CBC-256")) << told;
  EXPECT_TRUE(contains(told, "pagent.conf:41")) << told;
  EXPECT_TRUE(contains(record(net.east_host, CatalogueId::error_notify_received), "NO_PROPOSAL_CHOSEN"));
  EXPECT_EQ(net.east_host.ike().size(), 1u) << "anybody may have sent the notify: the true answer gets its time";
  expect_nothing_left(net);
  EXPECT_TRUE(contains(record(net.east_host, CatalogueId::negotiation_failed), "NO_PROPOSAL_CHOSEN"));
}

TEST(Refusal, OfManyIkeProposalsDoesNotFillTheLog) {
  Side b = west();
  b.encryption = EncryptionId::aes_cbc;
  TwoEngines net{east(), b};
  net.activate();
  Datagram request = net.carried.front();
  request = {.stack = {"west"}, .local = request.local, .remote = request.remote, .octets = request.octets};
  const auto lines = [&] {
    return std::ranges::count(net.west_host.log, CatalogueId::no_ike_proposal_chosen, &LogRecord::message);
  };
  for (std::size_t i = 0; i < 1000; ++i) {
    ++request.octets[i % 8];  // another initiator SPI
    net.west_host.feed(request);
  }
  EXPECT_LE(lines(), 10);
  net.west_host.pass_time_to(net.west_host.now + Seconds{1});
  const auto before = lines();
  net.west_host.feed(request);
  EXPECT_EQ(lines(), before + 1) << "the next second has lines of its own";
  EXPECT_EQ(net.west_host.engine.statistics().half_open, 0u);
}

// Shows RFC 7296 1.3.1-3, 2.21.2-4.
TEST(Refusal, OfTheChildProposalKeepsTheIkeSa) {
  Side b = west();
  b.data_encryption = EncryptionId::aes_cbc;
  TwoEngines net{east(), b};
  net.activate();
  EXPECT_TRUE(contains(record(net.west_host, CatalogueId::no_child_proposal_chosen), "acceptable ESP AES_CBC-256"))
      << net.west_host.told();
  EXPECT_TRUE(contains(record(net.east_host, CatalogueId::error_notify_received), "NO_PROPOSAL_CHOSEN"));
  ASSERT_EQ(net.east_host.ike().size(), 1u);
  EXPECT_EQ(net.east_host.ike().front().state, IkeState::done);
  EXPECT_EQ(net.west_host.ike().front().state, IkeState::done);
  EXPECT_TRUE(net.east_host.children().empty());
}

// Shows RFC 7296 1.3.1-3.
TEST(Refusal, OfTrafficSelectorsIsTsUnacceptable) {
  Side a = east();
  a.peer_net = "10.9.0.0";
  TwoEngines net{a};
  net.activate();
  EXPECT_TRUE(contains(record(net.west_host, CatalogueId::no_filter_rule_for_traffic), "10.9.0.0/24"));
  EXPECT_TRUE(contains(record(net.west_host, CatalogueId::no_filter_rule_for_traffic),
                       "acceptable 10.2.0.0/24 here, 10.1.0.0/24 there (IpFilterRule "))
      << net.west_host.told();
  EXPECT_TRUE(contains(record(net.east_host, CatalogueId::error_notify_received), "TS_UNACCEPTABLE"));
  EXPECT_EQ(net.west_host.ike().size(), 1u);
  EXPECT_TRUE(net.west_host.installed.empty());
}

TEST(Refusal, OfWhatOnlyThisSideMayStart) {
  Side b = west();
  b.initiation = policy::Initiation::local_only;
  TwoEngines net{east(), b};
  net.activate();
  EXPECT_TRUE(net.west_host.has_told(CatalogueId::response_forbidden));
  EXPECT_TRUE(net.east_host.installed.empty());
}

// Shows RFC 7296 1.3.1-2.
TEST(Refusal, OfTheEncapsulationModeNamesBothValues) {
  Side a = east();
  Side b = west();
  a.encap = policy::EncapsulationChoice::transport;
  b.encap = policy::EncapsulationChoice::transport;
  TwoEngines net{a, b};
  b.encap = policy::EncapsulationChoice::tunnel;
  for (Host* host : {&net.east_host, &net.west_host}) host->feed(PolicyInstalled{make_policy(host->side)});
  auto tunnel_only = *make_policy(net.west_host.side);
  for (policy::Filter& filter : tunnel_only.filter.filters) {
    auto vpn = *filter.vpn;
    vpn.how_to_encap_ikev2 = policy::EncapsulationChoice::tunnel;
    filter.vpn = std::make_shared<const policy::DynVpnAction>(vpn);
  }
  net.west_host.feed(PolicyInstalled{std::make_shared<const policy::PolicySnapshot>(tunnel_only)});
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  net.settle();
  const std::string told = record(net.east_host, CatalogueId::mode_not_acceptable);
  EXPECT_TRUE(contains(told, "Transport") && contains(told, "Tunnel")) << net.east_host.told();
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_TRUE(net.west_host.installed.empty()) << "it was told that the SA is not used";
}

// Shows RFC 7296 1.2-3.
TEST(Refusal, OfAPeerWithAnotherIdentityThanTheRuleNames) {
  Side a = east();
  a.peer_identity = "203.0.113.77";
  Side b = west();
  b.peer_identity = "198.51.100.1";
  TwoEngines net{a, b};
  net.activate();
  const std::string told = record(net.east_host, CatalogueId::authentication_failed);
  EXPECT_TRUE(contains(told, "198.51.100.2") && contains(told, "203.0.113.77")) << net.east_host.told();
  EXPECT_TRUE(net.west_host.has_told(CatalogueId::idr_ignored));
  EXPECT_TRUE(net.west_host.ike().empty()) << "AUTHENTICATION_FAILED ends it there too";
  expect_nothing_left(net);
}

TEST(Refusal, OfTheStackEndsTheChildAlone) {
  TwoEngines net;
  net.west_host.refuse_install = [](const auto&) { return std::optional<std::string>{"no memory"}; };
  net.activate();
  EXPECT_TRUE(contains(record(net.west_host, CatalogueId::stack_refused), "no memory"));
  EXPECT_EQ(net.east_host.ike().size(), 1u);
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_TRUE(net.west_host.children().empty());
}

TEST(Refusal, OfTheInitiatorsStackIsToldToThePeerByADelete) {
  TwoEngines net;
  net.east_host.refuse_install = [](const auto&) { return std::optional<std::string>{"no memory"}; };
  net.activate();
  EXPECT_TRUE(net.west_host.installed.empty());
  EXPECT_TRUE(net.west_host.children().empty());
  EXPECT_EQ(net.west_host.ike().size(), 1u);
}

TEST(Refusal, OfAStackThatDoesNotAnswerComesInTime) {
  TwoEngines net;
  net.west_host.stack_answers = false;
  net.activate();
  net.pass(Seconds{11});
  EXPECT_EQ(net.east_host.ike().size(), 1u);
  EXPECT_TRUE(net.west_host.installed.empty()) << net.west_host.told();
}

// Shows RFC 7296 2.1-3, 2.1-6, 2.1-7, 2.2-1.
TEST(NoAnswer, EndsTheNegotiationWithTheExchangeNamed) {
  TwoEngines net;
  net.east_host.feed(PolicyInstalled{make_policy(net.east_host.side)});
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  std::vector<ByteString> sent;
  for (int second = 0; second < 400; ++second) {
    for (Datagram& datagram : net.east_host.out) sent.push_back(datagram.octets);
    net.east_host.out.clear();
    net.east_host.pass_time_to(net.east_host.now + Seconds{1});
  }
  ASSERT_EQ(sent.size(), 7u) << "once, and IkeRetries times again";
  for (const ByteString& octets : sent) EXPECT_EQ(octets, sent.front());
  EXPECT_TRUE(contains(record(net.east_host, CatalogueId::retransmissions_exhausted), "IKE_SA_INIT"));
  EXPECT_TRUE(contains(record(net.east_host, CatalogueId::negotiation_failed), "no answer"));
  EXPECT_TRUE(net.east_host.ike().empty());
  EXPECT_TRUE(net.east_host.children().empty());
}

TEST(Deactivation, OfANegotiationUnderWayEndsItForThatReason) {
  Side a = east();
  a.auto_activate = true;
  TwoEngines net{a};
  net.east_host.feed(PolicyInstalled{make_policy(net.east_host.side)});
  net.east_host.feed(StackUp{net.east_host.stack()});
  ASSERT_EQ(net.east_host.ike().size(), 1u);
  net.east_host.feed(DeactivateIkeTunnel{net.east_host.stack(), std::nullopt});
  EXPECT_TRUE(contains(record(net.east_host, CatalogueId::negotiation_failed), "deactivated by command"));
  EXPECT_EQ(net.east_host.engine.next_deadline(), std::nullopt) << "what an operator ends does not begin again";
}

TEST(Activation, ThatCannotBeSaysWhy) {
  TwoEngines net;
  auto policy = *make_policy(net.east_host.side);
  net.east_host.feed(PolicyInstalled{std::make_shared<const policy::PolicySnapshot>(policy)});
  net.east_host.feed(ActivateRule{net.east_host.stack(), "no-such"});
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  policy.key_exchange.rules.clear();
  policy.stack = StackName{"other"};
  net.east_host.feed(PolicyInstalled{std::make_shared<const policy::PolicySnapshot>(policy)});
  net.east_host.feed(ActivateRule{policy.stack, "net-to-net"});
  policy.filter.filters.clear();
  net.east_host.feed(PolicyInstalled{std::make_shared<const policy::PolicySnapshot>(policy)});
  net.east_host.feed(ActivateRule{policy.stack, "net-to-net"});
  using enum OperatorAnswer::Status;
  std::vector<OperatorAnswer::Status> got;
  for (const OperatorAnswer& answer : net.east_host.answers) got.push_back(answer.status);
  EXPECT_EQ(got, (std::vector{not_found, started, already, no_key_exchange_rule, no_filter_rule}));
}

}  // namespace
}  // namespace adit::ike
