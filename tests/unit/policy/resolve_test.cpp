// What a policy means once its references are followed and its defaults filled in.

#include <fmt/format.h>

#include <map>

#include "policy/match.h"
#include "sources.h"

namespace adit::policy {
namespace {

PolicyPointer policy_of(const std::string& path) {
  const SourceFile source = read_source(path);
  const ParseResult result = parsed(source);
  EXPECT_NE(result.policy, nullptr) << told(result, source);
  return result.policy;
}

std::string shown(const Filter& filter) {
  const auto port = [](const PortRange& ports) {
    return ports.is_all()
               ? std::string{"*"}
               : fmt::format("{}{}", ports.first, ports.first == ports.last ? "" : fmt::format("-{}", ports.last));
  };
  const char* const actions[] = {"permit", "deny", "ipsec"};
  return fmt::format("{} {} {} {}[{}] -> {}[{}] {} {}", filter.rule, filter.extension,
                     filter.direction == Direction::outbound ? "out" : "in", filter.source.to_string(),
                     port(filter.service.source_ports), filter.destination.to_string(),
                     port(filter.service.destination_ports), protocol_name(filter.service.protocol),
                     actions[static_cast<int>(filter.action)]);
}

TEST(HostToHost, GivesTheFiltersOfItsRulesInOrder) {
  const auto policy = policy_of("vectors/policy/host-to-host.policy");
  const char* const want[] = {
      "IKE-HostB 1 out 10.1.1.1[500] -> 10.1.1.2[500] udp permit",
      "IKE-HostB 2 in 10.1.1.2[500] -> 10.1.1.1[500] udp permit",
      "IKE-HostB 3 out 10.1.1.1[4500] -> 10.1.1.2[4500] udp permit",
      "IKE-HostB 4 in 10.1.1.2[4500] -> 10.1.1.1[4500] udp permit",
      "Admin-SSH 1 out 10.1.1.1[22] -> 10.9.0.0/24[1024-65535] tcp permit",
      "Admin-SSH 2 in 10.9.0.0/24[1024-65535] -> 10.1.1.1[22] tcp permit",
      "HostB-protected 1 out 10.1.1.1[*] -> 10.1.1.2[*] all ipsec",
      "HostB-protected 2 in 10.1.1.2[*] -> 10.1.1.1[*] all ipsec",
  };
  ASSERT_EQ(policy->filter.filters.size(), std::size(want));
  for (std::size_t i = 0; i < std::size(want); ++i) EXPECT_EQ(shown(policy->filter.filters[i]), want[i]);
  EXPECT_EQ(policy->filter.filters[4].connect, ConnectQualifier::inbound);
}

TEST(HostToHost, ResolvesItsActions) {
  const auto policy = policy_of("vectors/policy/host-to-host.policy");
  const Filter& anchor = policy->filter.filters[6];
  ASSERT_NE(anchor.vpn, nullptr);
  EXPECT_EQ(anchor.logging, FilterLogging::deny);
  EXPECT_EQ(anchor.vpn->initiate_with_pfs, GroupId::modp_2048);
  EXPECT_EQ(anchor.vpn->acceptable_pfs, (std::vector{GroupId::modp_2048, GroupId::ecp_256}));
  EXPECT_EQ(anchor.vpn->how_to_encap_ikev2, EncapsulationChoice::transport);
  ASSERT_EQ(anchor.vpn->offers.size(), 2u);
  EXPECT_EQ(anchor.vpn->offers[0].name, "offer 1");
  EXPECT_EQ(anchor.vpn->offers[0].encryption, EncryptionId::aes_gcm_16);
  EXPECT_EQ(anchor.vpn->offers[0].key_bits, 128u);
  EXPECT_EQ(anchor.vpn->offers[0].integrity, IntegrityId::none);
  EXPECT_EQ(anchor.vpn->offers[1].integrity, IntegrityId::hmac_sha2_256_128);
  EXPECT_TRUE(anchor.local_start->allow_on_demand);

  ASSERT_EQ(policy->key_exchange.rules.size(), 1u);
  const KeyExchangeRule& rule = policy->key_exchange.rules[0];
  EXPECT_EQ(rule.local_identity.to_string(), "10.1.1.1");
  EXPECT_EQ(as_text(rule.shared_key.reveal()), "7Vt-please-replace-this-value-q2");
  EXPECT_EQ(rule.action->how_to_initiate, HowToInitiate::ikev2);
  EXPECT_EQ(rule.action->reauth_interval, Minutes{1440});
  EXPECT_FALSE(rule.action->allow_nat);
  ASSERT_EQ(rule.action->offers.size(), 1u);
  EXPECT_EQ(rule.action->offers[0].prf, PrfId::hmac_sha2_256);
  EXPECT_EQ(rule.action->offers[0].auth_peers, HowToAuthPeers::preshared_key);
  const LocalDynVpnRule* tunnel = policy->find_local_dyn_vpn("HostB-all");
  ASSERT_NE(tunnel, nullptr);
  EXPECT_TRUE(tunnel->auto_activate);
  EXPECT_EQ(policy->find_local_dyn_vpn("hostb-all"), nullptr);
}

TEST(GatewayToGateway, GivesTheFiltersOfItsRulesInOrder) {
  const auto policy = policy_of("vectors/policy/gateway-to-gateway.policy");
  std::map<std::string, std::size_t> count;
  for (const Filter& filter : policy->filter.filters) ++count[filter.rule];
  // Three peers, two services, two directions; a group of two nets in two directions.
  EXPECT_EQ(count, (std::map<std::string, std::size_t>{
                       {"IKE-all", 12}, {"Net-A", 2}, {"Net-A-tunnel", 2}, {"Net-B-tunnel", 4}, {"Branches", 2}}));
  EXPECT_EQ(shown(policy->filter.filters[0]), "IKE-all 1 out 192.0.2.1[500] -> 198.51.100.1[*] udp permit");
  EXPECT_EQ(shown(policy->filter.filters[11]), "IKE-all 12 in 203.0.113.128/25[*] -> 192.0.2.1[4500] udp permit");
  EXPECT_EQ(shown(policy->filter.filters[18]), "Net-B-tunnel 3 out 10.1.0.0/16[*] -> 10.4.0.0/16[*] all ipsec");
  EXPECT_EQ(policy->filter.filters[18].group, "VPN");
  EXPECT_EQ(policy->filter.filters[18].routing, Routing::routed);
  EXPECT_EQ(policy->filter.filters[14].local_start->remote_endpoint, IpAddress::parse("198.51.100.1"));
  EXPECT_FALSE(policy->filter.filters[20].local_start->remote_endpoint);
  EXPECT_EQ(policy->filter.implicit_discard, DiscardAction::icmp);
}

// Shows RFC 7296 3.3.4-3.
TEST(GatewayToGateway, ResolvesItsKeyExchangeRules) {
  const auto policy = policy_of("vectors/policy/gateway-to-gateway.policy");
  const auto& rules = policy->key_exchange.rules;
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_EQ(rules[0].ca_labels, (std::vector<std::string>{"Partner Root CA", "Partner EC CA"}));
  EXPECT_EQ(rules[0].action->how_to_auth_me, HowToAuthMe::ecdsa_384);
  EXPECT_EQ(rules[0].action->revocation, Revocation::strict);
  EXPECT_EQ(rules[0].action->url_preference, UrlPreference::allow);
  EXPECT_TRUE(rules[0].action->allow_nat);  // of the policy
  EXPECT_EQ(rules[1].local_identity.to_string(), "CN=gw1,OU=Network,O=Example Corp,C=US");
  EXPECT_EQ(rules[1].action->url_preference, UrlPreference::tolerate);
  EXPECT_FALSE(rules[2].remote_identity.exact);
  EXPECT_EQ(rules[2].action->offers.size(), 2u);
  EXPECT_EQ(rules[2].action->offers[0].name, "v2-aes");
  EXPECT_EQ(rules[2].action->how_to_initiate, HowToInitiate::do_not);
}

constexpr const char* minimal = R"(IpFilterPolicy
{
  IpFilterRule r
  {
    IpService
    {
    }
    IpGenericFilterAction a
    {
      IpFilterAction Permit
    }
  }
}
)";

TEST(Defaults, AreThoseOfTheTable) {
  const ParseResult result = parsed(minimal);
  ASSERT_NE(result.policy, nullptr);
  const FilterPolicy& filter = result.policy->filter;
  EXPECT_FALSE(filter.pre_decap);
  EXPECT_TRUE(filter.logging);
  EXPECT_FALSE(filter.allow_on_demand);
  EXPECT_EQ(filter.implicit_discard, DiscardAction::silent);
  // All addresses, of both families, IPv4 first.
  ASSERT_EQ(filter.filters.size(), 4u);
  EXPECT_EQ(shown(filter.filters[0]), "r 1 out 0.0.0.0/0[*] -> 0.0.0.0/0[*] all permit");
  EXPECT_EQ(shown(filter.filters[3]), "r 4 in ::/0[*] -> ::/0[*] all permit");
  EXPECT_EQ(filter.filters[0].routing, Routing::local);
  EXPECT_EQ(result.policy->key_exchange.nat_keep_alive, Seconds{20});
}

TEST(Defaults, OfTunnelsAndKeyExchange) {
  const auto policy = policy_of("vectors/policy/base.policy");
  const DynVpnAction& vpn = *policy->filter.filters[0].vpn;
  EXPECT_EQ(vpn.initiation, Initiation::either);
  EXPECT_EQ(vpn.vpn_life, Minutes{1440});
  EXPECT_EQ(vpn.initiate_with_pfs, GroupId::none);
  EXPECT_EQ(vpn.acceptable_pfs, std::vector{GroupId::none});
  EXPECT_EQ(vpn.how_to_encap_ikev2, EncapsulationChoice::either);
  EXPECT_EQ(vpn.df, DfSetting::copy);
  EXPECT_EQ(vpn.offers[0].lifetime, Minutes{240});
  EXPECT_EQ(vpn.offers[0].lifesize_kbytes, std::nullopt);
  const KeyExchangeAction& action = *policy->key_exchange.rules[0].action;
  EXPECT_EQ(action.how_to_initiate, HowToInitiate::ikev2);
  EXPECT_EQ(action.liveness_interval, Seconds{30});
  EXPECT_EQ(action.revocation, Revocation::loose);
  EXPECT_EQ(action.offers[0].encryption, EncryptionId::aes_cbc);
  EXPECT_EQ(action.offers[0].key_bits, 128u);
  EXPECT_EQ(action.offers[0].integrity, IntegrityId::hmac_sha2_256_128);
  EXPECT_EQ(action.offers[0].group, GroupId::modp_2048);
  EXPECT_EQ(action.offers[0].lifetime, Minutes{480});
}

TEST(TwoFiles, TheStacksOwnStatementsReplaceTheCommonOnes) {
  const SourceFile common{"common", std::string{minimal} + "IpAddr a\n{\nAddr 10.0.0.1\n}\n"};
  const SourceFile own{"own", R"(IpFilterPolicy
{
  IpFilterRuleRef other
}
IpFilterRule other
{
  IpSourceAddrRef a
  IpDestAddrRef b
  IpServiceRef s
  IpGenericFilterActionRef deny
}
IpService s
{
}
IpGenericFilterAction deny
{
  IpFilterAction Deny
}
IpAddr b
{
  Addr 10.0.0.2
}
)"};
  const ParseResult both = parse_policy(StackName{"s"}, &common, &own);
  ASSERT_NE(both.policy, nullptr) << render(both.diagnostics, std::vector{common, own});
  ASSERT_EQ(both.policy->filter.filters.size(), 2u);
  EXPECT_EQ(shown(both.policy->filter.filters[0]), "other 1 out 10.0.0.1[*] -> 10.0.0.2[*] all deny");
  EXPECT_EQ(parse_policy(StackName{"s"}, nullptr, &own).policy, nullptr);  // IpAddr a is of the common file
  EXPECT_NE(parse_policy(StackName{"s"}, &common, nullptr).policy, nullptr);
}

TEST(Rules, OfGreatGroupsAreRefusedBeforeTheyFillTheMemory) {
  std::string members;
  for (int i = 0; i < 800; ++i) members += fmt::format("IpAddr\n{{\nAddr 10.0.{}.{}\n}}\n", i / 256, i % 256);
  std::string text = minimal;
  text.replace(text.find("    IpService\n"), 0, "IpSourceAddrGroupRef g\nIpDestAddrGroupRef g\n");
  const ParseResult result = parsed(text + "IpAddrGroup g\n{\n" + members + "}\n");
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(result.diagnostics[0].problem, "more than 1000000 filters");
}

TEST(Rules, ReachedTwiceAreInstalledOnce) {
  std::string text = minimal;
  text.replace(text.find("  IpFilterRule r"), 0, "  IpFilterRuleRef x\n  IpFilterGroupRef g\n");
  text += R"(IpFilterGroup g
{
  IpFilterRuleRef x
}
IpFilterRule x
{
  IpSourceAddr 10.0.0.1
  IpService
  {
    Direction Outbound
  }
  IpGenericFilterAction d
  {
    IpFilterAction Deny
  }
}
)";
  const ParseResult result = parsed(text);
  ASSERT_NE(result.policy, nullptr);
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(result.diagnostics[0].problem, "x is in the policy already, by line 3: its first place counts");
  EXPECT_EQ(result.policy->filter.filters.size(), 5u);
  EXPECT_EQ(shown(result.policy->filter.filters[0]), "x 1 out 10.0.0.1[*] -> 0.0.0.0/0[*] all deny");
}

