// Manual tunnels: IpManVpnAction accepted and refused, and what it means.

#include <fmt/format.h>

#include "policy/in_force.h"
#include "policy/weak_des_key.h"
#include "sources.h"

namespace adit::policy {
namespace {

// A rule with the tunnel `m` from line 18 on: each attribute of it stands in a line of its own.
constexpr const char* tunnel_policy = R"(IpFilterPolicy
{
  IpFilterRule nets
  {
    IpSourceAddrSet 10.1.0.0/16
    IpDestAddrSet 10.2.0.0/16
    IpService
    {
      Protocol All
    }
    IpGenericFilterActionRef protect
    IpManVpnActionRef m
  }
}
IpGenericFilterAction protect
{
  IpFilterAction IpSec
}
IpManVpnAction m
{
LocalSecurityEndpointAddr 192.0.2.1
RemoteSecurityEndpointAddr 192.0.2.2
HowToEncrypt AES_CBC KeyLength 128
EncryptInboundKey 0x000102030405060708090a0b0c0d0e0f
EncryptOutboundKey 101112131415161718191a1b1c1d1e1f
HowToAuth ESP HMAC_SHA1
AuthInboundSpi 257
AuthInboundKey 2222222222222222222222222222222222222222
AuthOutboundSpi 0xffffffff
AuthOutboundKey 3333333333333333333333333333333333333333
}
)";

struct Change {
  const char* lines;    // "" nothing is changed
  const char* instead;  // takes their place
  const char* want;     // "" accepted without a word
};

constexpr const char* ciphers =
    "HowToEncrypt AES_CBC KeyLength 128\nEncryptInboundKey 0x000102030405060708090a0b0c0d0e0f\n"
    "EncryptOutboundKey 101112131415161718191a1b1c1d1e1f\n";

constexpr const char* ciphers_and_hash =
    "HowToEncrypt AES_CBC KeyLength 128\nEncryptInboundKey 0x000102030405060708090a0b0c0d0e0f\n"
    "EncryptOutboundKey 101112131415161718191a1b1c1d1e1f\nHowToAuth ESP HMAC_SHA1\n";

const Change changes[] = {
    {"", "", ""},
    // what the traffic and the ends are
    {"LocalSecurityEndpointAddr 192.0.2.1\n", "",
     "19:1: error: IpManVpnAction without LocalSecurityEndpointAddr: \"m\""},
    {"LocalSecurityEndpointAddr 192.0.2.1", "LocalSecurityEndpointAddr Any", ""},
    {"LocalSecurityEndpointAddr 192.0.2.1", "LocalSecurityEndpointAddr Any4", ""},
    {"LocalSecurityEndpointAddr 192.0.2.1", "LocalSecurityEndpointAddr 0.0.0.0", "21:1: error: unspecified address"},
    {"LocalSecurityEndpointAddr 192.0.2.1", "LocalSecurityEndpointAddr 2001:db8::1",
     "22:1: error: endpoints of two families"},
    {"LocalSecurityEndpointAddr 192.0.2.1", "LocalSecurityEndpointAddrRef nosuch",
     "21:30: error: no IpAddr of this name: \"nosuch\""},
    {"LocalSecurityEndpointAddr 192.0.2.1", "LocalSecurityEndpointAddr 192.0.2.1\nLocalSecurityEndpointAddrRef x",
     "22:1: error: LocalSecurityEndpointAddrRef beside LocalSecurityEndpointAddr of line 21: "
     "\"LocalSecurityEndpointAddrRef\"\n22:30: error: no IpAddr of this name: \"x\""},
    {"LocalSecurityEndpointAddr 192.0.2.1\nRemoteSecurityEndpointAddr 192.0.2.2",
     "LocalSecurityEndpointAddr 2001:db8::1\nRemoteSecurityEndpointAddr 2001:db8::2", ""},
    {"LocalSecurityEndpointAddr 192.0.2.1\nRemoteSecurityEndpointAddr 192.0.2.2",
     "LocalSecurityEndpointAddr 2001:db8::1\nRemoteSecurityEndpointAddr 2001:db8::2\nHowToEncap Transport",
     "3:16: warning: IPv4 packets of this rule are dropped: the SAs of IpManVpnAction m have IPv6 addresses"},
    {"LocalSecurityEndpointAddr 192.0.2.1\nRemoteSecurityEndpointAddr 192.0.2.2",
     "LocalSecurityEndpointAddr Any\nRemoteSecurityEndpointAddr Any6",
     "3:16: warning: IPv4 packets of this rule are dropped: the SAs of IpManVpnAction m have IPv6 addresses"},
    {"IpSourceAddrSet 10.1.0.0/16\n    IpDestAddrSet 10.2.0.0/16", "IpSourceAddr All\n    IpDestAddr All", ""},
    {"IpManVpnActionRef m", "IpManVpnActionRef n", "12:23: error: no IpManVpnAction of this name: \"n\"; nearest m"},
    {"IpFilterAction IpSec", "IpFilterAction Deny", "12:5: error: a tunnel with IpFilterAction Permit or Deny"},
    {"Protocol All", "Protocol All\nRouting Routed FragmentsOnly",
     "7:5: error: FragmentsOnly with IpFilterAction IpSec"},
    {"Protocol All", "Protocol All\nDirection Outbound",
     "7:5: warning: an SA pair carries both directions, this rule one"},
    {"Protocol All\n    }\n    IpGenericFilterActionRef protect\n    IpManVpnActionRef m",
     "Protocol All\nRouting Either\n    }\n    IpGenericFilterActionRef protect\n    IpManVpnActionRef t\n  }\n}\n"
     "IpManVpnAction t\n{\nLocalSecurityEndpointAddr Any4\nRemoteSecurityEndpointAddr Any4\nHowToEncap Transport\n"
     "HowToEncrypt DoNot\nHowToAuth AH AES128_XCBC_96\nAuthInboundSpi 300\nAuthOutboundSpi 301\n"
     "AuthInboundKey 00112233445566778899aabbccddeeff\nAuthOutboundKey 00112233445566778899aabbccddeeff\n}\n"
     "IpAddrGroup unused\n{\nIpAddr\n{\nAddr 10.0.0.1",
     "13:5: warning: transport mode does not carry forwarded packets"},
    // switches and times
    {"HowToEncrypt", "Active No\nPassthroughDF No Set\nPassthroughDSCP No\nLifetime 60\nLifesize 1000\nHowToEncrypt",
     ""},
    {"HowToEncrypt", "Active Perhaps\nHowToEncrypt", "23:8: error: unknown value: \"Perhaps\""},
    {"HowToEncrypt", "HowToEncap Either\nHowToEncrypt", "23:12: error: unknown value: \"Either\""},
    {"HowToEncrypt", "IpTimeCondition\n{\nDayOfWeekMask 0111110\n}\nHowToEncrypt", ""},
    {"HowToEncrypt", "IpTimeConditionRef nosuch\nHowToEncrypt",
     "23:20: error: no IpTimeCondition of this name: \"nosuch\""},
    // algorithms
    {"AES_CBC KeyLength 128", "AES_GCM_16 KeyLength 128",
     "23:14: error: counter mode with keys that do not change: nonces would come twice (RFC 4106 §2): \"AES_GCM_16\""},
    {"AES_CBC KeyLength 128", "AES_CTR KeyLength 128",
     "23:14: error: counter mode with keys that do not change: nonces would come twice (RFC 4106 §2): \"AES_CTR\""},
    {"ESP HMAC_SHA1", "ESP AES_GMAC_128",
     "26:15: error: counter mode with keys that do not change: nonces would come twice (RFC 4106 §2): "
     "\"AES_GMAC_128\""},
    {"ESP HMAC_SHA1", "ESP Null", "26:15: error: not supported by this release: \"Null\""},
    {"ESP HMAC_SHA1", "AH HMAC_SHA1\nEncryptInboundSpi 258\nEncryptOutboundSpi 257", ""},
    {"ESP HMAC_SHA1", "AH HMAC_SHA1\nEncryptInboundSpi 258",  // each SA of the bundle has its own
     "19:1: error: AH with encryption is two SAs, and one has no SPI"},
    {"ESP HMAC_SHA1", "AH HMAC_SHA1\nEncryptInboundSpi 258\nEncryptOutboundSpi 255",
     "28:20: error: number out of range: \"255\""},
    {"ESP HMAC_SHA1", "AH HMAC_SHA2_256_128\nEncryptInboundSpi 257\nEncryptOutboundSpi 0xffffffff",
     "30:1: error: key of 20 octets\n32:1: error: key of 20 octets"},
    {"HowToEncrypt AES_CBC KeyLength 128\n", "", ""},  // what is preset
    {"HowToAuth ESP HMAC_SHA1\n", "", ""},
    {ciphers, "HowToEncrypt DoNot\n", ""},
    // keys
    {"HowToEncrypt AES_CBC KeyLength 128", "HowToEncrypt DoNot",
     "24:1: error: a key, and no cipher for it\n25:1: error: a key, and no cipher for it"},
    {"KeyLength 128", "KeyLength 256", "24:1: error: key of 16 octets\n25:1: error: key of 16 octets"},
    {"ESP HMAC_SHA1", "ESP HMAC_SHA2_512_256", "28:1: error: key of 20 octets\n30:1: error: key of 20 octets"},
    {"EncryptInboundKey 0x000102030405060708090a0b0c0d0e0f\n", "", "19:1: error: IpManVpnAction without a key"},
    {"EncryptInboundKey 0x000102030405060708090a0b0c0d0e0f", "EncryptInboundKey 0xsecret",
     "24:19: error: not hexadecimal: \"***\""},
    {"EncryptInboundKey 0x000102030405060708090a0b0c0d0e0f", "EncryptInboundKey 0x00010",
     "24:19: error: not hexadecimal: \"***\""},
    {"EncryptInboundKey 0x000102030405060708090a0b0c0d0e0f", "EncryptInboundKey Ascii sixteen letters!", ""},
    {"EncryptInboundKey 0x000102030405060708090a0b0c0d0e0f", "EncryptInboundKey Ebcdic sixteen letters!", ""},
    {"EncryptInboundKey 0x000102030405060708090a0b0c0d0e0f", "EncryptInboundKey hex 0x000102030405060708090A0B0C0D0E0F",
     ""},
    {"EncryptInboundKey 0x000102030405060708090a0b0c0d0e0f", "EncryptInboundKey Ascii fifteen letters",
     "24:1: error: key of 15 octets"},
    {"EncryptInboundKey 0x000102030405060708090a0b0c0d0e0f", "EncryptInboundKey Hex sixteen letters!",
     "24:23: error: not hexadecimal: \"***\""},
    {"EncryptInboundKey 0x000102030405060708090a0b0c0d0e0f", "EncryptInboundKey Ascii", "24:24: error: value missing"},
    {ciphers, "HowToEncrypt DES\nEncryptInboundKey 0101010101010101\nEncryptOutboundKey 0123456789abcdef\n",
     "24:1: error: weak key of DES"},
    {ciphers,
     "HowToEncrypt 3DES\nEncryptInboundKey 0123456789abcdef0123456789abcdeffedcba9876543211\n"
     "EncryptOutboundKey 0123456789abcdef23456789abcdef01456789abcdef0123\n",
     "24:1: error: weak key of DES"},
    // SPIs
    {"AuthInboundSpi 257", "AuthInboundSpi 255", "27:16: error: number out of range: \"255\""},
    {"AuthInboundSpi 257", "AuthInboundSpi 4294967296", "27:16: error: number out of range: \"4294967296\""},
    {"AuthInboundSpi 257\n", "", "19:1: error: IpManVpnAction without an SPI"},
    {"AuthInboundSpi 257", "EncryptInboundSpi 257", ""},  // ESP is one SA: either name will do
    {"AuthInboundSpi 257", "AuthInboundSpi 257\nEncryptInboundSpi 258", "27:1: error: two SPIs for one ESP SA"},
    {"AuthInboundSpi 257", "AuthInboundSa 257", "27:1: note: AuthInboundSa is read as AuthInboundSpi"},
    {ciphers, "HowToEncrypt DoNot\nEncryptInboundSpi 300\n", "26:1: error: two SPIs for one ESP SA"},
    {ciphers_and_hash, "HowToEncrypt DoNot\nHowToAuth AH HMAC_SHA1\n", ""},
    {ciphers_and_hash, "HowToEncrypt DoNot\nHowToAuth AH HMAC_SHA1\nEncryptInboundSpi 257\n",
     "25:1: error: an SPI of encryption, and AH does not encrypt"},
};

std::string changed(const char* lines, const char* instead) {
  std::string text = tunnel_policy;
  const std::size_t at = text.find(lines);
  EXPECT_NE(at, std::string::npos) << lines;
  return text.replace(at, std::string_view{lines}.size(), instead);
}

std::string summary(const ParseResult& result) {
  std::string lines;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    const std::string text = diagnostic.to_string("");
    const std::string first = text.substr(0, text.find('\n'));
    lines += (lines.empty() ? "" : "\n") + first.substr(first.find(':') + 1) +
             (diagnostic.nearest.empty() ? "" : "; nearest " + diagnostic.nearest);
  }
  return lines;
}

