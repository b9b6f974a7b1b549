// Each kind of finding: a policy that has it, by one change to an example that has none.

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
    {"no KeyExchangeRule for the ends",
     {{"RemoteSecurityEndpointRef west\n    KeyExchangeActionRef",
       "RemoteSecurityEndpointRef north\n    KeyExchangeActionRef"},
      {"RemoteSecurityEndpoint     west\n",
       "RemoteSecurityEndpoint north\n{\nIdentity IpAddr 198.51.100.3\nLocation "
       "198.51.100.3\n}\nRemoteSecurityEndpoint     west\n"}},
     {"tunnel-without-key-exchange 29"}},
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
     {"v1-setting-in-v2-rule 131 122"}},
    {"the same where IKEv1 is spoken of",
     {{"PseudoRandomFunction   HMAC_SHA2_256", "PseudoRandomFunction   HMAC_SHA2_256\nHowToAuthMsgs SHA1"},
      {"HowToAuthMe              PresharedKey", "HowToAuthMe PresharedKey\nHowToRespondIKEv1 Main"}},
     {}},
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