TEST(Rules, OfOneNameAreToldSinceCommandsTakeNames) {
  std::string text = "IpFilterPolicy\n{\n";
  for (const char* port : {"22", "80"}) {
    text += fmt::format(
        "IpFilterRule x\n{{\nIpService\n{{\nProtocol Tcp\nDestinationPortRange {}\n}}\nIpGenericFilterAction p\n{{\n"
        "IpFilterAction Permit\n}}\n}}\n",
        port);
  }
  const SourceFile file{"test.policy", text + "}\n"};
  const ParseResult result = parsed(file);
  ASSERT_NE(result.policy, nullptr);
  EXPECT_EQ(result.policy->filter.filters.size(), 8u);
  EXPECT_TRUE(told(result, file)
                  .starts_with("test.policy:15:14: warning: the IpFilterRule of line 3 has this name, too: commands "
                               "and reports cannot tell them "
                               "apart: \"x\""))
      << told(result, file);
}

TEST(Services, HoldTypesAsSelectorsDo) {  // RFC 7296 §3.13.1
  const struct {
    const char* service;
    PortRange want;
  } cases[] = {
      {"Protocol Icmp\nType 8\nCode 0", PortRange::of(8 << 8)},
      {"Protocol Icmp\nType 3", {3 << 8, 3 << 8 | 255}},
      {"Protocol Icmpv6\nType 1\nCode 2 4", {1 << 8 | 2, 1 << 8 | 4}},
      {"Protocol Icmp\nType Any", PortRange::all()},
      {"Protocol MIPv6\nType 5", PortRange::of(5 << 8)},
      {"Protocol MIPv6\nType 5 6", {5 << 8, 6 << 8}},
      {"Protocol MIPv6\nType 0 255", PortRange::all()},
  };
  for (const auto& [service, want] : cases) {
    const SourceFile file{"test.policy", fmt::format("IpFilterPolicy\n{{\nIpFilterRule x\n{{\nIpService\n{{\n{}\n}}\n"
                                                     "IpGenericFilterAction p\n{{\nIpFilterAction Permit\n}}\n}}\n}}\n",
                                                     service)};
    const ParseResult result = parsed(file);
    ASSERT_NE(result.policy, nullptr) << told(result, file);
    EXPECT_EQ(result.policy->filter.filters.at(0).service.source_ports, want) << service;
    EXPECT_EQ(result.policy->filter.filters.at(0).service.destination_ports, want) << service;
  }
}