TEST(ManualTunnel, IsTakenOrRefusedWithPlaceAndReason) {
  for (const auto& [lines, instead, want] : changes) {
    SCOPED_TRACE(fmt::format("{} instead of {}", instead, lines));
    const ParseResult result = parsed(changed(lines, instead));
    EXPECT_EQ(summary(result), want);
    EXPECT_EQ(result.policy == nullptr, std::string_view{want}.contains("error"));
  }
}

TEST(ManualTunnel, OfARuleForAClassOfInterfacesIsADenial) {
  const ParseResult result = parsed(changed("      Protocol All\n", "      Protocol All\n      SecurityClass 7\n"));
  ASSERT_NE(result.policy, nullptr) << summary(result);
  ASSERT_FALSE(result.policy->filter.filters.empty());
  for (const Filter& filter : result.policy->filter.filters) {
    EXPECT_EQ(filter.action, FilterAction::deny) << "nothing leaves in clear";
    EXPECT_EQ(filter.manual, nullptr);
    EXPECT_EQ(filter.security_class, 7);
  }
}

TEST(ManualTunnel, HasAnInboundSpiAndANameOfItsOwn) {
  std::string text = tunnel_policy;
  const std::string tunnel = text.substr(text.find("IpManVpnAction m"));
  const std::string rule =
      text.substr(text.find("  IpFilterRule"), text.find("}\nIpGeneric") - text.find("  IpFilterRule"));
  std::string other_rule = rule, other_tunnel = tunnel;
  other_rule.replace(other_rule.find("nets"), 4, "more").replace(other_rule.find("Ref m"), 5, "Ref o");
  other_tunnel.replace(0, 16, "IpManVpnAction o");
  text.insert(text.find("}\nIpGeneric"), other_rule);
  EXPECT_EQ(summary(parsed(text + other_tunnel)),
            "43:16: error: inbound SPI 257 is that of IpManVpnAction m of line 30, too");
  other_tunnel.replace(other_tunnel.find("257"), 3, "258");
  EXPECT_EQ(summary(parsed(text + other_tunnel)), "");

  // AH around ESP has two; ESP's 258 is another than AH's.
  std::string bundle = other_tunnel;
  bundle.replace(bundle.find("ESP HMAC_SHA1"), 13, "AH HMAC_SHA1\nEncryptInboundSpi 257\nEncryptOutboundSpi 300");
  EXPECT_EQ(summary(parsed(text + bundle)),
            "43:16: error: inbound SPI 257 is that of IpManVpnAction m of line 30, too");
  bundle.replace(bundle.find("EncryptInboundSpi 257"), 21, "EncryptInboundSpi 258");
  EXPECT_EQ(summary(parsed(text + bundle)), "");
}

