// Each kind of finding: a policy that has it, by one change to an example that has none.

#include <array>

#include "linted.h"

namespace adit::policy::lint {
namespace {

struct Case {
  const char* name;
  Replacements changes;  // of examples/two-hosts/east.policy
  std::vector<std::string> want;
};

const Case cases[] = {
    {"the example itself", {}, {}},
    {"no rule for IKE",
     {{"IpServiceGroupRef      IKE", "IpServiceRef tcp"},
      {"IpServiceGroup             IKE\n{", "IpService tcp\n{\nProtocol Tcp\n}\nIpServiceGroup old\n{"}},
     {"ike-not-permitted 29", "unused-statement 151"}},
    {"IKE permitted on the 30th of February",
     {{"IpGenericFilterActionRef permit",
       "IpTimeCondition\n{\nMonthOfYearMask 010000000000\nDayOfMonthMask 0000000000000000000000000000010\n}\n"
       "IpGenericFilterActionRef permit"}},
     {"never-in-force 10", "ike-not-permitted 34"}},
    {"IKE permitted by day alone",
     {{"IpGenericFilterActionRef permit",
       "IpTimeCondition\n{\nTimeOfDayRange 07:00-19:00\n}\nIpGenericFilterActionRef permit"}},
     {"ike-not-permitted 33"}},
    {"IKE permitted by day, for a tunnel of an hour of it",
     {{"IpGenericFilterActionRef permit",
       "IpTimeCondition\n{\nTimeOfDayRange 07:00-19:00\n}\nIpGenericFilterActionRef permit"},
      {"IpDynVpnActionRef ", "IpTimeCondition\n{\nTimeOfDayRange 12:00-13:00\n}\nIpDynVpnActionRef "}},
     {}},
    {"a tunnel to activate that an earlier rule takes by night",
     {{"  IpFilterRule             nets",
       "IpFilterRule night\n{\nIpSourceAddr 10.1.0.0/16\nIpDestAddr 10.2.0.0/16\nIpService\n{\nRouting "
       "Either\n}\nIpTimeCondition\n{\nTimeOfDayRange 19:00-07:00\n}\nIpGenericFilterAction block\n{\nIpFilterAction "
       "Deny\n}\n}\n  IpFilterRule             nets"}},
     {"shadowed-at-times 46 29"}},
    {"IKE denied",
     {{"IpGenericFilterActionRef permit", "IpGenericFilterActionRef deny"},
      {"IpGenericFilterAction      permit\n",
       "IpGenericFilterAction deny\n{\nIpFilterAction Deny\n}\nIpGenericFilterAction      permit\n"}},
     {"ike-not-permitted 29 10"}},
    {"NAT traversal, and its port not permitted",
     {{"AllowNat                 No", "AllowNat Yes"}, {"SourcePortRange        4500", "SourcePortRange 4501"}},
     {"ike-not-permitted 29"}},
    {"no NAT traversal, and its port not permitted", {{"SourcePortRange        4500", "SourcePortRange 4501"}}, {}},
    {"IKE not permitted between the ends of the KeyExchangeRule",
     {{"LocalSecurityEndpointRef  east\n      RemoteSecurityEndpointRef west\n", ""},
      {"Initiation               Either", "Initiation RemoteOnly"},
      {"SourcePortRange        500\n", "SourcePortRange 501\n"}},
     {"ike-not-permitted 56", "local-dyn-vpn-cannot-start 68 99"}},
    {"IKE permitted between the ends of the KeyExchangeRule",
     {{"LocalSecurityEndpointRef  east\n      RemoteSecurityEndpointRef west\n", ""},
      {"Initiation               Either", "Initiation RemoteOnly"}},
     {"local-dyn-vpn-cannot-start 68 99"}},
    {"IKE permitted with no host of the peers' net",
     {{"LocalSecurityEndpointRef  east\n      RemoteSecurityEndpointRef west\n", ""},
      {"Initiation               Either", "Initiation RemoteOnly"},
      {"Location                 198.51.100.2\n", "Location 203.0.113.0/24\n"}},
     {"ike-not-permitted 56", "local-dyn-vpn-cannot-start 68 99"}},
    {"IKE permitted with one host of the peers' net",
     {{"LocalSecurityEndpointRef  east\n      RemoteSecurityEndpointRef west\n", ""},
      {"Initiation               Either", "Initiation RemoteOnly"},
      {"Location                 198.51.100.2\n", "Location 198.51.100.0/24\n"}},
     {"local-dyn-vpn-cannot-start 68 99"}},
    {"IKE permitted with nobody, peers anywhere",
     {{"LocalSecurityEndpointRef  east\n      RemoteSecurityEndpointRef west\n", ""},
      {"Initiation               Either", "Initiation RemoteOnly"},
      {"Location                 198.51.100.2\n", ""},
      {"SourcePortRange        500\n", "SourcePortRange 501\n"}},
     {"ike-not-permitted 56", "local-dyn-vpn-cannot-start 68 98"}},
    {"no KeyExchangeRule for the ends",
     {{"RemoteSecurityEndpointRef west\n    KeyExchangeActionRef",
       "RemoteSecurityEndpointRef north\n    KeyExchangeActionRef"},
      {"RemoteSecurityEndpoint     west\n",
       "RemoteSecurityEndpoint north\n{\nIdentity IpAddr 198.51.100.3\nLocation "
       "198.51.100.3\n}\nRemoteSecurityEndpoint     west\n"}},
     {"tunnel-without-key-exchange 29", "ike-not-permitted 58"}},
    {"only this side may start, and does not",
     {{"Initiation               Either", "Initiation LocalOnly"},
      {"HowToInitiate            IKEv2\n  HowToAuthMe", "HowToInitiate DoNot\n  HowToAuthMe"}},
     {"tunnel-cannot-start 29 122"}},
    {"forwarded packets start, nobody knows with whom",
     {{"LocalSecurityEndpointRef  east\n      RemoteSecurityEndpointRef west\n", ""},
      {"Location                 198.51.100.2\n", ""}},
     {"tunnel-without-key-exchange 29", "tunnel-without-endpoint 29"}},
    {"a tunnel to activate that no rule covers",
     {{"LocalIp                10.1.0.0/24", "LocalIp 10.1.0.0/16"}},
     {"local-dyn-vpn-without-anchor 70"}},
    {"a tunnel to activate that the peer must start",
     {{"Initiation               Either", "Initiation RemoteOnly"}},
     {"local-dyn-vpn-cannot-start 70 101"}},
    {"a hash of IKEv1 in a rule of IKEv2",
     {{"PseudoRandomFunction   HMAC_SHA2_256", "PseudoRandomFunction   HMAC_SHA2_256\nHowToAuthMsgs SHA1"}},
     {"v1-setting-in-v2-rule 131 122", "ageing-algorithm 131"}},
    {"the same where IKEv1 is spoken of",
     {{"PseudoRandomFunction   HMAC_SHA2_256", "PseudoRandomFunction   HMAC_SHA2_256\nHowToAuthMsgs SHA1"},
      {"HowToAuthMe              PresharedKey", "HowToAuthMe PresharedKey\nHowToRespondIKEv1 Main"}},
     {"ageing-algorithm 132"}},
    {"MD5 as the hash of IKEv1",
     {{"PseudoRandomFunction   HMAC_SHA2_256", "PseudoRandomFunction   HMAC_SHA2_256\nHowToAuthMsgs MD5"},
      {"HowToAuthMe              PresharedKey", "HowToAuthMe PresharedKey\nHowToRespondIKEv1 Main"}},
     {"forbidden-algorithm 132"}},
    {"a mode of IKEv1 for tunnels of IKEv2",
     {{"IpDataOffer                             # first choice\n  {", "IpDataOffer\n{\nHowToEncap Tunnel"}},
     {"v1-setting-in-v2-rule 111 101"}},
    {"settings of IKEv2 where IKEv1 starts",
     {{"HowToInitiate            IKEv2\n  HowToAuthMe", "HowToInitiate Main\n  HowToAuthMe"}},
     {"ikev1 122", "v2-setting-in-v1-rule 125 122", "v2-setting-in-v1-rule 129 122", "v2-setting-in-v1-rule 130 122",
      "v2-setting-in-v1-rule 138 122", "v2-setting-in-v1-rule 139 122"}},
    {"no offer that IKEv1 has",
     {{"HowToInitiate            IKEv2\n  HowToAuthMe              PresharedKey", "HowToInitiate Main"},
      {"HowToVerifyMsgs        None\n    PseudoRandomFunction   HMAC_SHA2_256\n", ""},
      {"AES_CBC KeyLength 256\n    HowToVerifyMsgs        HMAC_SHA2_256_128\n    PseudoRandomFunction   "
       "HMAC_SHA2_256\n",
       "CHACHA20_POLY1305\n"}},
     {"offers-unusable-by-v1 122", "ikev1 122"}},
    {"DES for IKE",
     {{"HowToEncrypt           AES_CBC KeyLength 256\n    HowToVerifyMsgs", "HowToEncrypt DES\n    HowToVerifyMsgs"}},
     {"forbidden-algorithm 137"}},
    {"3DES and MD5 for traffic",
     {{"AES_CBC KeyLength 256\n    HowToAuth              ESP HMAC_SHA2_256_128", "3DES\nHowToAuth ESP HMAC_MD5"}},
     {"weak-algorithm 117", "forbidden-algorithm 118"}},
    {"the default hash of an offer",
     {{"    HowToAuth              ESP HMAC_SHA2_256_128\n", ""}},
     {"ageing-algorithm 115"}},
    {"small groups",
     {{"DHGroup                Group19", "DHGroup Group2"},
      {"AcceptablePfs            Group19", "AcceptablePfs Group1"}},
     {"forbidden-algorithm 107", "weak-algorithm 141"}},
    {"old hashes of IKEv2",
     {{"HowToVerifyMsgs        HMAC_SHA2_256_128\n    PseudoRandomFunction   HMAC_SHA2_256",
       "HowToVerifyMsgs HMAC_MD5_96\nPseudoRandomFunction HMAC_SHA1"}},
     {"forbidden-algorithm 138", "ageing-algorithm 139"}},
    {"Aggressive mode with a key",
     {{"HowToAuthMe              PresharedKey", "HowToAuthMe PresharedKey\nHowToRespondIKEv1 Either"}},
     {"aggressive-shared-key 126 58"}},
    {"Main mode with a key",
     {{"HowToAuthMe              PresharedKey", "HowToAuthMe PresharedKey\nHowToRespondIKEv1 Main"}},
     {}},
    {"proposed what is not accepted",
     {{"HowToAuthMe              PresharedKey", "HowToAuthMe PresharedKey\nHowToRespondIKEv1 Main"},
      {"RefreshLifetimeProposed 480", "RefreshLifetimeProposed 480\nRefreshLifetimeAccepted 60 240"}},
     {"refresh-outside-accepted 134 135"}},
    {"VpnLife as short as an SA",
     {{"VpnLife                  1440", "VpnLife 240"}},
     {"refresh-after-vpn-life 104 109", "refresh-after-vpn-life 104 115"}},
    {"minutes of life", {{"RefreshLifetimeProposed 240", "RefreshLifetimeProposed 4"}}, {"refresh-too-often 113"}},
    {"five minutes of life", {{"RefreshLifetimeProposed 240", "RefreshLifetimeProposed 5"}}, {}},
    {"few octets of life",
     {{"RefreshLifetimeProposed 240", "RefreshLifesizeProposed 99999"}},
     {"refresh-too-often 113"}},
    {"octets of life", {{"RefreshLifetimeProposed 240", "RefreshLifesizeProposed 100000"}}, {}},
    {"authenticated before rekeyed",
     {{"HowToAuthMe              PresharedKey", "HowToAuthMe PresharedKey\nReauthInterval 479"}},
     {"reauth-before-refresh 126 127", "reauth-before-refresh 126 136"}},
    {"a group that this side refuses",
     {{"InitiateWithPfs          Group31", "InitiateWithPfs Group20"}},
     {"pfs-not-acceptable 105 107"}},
    {"no group by default, where one is demanded",
     {{"  InitiateWithPfs          Group31\n", ""}},
     {"pfs-not-acceptable 101 106"}},
    {"a small group by the older attribute",
     {{"InitiateWithPfs          Group31\n  AcceptablePfs            Group31\n  AcceptablePfs            Group19\n",
       "Pfs Group2\n"}},
     {"weak-algorithm 105"}},
    {"a small group, not the last of its attribute",
     {{"AcceptablePfs            Group31\n  AcceptablePfs            Group19",
       "AcceptablePfs Group2\n  AcceptablePfs Group31"}},
     {"weak-algorithm 106"}},
    {"a group by the older attribute that this side refuses",
     {{"InitiateWithPfs          Group31\n", "Pfs Group20\n"}},
     {"pfs-not-acceptable 105 107"}},
    {"an offer twice",
     {{"HowToEncrypt           AES_CBC KeyLength 256\n    HowToAuth              ESP HMAC_SHA2_256_128",
       "HowToEncrypt AES_GCM_16 KeyLength 256\nHowToAuth ESP Null"}},
     {"duplicate-offer 115 109"}},
    {"a statement that nothing names",
     {{"IpGenericFilterAction      permit\n",
       "IpAddr nobody\n{\nAddr 10.0.0.1\n}\nIpGenericFilterAction      permit\n"}},
     {"unused-statement 92"}},
};

TEST(Findings, EachKind) {
  const std::string example = text_of("../examples/two-hosts/east.policy");
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(found_in(changed(example, one.changes)), one.want);
  }
}

std::vector<const Remark*> of_kind(const std::vector<Remark>& remarks, Kind kind) {
  std::vector<const Remark*> found;
  for (const Remark& remark : remarks) {
    if (remark.kind == kind) found.push_back(&remark);
  }
  return found;
}

TEST(Findings, TellOfADefaultThatAnswersAggressiveModeWithAKeyOnceForARule) {
  const struct {
    const char* name;
    Replacements changes;
    std::size_t want;
  } rows[] = {
      {"nothing said", {}, 1},
      {"two rules of one action",
       {{"  KeyExchangeRule          west\n",
         "KeyExchangeRule other\n{\nLocalSecurityEndpointRef east\nRemoteSecurityEndpoint\n{\nIdentity Fqdn "
         "other\nLocation 203.0.113.9\n}\nKeyExchangeActionRef psk\nSharedKey Ascii a-key-that-is-long-enough\n}\n"
         "  KeyExchangeRule          west\n"}},
       2},
      {"Main alone",
       {{"HowToAuthMe              PresharedKey", "HowToAuthMe PresharedKey\nHowToRespondIKEv1 Main"}},
       0},
      {"said, and told of as such",
       {{"HowToAuthMe              PresharedKey", "HowToAuthMe PresharedKey\nHowToRespondIKEv1 Either"}},
       0},
      {"no offer that IKEv1 has",
       {{"AES_CBC KeyLength 256\n    HowToVerifyMsgs        HMAC_SHA2_256_128", "AES_GCM_16 KeyLength 128"}},
       0},
  };
  for (const auto& [name, changes, want] : rows) {
    SCOPED_TRACE(name);
    const SourceFile source{.name = "f", .text = changed(text_of("../examples/two-hosts/east.policy"), changes)};
    const Document document{StackName{"east"}, nullptr, &source};
    EXPECT_NE(document.policy(), nullptr) << render(document.diagnostics(), std::vector{source});
    EXPECT_EQ(of_kind(lint(document), Kind::aggressive_by_default).size(), want);
  }
}

/// One forwarding rule for each line: `10.1.0.0/16 10.2.0.0/16 Bidirectional permit`.
std::string forwarding(const std::vector<std::array<const char*, 4>>& rules) {
  std::string text = "IpFilterPolicy\n{\n";
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto& [source, destination, direction, action] = rules[i];
    text += fmt::format(
        "IpFilterRule r{}\n{{\nIpSourceAddrSet {}\nIpDestAddrSet {}\nIpService\n{{\nDirection {}\nRouting "
        "Routed\n}}\nIpGenericFilterActionRef {}\n{}}}\n",
        i, source, destination, direction, action,
        std::string_view{action} == "protect" ? "IpDynVpnActionRef tunnel\n" : "");
  }
  return text +
         "}\nIpGenericFilterAction permit\n{\nIpFilterAction Permit\n}\nIpGenericFilterAction protect\n{\n"
         "IpFilterAction IpSec\n}\nIpGenericFilterAction deny\n{\nIpFilterAction Deny\n}\nIpDynVpnAction "
         "tunnel\n{\nInitiation RemoteOnly\nIpDataOffer\n{\n}\n}\n";
}

