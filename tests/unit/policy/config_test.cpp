// The daemons' configuration files.

#include "policy/config_iked.h"
#include "policy/config_nssd.h"
#include "policy/config_pagent.h"
#include "policy/ebcdic.h"
#include "sources.h"

namespace adit::policy {
namespace {

template <class T>
std::string told(const Parsed<T>& parsed, const SourceFile& source) {
  return render(parsed.diagnostics, std::vector{source});
}

TEST(PagentConfig, NamesStacksAndFiles) {
  const SourceFile file{"pagent.conf", R"(# comment
LogLevel 511
CommonIPSecConfig /etc/adit/common policy
TcpImage east /etc/adit/east.image FLUSH PURGE 600
PEPInstance west
TTLSConfig /etc/other
AutoMonitorApps
{
  AppName X
  {
  }
}
)"};
  const auto parsed = parse_pagent_config(file);
  ASSERT_TRUE(parsed.value) << told(parsed, file);
  EXPECT_EQ(parsed.diagnostics.size(), 3u);  // two notes of what is passed over, a warning of what has no effect
  EXPECT_EQ(parsed.value->log_level, 511u);
  EXPECT_EQ(parsed.value->common_policy, "/etc/adit/common policy");
  EXPECT_EQ(parsed.value->own_policy, std::nullopt);
  ASSERT_EQ(parsed.value->images.size(), 2u);
  EXPECT_EQ(parsed.value->images[0].file, "/etc/adit/east.image");
  EXPECT_EQ(parsed.value->images[0].check_interval, Seconds{600});
  EXPECT_EQ(parsed.value->images[1].stack.text, "west");
  EXPECT_EQ(parsed.value->images[1].file, std::nullopt);
  EXPECT_EQ(parsed.value->images[1].check_interval, Seconds{1800});
}

TEST(PagentConfig, TellsOfAStackNamedTwiceAndOfUnknownWords) {
  const SourceFile file{"pagent.conf", "TcpImage east a\nTcpImage EAST b\nTcpImge west\nLogLevel 512\n"};
  const auto parsed = parse_pagent_config(file);
  EXPECT_FALSE(parsed.value);
  EXPECT_EQ(told(parsed, file),
            "pagent.conf:2:1: warning: TcpImage again: the one of line 1 has no effect: \"EAST\"\n"
            "  TcpImage EAST b\n  ^^^^^^^^\n  expected: each stack once\n"
            "pagent.conf:3:1: error: unknown attribute: \"TcpImge\"\n"
            "  TcpImge west\n  ^^^^^^^\n  expected: an attribute of pagent.conf\n  nearest: TcpImage\n"
            "pagent.conf:4:10: error: number out of range: \"512\"\n"
            "  LogLevel 512\n           ^^^\n  expected: 0 to 511\n");
}

TEST(PagentConfig, WithoutAStackIsOfTheDefaultOne) {
  for (const char* policy : {"IPSecConfig /etc/adit/east.policy\n", "CommonIPSecConfig /etc/adit/common.policy\n"}) {
    const SourceFile file{"pagent.conf", policy};
    const auto parsed = parse_pagent_config(file);
    ASSERT_TRUE(parsed.value);
    ASSERT_EQ(parsed.value->images.size(), 1u);
    EXPECT_EQ(parsed.value->images[0].stack.text, "tcpip");
    EXPECT_EQ(parsed.value->images[0].file, std::nullopt);
    EXPECT_TRUE(told(parsed, file).starts_with("pagent.conf:1:1: note: no TcpImage: the policy is for the stack tcpip"))
        << told(parsed, file);
  }
}

TEST(PagentConfig, WithoutAStackAndAPolicyIsWrong) {
  const SourceFile file{"pagent.conf", "LogLevel 31\n"};
  const auto parsed = parse_pagent_config(file);
  EXPECT_FALSE(parsed.value);
  EXPECT_EQ(told(parsed, file),
            "pagent.conf:1:1: error: pagent.conf without TcpImage\n"
            "  LogLevel 31\n  ^\n  expected: TcpImage\n");
}

TEST(ImageConfig, NamesThePolicyOfAStack) {
  const SourceFile file = read_source("../examples/two-hosts/east.image");
  const auto parsed = parse_image_config(file);
  ASSERT_TRUE(parsed.value);
  EXPECT_EQ(parsed.value->own_policy, "/etc/adit/east.policy");
  EXPECT_EQ(parse_image_config({"f", ""}).value->own_policy, std::nullopt);
}

TEST(Examples, OfTheDaemonsLoadWithoutAWord) {
  const SourceFile pagent = read_source("../examples/two-hosts/pagent.conf");
  EXPECT_EQ(told(parse_pagent_config(pagent), pagent), "");
  const SourceFile iked = read_source("../examples/two-hosts/iked.conf");
  EXPECT_EQ(told(parse_iked_config(iked), iked), "");
  const SourceFile nssd = read_source("../examples/two-hosts/nssd.conf");
  EXPECT_EQ(told(parse_nssd_config(nssd), nssd), "");
}

TEST(IkedConfig, OfAnEmptyFileHasTheDefaults) {
  const auto parsed = parse_iked_config({"iked.conf", ""});
  ASSERT_TRUE(parsed.value);
  EXPECT_EQ(*parsed.value, IkedConfig{});
  const auto written = parse_iked_config({"iked.conf", "IkeConfig\n{\n}\n"});
  EXPECT_EQ(*written.value, IkedConfig{});  // the table and the struct agree
}

TEST(IkedConfig, ReadsAllParameters) {
  const SourceFile file{"iked.conf", R"(IkeConfig
{
  IkeSyslogLevel 255
  SMF119 IKEALL
  IkeRetries 3
  IkeInitWait 1
  FIPS140 no
  KeyRing NoKeyRing
  Echo yes
  NetworkSecurityServer nss.example.com Port 4160 Identity Fqdn nss.example.com
  NetworkSecurityServerBackup 192.0.2.9
  NssWaitLimit 5
  NssWaitRetries 1
  SupportedCertAuth Root CA
  SupportedCertAuth Other CA
  TlsCertificate /a
  TlsKey /b
  TlsCa /c
}
NssStackConfig east
{
  ClientName host_east
  ServiceType Cert
  ServiceType RemoteMgmt
  UserId me AuthBy Password pw with blanks
}
)"};
  const auto parsed = parse_iked_config(file);
  ASSERT_TRUE(parsed.value) << told(parsed, file);
  const IkedConfig& config = *parsed.value;
  EXPECT_EQ(config.retries, 3u);
  EXPECT_EQ(config.initial_wait, Seconds{1});
  EXPECT_EQ(config.key_ring, std::nullopt);
  EXPECT_EQ(config.server->host, "nss.example.com");
  EXPECT_EQ(config.server->port, 4160);
  EXPECT_EQ(config.server->identity->to_string(), "nss.example.com");
  EXPECT_EQ(config.backup_server->port, 4159);
  EXPECT_EQ(config.supported_authorities, (std::vector<std::string>{"Root CA", "Other CA"}));
  EXPECT_EQ(config.tls->authorities, "/c");
  const NssStack* stack = config.find_stack("EAST");
  ASSERT_NE(stack, nullptr);
  EXPECT_EQ(stack->client_name, "host_east");
  EXPECT_TRUE(stack->certificate_service && stack->management_service);
  EXPECT_EQ(as_text(stack->password.reveal()), "pw with blanks");
}

TEST(IkedConfig, WarnsOfWhatHasNoEffectWhereItIsNotTheDefaultAndRefusesAModeThatItDoesNotHave) {
  const SourceFile file{"iked.conf", "IkeConfig\n{\n  Echo no\n  NssWaitRetries 3\n  PagentWait 5\n  FIPS140 Yes\n}\n"};
  const auto parsed = parse_iked_config(file);
  EXPECT_FALSE(parsed.value);
  EXPECT_EQ(told(parsed, file),
            "iked.conf:5:3: warning: PagentWait: it has no effect in this release\n"
            "    PagentWait 5\n    ^^^^^^^^^^\n"
            "iked.conf:6:11: error: not supported by this release: \"Yes\"\n"
            "    FIPS140 Yes\n            ^^^\n  expected: no\n");
}

TEST(IkedConfig, RefusesAStackWithoutServerAndAServerWithoutTls) {
  EXPECT_FALSE(parse_iked_config({"f", "NssStackConfig a\n{\nServiceType Cert\n}\n"}).value);
  EXPECT_FALSE(parse_iked_config({"f", "IkeConfig\n{\nNetworkSecurityServer h\n}\n"}).value);
  EXPECT_FALSE(parse_iked_config({"f", "IkeConfig\n{\nTlsKey h\n}\n"}).value);
  EXPECT_FALSE(parse_iked_config({"f", "IkeConfig\n{\nNetworkSecurityServer h Port 0\n}\n"}).value);
}

constexpr const char* nss_basics = "KeyRing /ring\nTlsCertificate /a\nTlsKey /b\nTlsCa /c\n";

TEST(NssdConfig, SaysWhatEachClientMayUse) {
  const SourceFile file{"nssd.conf", std::string{"NssConfig\n{\n"} + nss_basics + R"(}
NssConfig
{
  Port 4160
  Discipline XMLAppliance Enable
}
IPSecDisciplineConfig
{
  URLCacheInterval 0
  CertificateURL my own label http://example.com/a.der
  CertificateBundleURL b https://example.com/b
}
NssClient east
{
  ServiceType Cert
  SignWith my own label
  UseCa *
}
NssClient west
{
  TlsIdentity west.example.com
}
)"};
  const auto parsed = parse_nssd_config(file);
  ASSERT_TRUE(parsed.value) << told(parsed, file);
  const NssdConfig& config = *parsed.value;
  EXPECT_EQ(config.port, 4160);
  EXPECT_EQ(config.key_ring, "/ring");  // of the first NssConfig: several are merged
  EXPECT_EQ(config.url_cache_interval, Minutes{0});
  EXPECT_EQ(config.certificate_urls, (std::vector<CertificateUrl>{{"my own label", "http://example.com/a.der"}}));
  EXPECT_EQ(config.bundle_urls.size(), 1u);
  const NssClientAccess* east = config.find_client("east");
  ASSERT_NE(east, nullptr);
  EXPECT_EQ(east->tls_identity, "east");
  EXPECT_TRUE(east->certificate_service);
  EXPECT_FALSE(east->management_service);
  EXPECT_TRUE(east->may_sign_with("my own label"));
  EXPECT_FALSE(east->may_sign_with("My own label"));
  EXPECT_TRUE(east->may_use_ca("whatever"));
  const NssClientAccess* west = config.find_client("west");
  EXPECT_EQ(west->tls_identity, "west.example.com");
  EXPECT_FALSE(west->may_sign_with("my own label") || west->may_use_ca("x") || west->certificate_service);
  EXPECT_EQ(config.find_client("other"), nullptr);
}

TEST(NssdConfig, NeedsARingAndTls) {
  const auto parsed = parse_nssd_config({"nssd.conf", ""});
  EXPECT_FALSE(parsed.value);
  EXPECT_EQ(parsed.diagnostics.size(), 2u);
  EXPECT_TRUE(parse_nssd_config({"f", std::string{"NssConfig\n{\n"} + nss_basics + "}\n"}).value);
  EXPECT_FALSE(parse_nssd_config({"f", std::string{"NssConfig\n{\n"} + nss_basics + "Address here\n}\n"}).value);
}

TEST(Ebcdic, IsPage1047) {
  EXPECT_EQ(to_hex(to_ebcdic("Az09 [^]|")->reveal()), "c1a9f0f940ad5fbd4f");
  EXPECT_EQ(to_hex(to_ebcdic("\xC3\xA4")->reveal()), "43");  // a with two dots
  EXPECT_EQ(to_ebcdic("\xE2\x82\xAC"), std::nullopt);        // the euro sign is beyond Latin-1
  EXPECT_TRUE(to_ebcdic("")->empty());
}

}  // namespace
}  // namespace adit::policy