const ManVpnAction& tunnel_of(const ParseResult& result) {
  EXPECT_NE(result.policy, nullptr) << summary(result);
  return *result.policy->filter.filters.at(0).manual;
}

TEST(ManualTunnel, MeansWhatIsCodedAndItsDefaults) {
  const ParseResult result = parsed(std::string{tunnel_policy});
  const ManVpnAction& tunnel = tunnel_of(result);
  EXPECT_EQ(tunnel.name, "m");
  EXPECT_TRUE(tunnel.active);
  EXPECT_EQ(tunnel.local, IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(tunnel.remote, IpAddress::parse("192.0.2.2"));
  EXPECT_EQ(tunnel.how_to_encap, EncapsulationChoice::tunnel);
  EXPECT_FALSE(tunnel.ah);
  EXPECT_EQ(tunnel.encryption, EncryptionId::aes_cbc);
  EXPECT_EQ(tunnel.key_bits, 128u);
  EXPECT_EQ(tunnel.integrity, IntegrityId::hmac_sha1_96);
  EXPECT_EQ(tunnel.inbound_spi, InboundSpi{257});
  EXPECT_EQ(tunnel.outbound_spi, OutboundSpi{0xffffffff});
  EXPECT_EQ(tunnel.inbound.encryption.reveal()[15], 0x0f);
  EXPECT_EQ(tunnel.outbound.encryption.reveal()[0], 0x10);
  EXPECT_EQ(SecretView{tunnel.inbound.integrity}, SecretView{Secret{ByteString(20, 0x22)}});
  EXPECT_EQ(SecretView{tunnel.outbound.integrity}, SecretView{Secret{ByteString(20, 0x33)}});
  EXPECT_EQ(tunnel.df, DfSetting::copy);
  EXPECT_TRUE(tunnel.copy_dscp);
  EXPECT_EQ(tunnel.lifetime, std::nullopt);
  EXPECT_EQ(result.policy->filter.filters.at(1).manual, result.policy->filter.filters.at(0).manual);
}

TEST(ManualTunnel, HasItsKeysInAnyForm) {
  const Secret letters{as_bytes(std::string_view{"sixteen letters!"})}, ebcdic{Bytes{ByteString(16, 0xc1)}};
  for (const auto& [key, want] : {std::pair{"Ascii sixteen letters!", &letters},
                                  {"Hex 7369787465656e206c65747465727321", &letters},
                                  {"0x7369787465656e206c65747465727321", &letters},
                                  {"Ebcdic AAAAAAAAAAAAAAAA", &ebcdic}}) {
    const ParseResult result = parsed(changed("0x000102030405060708090a0b0c0d0e0f", key));
    EXPECT_EQ(SecretView{tunnel_of(result).inbound.encryption}, SecretView{*want}) << key;
  }
}

TEST(ManualTunnel, OfAhWithEncryptionHasTheSpisAndKeysOfBothSas) {
  constexpr const char* around = "AH HMAC_SHA1\nEncryptInboundSpi 258\nEncryptOutboundSpi 259";
  const ParseResult result = parsed(changed("ESP HMAC_SHA1", around));
  const ManVpnAction& tunnel = tunnel_of(result);
  EXPECT_TRUE(tunnel.ah);
  EXPECT_TRUE(tunnel.is_installed);
  EXPECT_EQ(tunnel.encryption, EncryptionId::aes_cbc);
  EXPECT_EQ(tunnel.integrity, IntegrityId::hmac_sha1_96);
  EXPECT_EQ(tunnel.inbound_spi, InboundSpi{258});
  EXPECT_EQ(tunnel.outbound_spi, OutboundSpi{259});
  EXPECT_EQ(tunnel.around_esp, (ManVpnAction::AhSpis{.inbound = InboundSpi{257}, .outbound = OutboundSpi{0xffffffff}}));
  EXPECT_EQ(tunnel.inbound.encryption.reveal()[15], 0x0f);
  EXPECT_EQ(SecretView{tunnel.outbound.integrity}, SecretView{Secret{ByteString(20, 0x33)}});
  EXPECT_EQ(tunnel_of(parsed(std::string{tunnel_policy})).around_esp, std::nullopt);

  const ParseResult other =
      parsed(changed("ESP HMAC_SHA1\nAuthInboundSpi 257", std::string{around}.append("\nAuthInboundSpi 256").c_str()));
  EXPECT_FALSE(tunnel.is_same_tunnel(tunnel_of(other))) << "another SPI of AH";
}

TEST(ManualTunnel, OfAnyEndsIsOfTheFamilyOfItsTraffic) {
  std::string text = changed("LocalSecurityEndpointAddr 192.0.2.1\nRemoteSecurityEndpointAddr 192.0.2.2",
                             "LocalSecurityEndpointAddr Any\nRemoteSecurityEndpointAddr Any");
  EXPECT_EQ(tunnel_of(parsed(text)).family, IpFamily::v4);
  text.replace(text.find("10.1.0.0/16"), 11, "fd01::/16").replace(text.find("10.2.0.0/16"), 11, "fd02::/16");
  const ParseResult result = parsed(text);
  EXPECT_EQ(tunnel_of(result).family, IpFamily::v6);
  EXPECT_EQ(tunnel_of(result).local, std::nullopt);
  EXPECT_EQ(summary(result), "");
}

TEST(ManualTunnel, IsTheSameAtAnotherPlaceOfTheFileAndAnotherWithOneOtherOctet) {
  const ParseResult here = parsed(std::string{tunnel_policy}), there = parsed("\n" + std::string{tunnel_policy});
  EXPECT_TRUE(tunnel_of(here).is_same_tunnel(tunnel_of(there)));
  EXPECT_FALSE(tunnel_of(here) == tunnel_of(there));
  for (const auto& [lines, instead] : {std::pair{"0e0f", "0e0e"},
                                       {"1e1f", "1e1e"},
                                       {"2222\n", "2223\n"},
                                       {"3333\n", "3332\n"},
                                       {"257", "258"},
                                       {"0xffffffff", "0xfffffffe"},
                                       {"192.0.2.1\n", "192.0.2.3\n"},
                                       {"192.0.2.2\n", "192.0.2.2\nActive No\n"},
                                       {"192.0.2.2\n", "192.0.2.2\nLifetime 1\n"}}) {
    EXPECT_FALSE(tunnel_of(here).is_same_tunnel(tunnel_of(parsed(changed(lines, instead))))) << instead;
  }
}

TEST(ManualTunnel, IsInstalledWhileItsTimeConditionHoldsAndItsRuleStays) {
  using namespace std::chrono_literals;
  const ParseResult result =
      parsed(changed("HowToEncrypt", "IpTimeCondition\n{\nTimeOfDayRange 07:00-19:00\nTimeZone UTC\n}\nHowToEncrypt"));
  ASSERT_NE(result.policy, nullptr) << summary(result);
  const auto at = [](Seconds time) {
    const CalendarSeconds moment{std::chrono::local_days{std::chrono::year{2026} / 1 / 1} + time};
    return CalendarTime{.local = moment, .utc = moment};
  };
  const PolicyPointer night = in_force(result.policy, at(7h - 1s)), day = in_force(result.policy, at(7h));
  ASSERT_EQ(night->filter.filters.size(), 2u) << "what it would protect must not leave in clear";
  EXPECT_FALSE(night->filter.filters[0].manual->is_installed);
  EXPECT_TRUE(day->filter.filters[0].manual->is_installed);
  EXPECT_EQ(day->filter.filters[0].manual, day->filter.filters[1].manual);
  EXPECT_EQ(day->filter.filters[0].manual->time, nullptr);
  EXPECT_EQ(in_force_still(*result.policy, at(7h - 1s)), 1s);
}

TEST(WeakDesKey, IsFoundWhateverItsParity) {
  const auto key = [](std::string_view hex) { return Secret{Bytes{*parse_hex(hex)}}; };
  for (const char* weak :
       {"0000000000000000", "0101010101010101", "fefefefefefefefe", "ffffffffffffffff", "1f1f1f1f0e0e0e0e",
        "e1e1e1e1f0f1f0f1", "011f011f010e010e", "e001e001f101f101", "fee0fee0fef1fef1"}) {
    EXPECT_TRUE(is_weak_des_key(key(weak))) << weak;
  }
  for (const char* strong : {"0123456789abcdef", "0101010101010103", "fefefefefefefe01"}) {
    EXPECT_FALSE(is_weak_des_key(key(strong))) << strong;
  }
  EXPECT_TRUE(is_weak_triple_des_key(key("0123456789abcdeffedcba9876543210fedcba9876543211")))
      << "the last two are one";
  EXPECT_FALSE(is_weak_triple_des_key(key("0123456789abcdeffedcba98765432100123456789abcdef"))) << "two keys of three";
}

}  // namespace
}  // namespace adit::policy
