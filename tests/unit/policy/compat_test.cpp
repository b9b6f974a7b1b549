// `Compat`: the defaults of z/OS, and its words alone.

#include <fmt/format.h>

#include "sources.h"

namespace adit::policy {
namespace {

constexpr const char* policy_text = R"(IpFilterPolicy
{
  IpFilterRule r
  {
    IpSourceAddr 10.0.0.1
    IpDestAddr 10.0.0.2
    IpService
    {
    }
    IpGenericFilterActionRef ipsec
    IpDynVpnActionRef v
  }
}
IpGenericFilterAction ipsec
{
  IpFilterAction IpSec
}
IpDynVpnAction v
{
  IpDataOffer
  {
  }
}
KeyExchangePolicy
{
  KeyExchangeRule k
  {
    LocalSecurityEndpoint
    {
      Identity IpAddr 10.0.0.1
    }
    RemoteSecurityEndpoint
    {
      Identity IpAddr 10.0.0.2
    }
    KeyExchangeActionRef a
  }
}
KeyExchangeAction a
{
  KeyExchangeOffer
  {
  }
}
)";

std::string defaults_of(const PolicyPointer& policy) {
  const KeyExchangeAction& action = *policy->key_exchange.rules.front().action;
  const KeyExchangeOffer& ike = action.offers.front();
  const DataOffer& data = policy->filter.filters.front().vpn->offers.front();
  return fmt::format("{} {} {} {} {}; {} {}; {}", to_string(ike.encryption, ike.key_bits), to_string(ike.hash_v1),
                     to_string(ike.integrity), to_string(ike.prf), to_string(ike.group),
                     to_string(data.encryption, data.key_bits), to_string(data.integrity),
                     action.how_to_initiate == HowToInitiate::main ? "Main" : "IKEv2");
}

TEST(Compat, HasTheDefaultsOfItsRelease) {
  const std::string v1r12 = "DES PRF_HMAC_MD5 HMAC_SHA1_96 PRF_HMAC_SHA1 MODP_768; DES HMAC_MD5_96; Main";
  const std::string v2r2 =
      "AES_CBC-128 PRF_HMAC_SHA1 HMAC_SHA1_96 PRF_HMAC_SHA1 MODP_1024; AES_CBC-128 HMAC_SHA1_96; Main";
  const std::string ours =
      "AES_CBC-128 PRF_HMAC_SHA2_256 HMAC_SHA2_256_128 PRF_HMAC_SHA2_256 MODP_2048; AES_CBC-128 HMAC_SHA1_96; IKEv2";
  const struct {
    std::string line, want;
  } cases[] = {{"", ours},
               {"Compat None\n", ours},
               {"compat v1r12\n", v1r12},
               {"# comment\n\nCodepage IBM-1047\nCompat V2R1\n", v1r12},
               {"Compat V2R2 # as before\n", v2r2}};
  for (const auto& [line, want] : cases) {
    SCOPED_TRACE(line);
    const ParseResult result = parsed(line + policy_text);
    ASSERT_NE(result.policy, nullptr);
    EXPECT_EQ(defaults_of(result.policy), want);
  }
}

// A file of z/OS loads unchanged: the common file beside it may hold nothing but the line.
TEST(Compat, OfTheCommonFileHoldsForTheStacksOwnUnlessThatSaysOtherwise) {
  const SourceFile common{"common", "Compat V1R12\n"};
  const SourceFile own{"own", policy_text};
  const SourceFile other{"own", std::string{"Compat V2R2\n"} + policy_text};
  const auto first = [&](const SourceFile& file) {
    const ParseResult result = parse_policy(StackName{"east"}, &common, &file);
    return result.policy == nullptr ? "none" : defaults_of(result.policy).substr(0, 3);
  };
  EXPECT_EQ(first(own), "DES");
  EXPECT_EQ(first(other), "AES");
}

TEST(Compat, ListsNoWordThatItRefuses) {
  const auto expected_of = [](std::string compat, const std::string& line) {
    std::string text = policy_text;
    text.replace(text.find("  KeyExchangeOffer\n  {\n"), 23, "  KeyExchangeOffer\n  {\n" + line + "\n");
    const ParseResult result = parsed(compat + text);
    return result.diagnostics.empty() ? "nothing" : result.diagnostics.front().expected;
  };
  EXPECT_EQ(expected_of("Compat V2R2\n", "DHGroup Group3"),
            "Group1 | Group2 | Group5 | Group14 | Group19 | Group20 | Group21 | Group24");
  EXPECT_TRUE(expected_of("", "DHGroup Group3").contains("Group31"));
  EXPECT_EQ(expected_of("Compat V2R2\n", "HowToEncrypt Rot13"),
            "DES | 3DES | AES_CBC; KeyLength 128 | 256 after AES_CBC");
  EXPECT_EQ(expected_of("Compat V2R2\n", "HowToEncrypt AES_CBC KeyLength 192"), "128 | 256");
  EXPECT_EQ(expected_of("", "HowToEncrypt AES_CBC KeyLength 100"), "128 | 192 | 256");
  EXPECT_EQ(expected_of("", "HowToEncrypt 3DES KeyLength 192"),
            "KeyLength 128 | 192 | 256 after AES_CBC, AES_CTR, AES_GCM_8, AES_GCM_12, AES_GCM_16, AES_CCM_16");
}

TEST(Compat, PassesOverWhatZosPassesOver) {
  const SourceFile file{"f", std::string{"Compat V1R12\nNewStatement x\n{\nThing 1\n}\n"} + policy_text};
  const ParseResult result = parsed(file);
  EXPECT_NE(result.policy, nullptr);
  EXPECT_TRUE(told(result, file).starts_with("f:2:1: warning: unknown statement, passed over: \"NewStatement\""))
      << told(result, file);
}

TEST(Compat, PassesOverWhatStandsBehindAValue) {
  std::string text = policy_text;
  text.replace(text.find("  IpDataOffer\n  {\n"), 18,
               "  PassthroughDF Yes Clear\n  IpDataOffer\n  {\n    HowToEncrypt AES KeyLength 256\n");
  const SourceFile z_os{"f", "Compat V1R12\n" + text}, ours{"f", text};
  const ParseResult taken = parsed(z_os);
  ASSERT_NE(taken.policy, nullptr) << told(taken, z_os);
  const DynVpnAction& action = *taken.policy->filter.filters.front().vpn;
  EXPECT_EQ(action.df, DfSetting::copy);
  EXPECT_EQ(action.offers.front().key_bits, 128u) << "as AES is on z/OS";
  EXPECT_NE(told(taken, z_os).find("extra text ignored"), std::string::npos) << told(taken, z_os);
  EXPECT_EQ(parsed(ours).policy, nullptr);
}

}  // namespace
}  // namespace adit::policy
