// The two files of an example, and one attribute changed in one of them: which step says so.

#include "policy/agreement/play.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "policy/report/outcomes.h"

namespace adit::policy::agreement {
namespace {

using Replacements = std::vector<std::pair<std::string, std::string>>;

std::string text_of(const std::string& path) {
  std::ifstream in{std::string{ADIT_TEST_DATA} + "/" + path, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_TRUE(in.good()) << path;
  return text.str();
}

std::string changed(std::string text, const Replacements& replacements) {
  for (const auto& [from, to] : replacements) {
    std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at != std::string::npos) text.replace(at, from.size(), to);
  }
  return text;
}

/// Two policies, for as long as their outcomes are looked at.
struct Pair {
  SourceFile ours, theirs;
  Document our_document{StackName{"east"}, nullptr, &ours};
  Document their_document{StackName{"west"}, nullptr, &theirs};
  std::vector<Outcome> outcomes;

  Pair(std::string our_text, std::string their_text)
      : ours{.name = "ours", .text = std::move(our_text)}, theirs{.name = "theirs", .text = std::move(their_text)} {
    EXPECT_NE(our_document.policy(), nullptr) << render(our_document.diagnostics(), std::vector{ours});
    EXPECT_NE(their_document.policy(), nullptr) << render(their_document.diagnostics(), std::vector{theirs});
    if (our_document.policy() == nullptr || their_document.policy() == nullptr) return;
    const Origins our_origins{our_document};
    const Origins their_origins{their_document};
    outcomes = play({*our_document.policy(), our_origins}, {*their_document.policy(), their_origins});
  }
};

/// `traffic: 10.1.0.0/24 here, 10.2.0.0/24 there`: the last step, after `agreed ` or `differs `.
std::string last_step(const Outcome& outcome) {
  if (outcome.steps.empty()) return "no steps";
  const Step& step = outcome.steps.back();
  return fmt::format("{} {}: {}", step.agreed ? "agreed" : "differs", step.what, step.result);
}

struct Case {
  const char* name;
  Replacements ours, theirs;  // of examples/two-hosts/east.policy and west.policy
  const char* want;           // last step of the rule's tunnel
};

const Case cases[] = {
    {"the example", {}, {}, "agreed PFS of rekeying: Group31 here, Group31 there"},
    {"no rule for our address",
     {},
     {{"LocalSecurityEndpointRef  west\n    RemoteSecurityEndpointRef east\n    KeyExchangeActionRef",
       "LocalSecurityEndpointRef  west\n    RemoteSecurityEndpoint\n{\nIdentity IpAddr 198.51.100.9\nLocation "
       "198.51.100.9\n}\n    KeyExchangeActionRef"}},
     "differs rules by address: no KeyExchangeRule there fits 198.51.100.1: east waits for 198.51.100.9 at "
     "198.51.100.2"},
    {"another identity",
     {},
     {{"LocalSecurityEndpointRef  west\n    RemoteSecurityEndpointRef east\n    KeyExchangeActionRef",
       "LocalSecurityEndpointRef  west\n    RemoteSecurityEndpoint\n{\nIdentity Fqdn east.example\nLocation "
       "198.51.100.1\n}\n    KeyExchangeActionRef"}},
     "differs rules by identity: no KeyExchangeRule there fits 198.51.100.1, identity 198.51.100.1: east waits for "
     "identity "
     "east.example"},
    {"one group of two",
     {},
     {{"DHGroup                Group31", "DHGroup Group20"}, {"DHGroup                Group19", "DHGroup Group21"}},
     "differs IKE proposal: DHGroup: Group31 here, Group20 there"},
    {"the peer's order decides",
     {},
     {{"DHGroup                Group31", "DHGroup Group20"}},
     "agreed PFS of rekeying: Group31 here, Group31 there"},
    {"another key",
     {},
     {{"replace-this-key-by-one-of-your-own-7Vtq2", "another-key-that-is-long-enough"}},
     "differs proof of the initiator: the pre-shared keys differ"},
    {"a signature for a key",
     {{"HowToAuthMe              PresharedKey", "HowToAuthMe DigitalSignature"}},
     {},
     "differs proof of the initiator: HowToAuthMe DigitalSignature of KeyExchangeAction psk, and HowToAuthPeers of psk "
     "wants "
     "PresharedKey"},
    {"other nets",
     {},
     {{"IpDestAddrSet          10.1.0.0/24", "IpDestAddrSet 10.3.0.0/24"}},
     "differs traffic: 10.1.0.0/24 here, 10.2.0.0/24 there: no IpFilterRule with IpDynVpnAction there takes it, or one "
     "without "
     "comes first"},
    {"the peer does not answer",
     {},
     {{"Initiation               Either", "Initiation LocalOnly"}},
     "differs traffic: IpDynVpnAction tunnel there has Initiation LocalOnly"},
    {"transport between nets",
     {},
     {{"HowToEncapIKEv2          Tunnel", "HowToEncapIKEv2 Transport"}},
     "differs mode: HowToEncapIKEv2: Tunnel here, Transport there; the traffic is not between the security endpoints "
     "alone"},
    {"other ciphers",
     {},
     {{"AES_GCM_16 KeyLength 256\n    HowToAuth ", "AES_GCM_16 KeyLength 128\n    HowToAuth "},
      {"AES_CBC KeyLength 256\n    HowToAuth ", "AES_CBC KeyLength 128\n    HowToAuth "}},
     "differs child proposal: cipher: AES_GCM_16-256 here, AES_GCM_16-128 there"},
    {"a group that is not granted",
     {},
     {{"AcceptablePfs            Group31", "AcceptablePfs Group14"},
      {"InitiateWithPfs          Group31", "InitiateWithPfs Group19"}},
     "differs PFS of rekeying: InitiateWithPfs Group31 of tunnel, here, is not among AcceptablePfs of tunnel"},
    {"neither side starts",
     {{"HowToInitiate            IKEv2\n  HowToAuthMe", "HowToInitiate DoNot\n  HowToAuthMe"}},
     {{"HowToInitiate            IKEv2\n  HowToAuthMe", "HowToInitiate DoNot\n  HowToAuthMe"}},
     "differs start: neither side starts: KeyExchangeAction psk here has HowToInitiate DoNot"},
    {"neither side starts, the other by its IpDynVpnAction",
     {{"HowToInitiate            IKEv2\n  HowToAuthMe", "HowToInitiate DoNot\n  HowToAuthMe"}},
     {{"Initiation               Either", "Initiation RemoteOnly"}},
     "differs start: neither side starts: KeyExchangeAction psk here has HowToInitiate DoNot"},
};

TEST(Play, NamesTheFirstThingThatDiffers) {
  const std::string east = text_of("../examples/two-hosts/east.policy");
  const std::string west = text_of("../examples/two-hosts/west.policy");
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    const Pair pair{changed(east, one.ours), changed(west, one.theirs)};
    ASSERT_EQ(pair.outcomes.size(), 2u);
    EXPECT_EQ(pair.outcomes[0].tunnel, "IpFilterRule nets");
    EXPECT_EQ(last_step(pair.outcomes[0]), one.want);
    EXPECT_EQ(pair.outcomes[1].tunnel, "LocalDynVpnRule net-to-net");
    EXPECT_EQ(pair.outcomes[0].comes_up(), std::string_view{one.want}.starts_with("agreed"));
  }
}

TEST(Play, NarrowsToWhatBothHave) {
  const std::string east = text_of("../examples/two-hosts/east.policy");
  const std::string west = changed(text_of("../examples/two-hosts/west.policy"),
                                   {{"IpDestAddrSet          10.1.0.0/24", "IpDestAddrSet 10.1.0.0/25"}});
  const Pair pair{east, west};
  ASSERT_FALSE(pair.outcomes.empty());
  EXPECT_TRUE(pair.outcomes[0].comes_up());
  const auto traffic = std::ranges::find(pair.outcomes[0].steps, "traffic", &Step::what);
  ASSERT_NE(traffic, pair.outcomes[0].steps.end());
  EXPECT_EQ(traffic->result, "10.1.0.0/25 here, 10.2.0.0/24 there, narrowed from 10.1.0.0/24 here, 10.2.0.0/24 there");
}

const Replacements to_v1 = {{"HowToInitiate            IKEv2\n  HowToAuthMe", "HowToInitiate Main\n  HowToAuthMe"}};

Replacements with(Replacements replacements, const Replacements& more) {
  replacements.insert(replacements.end(), more.begin(), more.end());
  return replacements;
}

const Replacements to_bundle = {{"AES_GCM_16 KeyLength 256\n    HowToAuth              ESP Null",
                                 "AES_CBC KeyLength 256\n    HowToAuth              AH HMAC_SHA2_256_128"},
                                {"AES_CBC KeyLength 256\n    HowToAuth              ESP HMAC_SHA2_256_128",
                                 "AES_CBC KeyLength 128\n    HowToAuth              AH HMAC_SHA2_256_128"}};

const Case v1_cases[] = {
    {"the example", to_v1, {}, "agreed PFS: Group31 here, Group31 there"},
    {"another hash",
     with(to_v1, {{"DHGroup                Group19", "HowToAuthMsgs SHA1\nDHGroup Group19"}}),
     {},
     "differs IKE proposal: hash: SHA1 here, SHA2_256 there"},
    {"Aggressive alone is answered",
     to_v1,
     {{"HowToAuthMe              PresharedKey", "HowToAuthMe PresharedKey\nHowToRespondIKEv1 Aggressive"}},
     "differs mode of phase 1: Main here, HowToRespondIKEv1 Aggressive there"},
    {"a lifetime that is not accepted",
     to_v1,
     {{"DHGroup                Group19", "RefreshLifetimeAccepted 60 120\nDHGroup Group19"}},
     "differs IKE proposal: lifetime: 480 minutes here, 60 to 120 accepted there"},
    {"another key",
     to_v1,
     {{"replace-this-key-by-one-of-your-own-7Vtq2", "another-key-that-is-long-enough"}},
     "differs proof of both: the pre-shared keys differ"},
    {"narrower traffic",
     to_v1,
     {{"IpDestAddrSet          10.1.0.0/24", "IpDestAddrSet 10.1.0.0/25"}},
     "differs traffic: asked for 10.1.0.0/24 here, 10.2.0.0/24 there; IpFilterRule nets there has 10.1.0.0/25 here, "
     "10.2.0.0/24 there, and IKEv1 cannot narrow"},
    {"another mode",
     to_v1,
     {{"RefreshLifetimeProposed 240\n  }\n  IpDataOffer\n  {",
       "HowToEncap Transport\n}\n  IpDataOffer\n  {\nHowToEncap Transport"}},
     "differs child proposal: no IpDataOffer there that fits this traffic"},
    {"AH around ESP at both ends", with(to_v1, to_bundle), to_bundle, "agreed PFS: Group31 here, Group31 there"},
    {"AH around ESP at one end",
     with(to_v1, to_bundle),
     {},
     "differs child proposal: protocol: AH and ESP here, ESP there"},
};

TEST(Play, Ikev1NamesTheFirstThingThatDiffers) {
  const std::string east = text_of("../examples/two-hosts/east.policy");
  const std::string west = text_of("../examples/two-hosts/west.policy");
  for (const Case& one : v1_cases) {
    SCOPED_TRACE(one.name);
    const Pair pair{changed(east, one.ours), changed(west, one.theirs)};
    ASSERT_FALSE(pair.outcomes.empty());
    EXPECT_EQ(pair.outcomes[0].version, "IKEv1 Main");
    EXPECT_EQ(last_step(pair.outcomes[0]), one.want);
  }
}

// IKEv2 has no word for AH around ESP: what remains is agreed on, and where nothing does, nothing.
TEST(Play, Ikev2PassesAhAroundEspOver) {
  const std::string east = text_of("../examples/two-hosts/east.policy");
  const std::string west = text_of("../examples/two-hosts/west.policy");
  const Replacements first{to_bundle.front()};
  const Pair rest{changed(east, first), changed(west, first)};
  ASSERT_FALSE(rest.outcomes.empty());
  EXPECT_EQ(last_step(rest.outcomes[0]), "agreed PFS of rekeying: Group31 here, Group31 there");
  const Pair none{changed(east, to_bundle), west};
  ASSERT_FALSE(none.outcomes.empty());
  EXPECT_EQ(last_step(none.outcomes[0]),
            "differs child proposal: no IpDataOffer here that fits this traffic; AH with encryption is IKEv1's alone");
}

// Rules in force at other times do not meet; those of a part of the day meet in it.
TEST(Play, LooksAtTheTimesAtWhichRulesAreInForce) {
  const std::string east = text_of("../examples/two-hosts/east.policy");
  const std::string west = text_of("../examples/two-hosts/west.policy");
  const auto at = [](const std::string& text, const char* times) {
    return changed(text, {{"IpDynVpnActionRef ", fmt::format("IpTimeCondition\n{{\nTimeOfDayRange {}\n}}\n"
                                                             "IpDynVpnActionRef ",
                                                             times)}});
  };
  const struct {
    const char* name;
    std::string ours, theirs;
    std::vector<std::string> want;  // of the rule: when, and whether it comes up
  } timed[] = {
      {"at the same time", at(east, "07:00-19:00"), at(west, "07:00-19:00"), {" up"}},
      {"here a part of there", at(east, "09:00-10:00"), at(west, "07:00-19:00"), {" up"}},
      {"by day and by night", at(east, "07:00-19:00"), at(west, "19:00-07:00"), {" down"}},
      {"an hour in common",
       at(east, "07:00-19:00"),
       at(west, "18:00-23:00"),
       {"Mon 2024-01-01 07:00 down", "Mon 2024-01-01 18:00 up"}},
      {"always here", east, at(west, "18:00-23:00"), {"Mon 2024-01-01 00:00 down", "Mon 2024-01-01 18:00 up"}},
  };
  for (const auto& [name, ours, theirs, want] : timed) {
    SCOPED_TRACE(name);
    std::vector<std::string> got;
    for (const Outcome& outcome : Pair{ours, theirs}.outcomes) {
      if (!outcome.tunnel.starts_with("IpFilterRule")) continue;
      got.push_back(outcome.when + (outcome.comes_up() ? " up" : " down"));
    }
    EXPECT_EQ(got, want);
  }
}

// As Initiation RemoteOnly: a gateway that only answers is no fault, while the other side starts.
TEST(Play, LeavesOutASideThatOnlyAnswersWhereTheOtherStarts) {
  const std::string east = text_of("../examples/two-hosts/east.policy");
  const std::string west = text_of("../examples/two-hosts/west.policy");
  for (const Replacements& answers :
       {Replacements{{"Initiation               Either", "Initiation RemoteOnly"}},
        Replacements{{"HowToInitiate            IKEv2\n  HowToAuthMe", "HowToInitiate DoNot\n  HowToAuthMe"}}}) {
    EXPECT_TRUE(Pair(changed(east, answers), west).outcomes.empty());
    const Pair started_there{west, changed(east, answers)};
    ASSERT_FALSE(started_there.outcomes.empty());
    for (const Outcome& outcome : started_there.outcomes) EXPECT_TRUE(outcome.comes_up()) << last_step(outcome);
  }
}

TEST(OutcomesReport, HasEachStepWithBothPlaces) {
  const Pair pair{text_of("../examples/two-hosts/east.policy"), text_of("../examples/two-hosts/west.policy")};
  const report::BothWays both{
      .ours = "ours", .theirs = "theirs", .started_by_us = pair.outcomes, .started_by_peer = {}};
  EXPECT_TRUE(both.all_come_up());
  const std::string text = report::outcomes_text(both);
  EXPECT_TRUE(text.starts_with(
      "IpFilterRule nets (ours:29), started by ours with IKEv2, 198.51.100.1 to 198.51.100.2: comes up\n"
      "  rules by address         west here, east there (ours:58, theirs:58)\n"))
      << text;
  EXPECT_TRUE(text.ends_with("2 of 2 tunnels come up\n")) << text;
  const auto json = nlohmann::json::parse(report::outcomes_json(both));
  ASSERT_EQ(json["tunnels"].size(), 2u);
  EXPECT_EQ(json["tunnels"][0]["comes_up"], true);
  EXPECT_EQ(json["tunnels"][0]["started_by"], "file");
  EXPECT_EQ(json["tunnels"][0]["steps"].size(), pair.outcomes[0].steps.size());
}

}  // namespace
}  // namespace adit::policy::agreement