TEST(Rules, TenThousandParse) {
  std::string rules = "IpFilterPolicy\n{\n";
  for (int i = 0; i < 10'000; ++i) {
    rules += fmt::format(
        "IpFilterRule r{}\n{{\nIpSourceAddr 10.0.0.1\nIpDestAddr 10.{}.{}.1\nIpServiceRef s\n"
        "IpGenericFilterActionRef a\n}}\n",
        i, i / 256, i % 256);
  }
  rules += "}\nIpService s\n{\nProtocol Tcp\n}\nIpGenericFilterAction a\n{\nIpFilterAction Permit\n}\n";
  const ParseResult result = parsed(rules);
  ASSERT_NE(result.policy, nullptr);
  EXPECT_EQ(result.policy->filter.filters.size(), 20'000u);
}

TEST(Snapshots, AreEqualByValue) {
  const auto one = policy_of("vectors/policy/gateway-to-gateway.policy");
  const auto other = policy_of("vectors/policy/gateway-to-gateway.policy");
  EXPECT_EQ(*one, *other);
  EXPECT_NE(*one, *policy_of("vectors/policy/host-to-host.policy"));
}

TEST(Fips140, RefusesWhatItForbids) {
  const SourceFile base = read_source("vectors/policy/base.policy");
  const struct {
    const char* line;
    const char* instead;
    const char* word;
  } cases[] = {
      {"HowToEncrypt AES_GCM_16 KeyLength 256", "HowToEncrypt CHACHA20_POLY1305", "CHACHA20_POLY1305"},
      {"HowToAuth ESP Null", "HowToAuth ESP HMAC_MD5\nHowToEncrypt DoNot", "HMAC_MD5"},
      {"VpnLife 1440", "InitiateWithPfs Group1", "Group1"},
      {"HowToAuthPeers PresharedKey", "HowToAuthPeers PresharedKey\nDHGroup Group1", "Group1"},
      {"HowToAuthPeers PresharedKey", "HowToAuthPeers PresharedKey\nHowToEncrypt DES", "DES"},
      {"HowToAuthPeers PresharedKey", "HowToAuthPeers PresharedKey\nHowToAuthMsgs MD5", "MD5"},
      {"HowToAuthPeers PresharedKey", "HowToAuthPeers PresharedKey\nPseudoRandomFunction HMAC_MD5", "HMAC_MD5"},
      {"HowToAuthPeers PresharedKey", "HowToAuthPeers PresharedKey\nHowToVerifyMsgs AES128_XCBC_96", "AES128_XCBC_96"},
  };
  for (const auto& [line, instead, word] : cases) {
    SCOPED_TRACE(instead);
    SourceFile changed = base;
    changed.text.replace(changed.text.find(line), std::string_view{line}.size(), instead);
    EXPECT_NE(parsed(changed).policy, nullptr);
    changed.text.replace(changed.text.find("PreDecap Off"), 12, "FIPS140 Yes");
    const ParseResult result = parsed(changed);
    EXPECT_EQ(result.policy, nullptr);
    EXPECT_TRUE(told(result, changed).contains(fmt::format("not allowed with FIPS140 Yes: \"{}\"", word)))
        << told(result, changed);
  }
}

}  // namespace
}  // namespace adit::policy