// A forwarded packet is searched for as an inbound and as an outbound one, with the same addresses.
TEST(Findings, TellOfForwardingThatIsPermittedInOneOfTwoPasses) {
  constexpr const char* a = "10.1.0.0/16";
  constexpr const char* b = "10.2.0.0/16";
  constexpr const char* all = "0.0.0.0/0";
  constexpr const char* both = "Bidirectional";
  const struct {
    const char* name;
    std::vector<std::array<const char*, 4>> rules;
    std::vector<std::string> want;
  } rows[] = {
      {"out from a to b, in from b to a", {{a, b, both, "permit"}}, {"r0"}},
      {"and the same exchanged", {{a, b, both, "permit"}, {b, a, both, "permit"}}, {}},
      {"a part exchanged", {{a, b, both, "permit"}, {b, "10.1.1.0/24", both, "permit"}}, {}},
      {"other nets exchanged", {{a, b, both, "permit"}, {b, "10.3.0.0/24", both, "permit"}}, {"r0", "r1"}},
      {"between all", {{all, all, both, "permit"}}, {}},
      {"both passes of one way", {{a, b, "Inbound", "permit"}, {a, b, "Outbound", "permit"}}, {}},
      {"one pass of one way", {{a, b, "Inbound", "permit"}}, {"r0"}},
      {"in clear from a, to b by a tunnel", {{a, b, "Inbound", "permit"}, {a, b, both, "protect"}}, {}},
      {"the other pass denied", {{a, b, "Inbound", "permit"}, {a, b, "Outbound", "deny"}}, {"r0"}},
      {"the other pass of another family",
       {{a, b, "Inbound", "permit"}, {"::/0", "::/0", "Outbound", "permit"}},
       {"r0", "r1"}},
  };
  for (const auto& [name, rules, want] : rows) {
    SCOPED_TRACE(name);
    const SourceFile source{.name = "f", .text = forwarding(rules)};
    const Document document{StackName{"east"}, nullptr, &source};
    ASSERT_NE(document.policy(), nullptr) << render(document.diagnostics(), std::vector{source});
    const std::vector<Remark> remarks = lint(document);
    std::vector<std::string> got;
    for (const Remark* remark : of_kind(remarks, Kind::forwarding_half_permitted)) {
      got.push_back(remark->problem.substr(13, 2));  // after "IpFilterRule "
    }
    EXPECT_EQ(got, want);
  }
}

// Compat V1R12 has MD5 where HowToAuthMsgs is absent, and begins with IKEv1.
TEST(Findings, TellOfTheHashThatCompatHas) {
  const SourceFile source{
      .name = "f",
      .text = changed(text_of("vectors/policy/base.policy"), {{"IpFilterPolicy\n", "Compat V1R12\nIpFilterPolicy\n"}})};
  const Document document{StackName{"east"}, nullptr, &source};
  ASSERT_NE(document.policy(), nullptr) << render(document.diagnostics(), std::vector{source});
  const std::vector<Remark> remarks = lint(document);
  const auto forbidden = of_kind(remarks, Kind::forbidden_algorithm);
  EXPECT_TRUE(std::ranges::any_of(forbidden, [](const Remark* remark) {
    return remark->problem.starts_with("the hash MD5, the default, in KeyExchangeOffer");
  }));
}

// Ids are stable and written in scripts: lower case, parts joined by hyphens, each once.
TEST(Findings, HaveIdsOfTheirOwn) {
  std::vector<std::string_view> ids;
  for (const KindRow& row : kind_table()) {
    EXPECT_EQ(&row_of(row.kind), &row);
    EXPECT_EQ(row.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string_view::npos) << row.id;
    EXPECT_EQ(std::ranges::find(ids, row.id), ids.end()) << row.id;
    ids.push_back(row.id);
  }
}

TEST(Findings, AreNoneOfAPolicyThatDoesNotLoad) {
  const SourceFile source{.name = "test.policy", .text = "IpFilterPolicy\n{\n}\n"};
  const Document document{StackName{"east"}, nullptr, &source};
  ASSERT_EQ(document.policy(), nullptr);
  EXPECT_TRUE(lint(document).empty());
}

}  // namespace
}  // namespace adit::policy::lint
