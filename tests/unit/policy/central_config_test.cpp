// Central policy in pagent.conf and image files (docs/central-policy.md): what is taken, and what is refused.
#include <gtest/gtest.h>

#include "policy/config_pagent.h"
#include "sources.h"

namespace adit::policy {
namespace {

template <class T>
std::string told(const Parsed<T>& parsed, const SourceFile& source) {
  return render(parsed.diagnostics, std::vector{source});
}

const std::string tls = "  TlsCertificate c.pem\n  TlsKey k.pem\n  TlsCa ca.pem\n";
const TlsFiles tls_files{.certificate = "c.pem", .key = "k.pem", .authorities = "ca.pem"};

std::string block(const std::string& head, const std::string& members) { return head + "\n{\n" + members + "}\n"; }
std::string served(const std::string& name, const std::string& members) {
  return block("DynamicConfigPolicyLoad " + name, members);
}
std::string ipsec(const std::string& members) { return block("  PolicyType IPSec", members); }

TEST(CentralConfig, OfAClientNamesItsServers) {
  const SourceFile file{"pagent.conf", "TcpImage east\nTcpImage west west.image\n" +
                                           block("ServerConnection",
                                                 "  ServerHost one.example.org\n  ServerPort 4000\n"
                                                 "  ServerIdentity policy.example.org\n  BackupServerHost 192.0.2.7\n"
                                                 "  ServerConnectWait 30\n" +
                                                     tls) +
                                           block("PolicyServer", "  ClientName site_east\n" + ipsec(""))};
  const auto parsed = parse_pagent_config(file);
  ASSERT_TRUE(parsed.value) << told(parsed, file);
  EXPECT_EQ(told(parsed, file), "");
  const ServerConnection want{.primary = {.host = "one.example.org", .port = 4000, .identity = "policy.example.org"},
                              .backup = PolicyServerHost{.host = "192.0.2.7", .port = 16310, .identity = "192.0.2.7"},
                              .wait = Seconds{30},
                              .tls = tls_files};
  EXPECT_EQ(parsed.value->servers, want);
  ASSERT_TRUE(parsed.value->remote);
  EXPECT_EQ(parsed.value->remote->client_name, "site_east");
  EXPECT_EQ(parsed.value->serves, std::nullopt);
}

TEST(CentralConfig, OfAServerNamesItsClients) {
  const SourceFile file{
      "pagent.conf",
      "ClientConnection 16310\n" + block("ClientConnectionTls", "  Address 192.0.2.1\n  Address ::1\n" + tls) +
          served("site_east", "  TlsIdentity east.example.org\n" + ipsec("  CommonPolicyLoad all.policy\n"
                                                                         "  PolicyLoad sites/*/*.policy\n")) +
          served("west.example.org", ipsec("  PolicyLoad w\n"))};
  const auto parsed = parse_pagent_config(file);
  ASSERT_TRUE(parsed.value) << told(parsed, file);
  EXPECT_EQ(told(parsed, file), "");
  ASSERT_TRUE(parsed.value->serves);
  const ClientConnection& serves = *parsed.value->serves;
  EXPECT_EQ(serves.port, 16310);
  EXPECT_EQ(serves.addresses, (std::vector<std::string>{"192.0.2.1", "::1"}));
  EXPECT_EQ(serves.tls, tls_files);
  ASSERT_EQ(serves.clients.size(), 2u);
  EXPECT_EQ(serves.clients[0].name, "site_east");
  EXPECT_EQ(serves.clients[0].tls_identity, "east.example.org");
  EXPECT_EQ(serves.clients[0].common, "all.policy");
  EXPECT_EQ(serves.clients[0].own, "sites/site_east/site_east.policy");
  EXPECT_EQ(serves.clients[1].tls_identity, "west.example.org");
  EXPECT_EQ(serves.clients[1].common, std::nullopt);
  EXPECT_TRUE(parsed.value->images.empty()) << "a policy server needs no stack of its own";
}

TEST(CentralConfig, OfAnImageFileTakesThePlaceOfItsLocalFile) {
  const SourceFile file{"east.image", "IPSecConfig east.policy\n" + block("PolicyServer", ipsec(""))};
  const auto parsed = parse_image_config(file);
  ASSERT_TRUE(parsed.value);
  EXPECT_TRUE(parsed.value->remote);
  EXPECT_EQ(parsed.value->remote->client_name, std::nullopt);
  EXPECT_NE(told(parsed, file).find("1:1: warning: IPSecConfig has no effect beside PolicyServer"), std::string::npos)
      << told(parsed, file);
}

TEST(CentralConfig, TakesTheParametersOfZosAndSaysThatTheyDoNothing) {
  const SourceFile file{"east.image", block("PolicyServer", "  Userid agent\n  AuthBy Password secret\n" +
                                                                block("  PolicyType IPSec", "    FLUSH\n    PURGE\n") +
                                                                block("  PolicyType QOS", ""))};
  const auto parsed = parse_image_config(file);
  ASSERT_TRUE(parsed.value) << told(parsed, file);
  EXPECT_TRUE(parsed.value->remote);
  EXPECT_EQ(parsed.diagnostics.size(), 5u) << told(parsed, file);
  EXPECT_EQ(told(parsed, file).find("secret"), std::string::npos);
}

TEST(CentralConfig, RefusesWhatCannotBeMeant) {
  const std::string listens = "ClientConnection 1\n" + block("ClientConnectionTls", tls);
  const std::string connection = block("ServerConnection", "  ServerHost h\n" + tls);
  const struct {
    const char* name;
    std::string text;
    const char* problem;
  } cases[] = {
      {"a client without a server", "TcpImage a\n" + block("PolicyServer", ipsec("")),
       "PolicyServer without ServerConnection"},
      {"a server connection without a host", "TcpImage a\n" + block("ServerConnection", tls),
       "ServerConnection without ServerHost"},
      {"a server connection without TLS", "TcpImage a\n" + block("ServerConnection", "  ServerHost h\n"),
       "no TLS files"},
      {"half of the TLS files", "TcpImage a\n" + block("ServerConnection", "  ServerHost h\n  TlsKey k\n"),
       "TLS files incomplete"},
      {"port 0", "TcpImage a\n" + block("ServerConnection", "  ServerHost h\n  ServerPort 0\n" + tls),
       "number out of range"},
      {"a wait beyond the most",
       "TcpImage a\n" + block("ServerConnection", "  ServerHost h\n  ServerConnectWait 301\n" + tls),
       "number out of range"},
      {"the port of no backup",
       "TcpImage a\n" + block("ServerConnection", "  ServerHost h\n  BackupServerPort 1\n" + tls),
       "port of a backup server that is not named"},
      {"listening without TLS", "ClientConnection 1\n", "ClientConnection without TLS"},
      {"listening on port 65536", "ClientConnection 65536\n" + block("ClientConnectionTls", tls),
       "number out of range"},
      {"listening on a name", "ClientConnection 1\n" + block("ClientConnectionTls", "  Address host\n" + tls),
       "not an address"},
      {"neither stack nor client", block("ClientConnectionTls", tls), "pagent.conf without TcpImage"},
      {"a pattern as a client", listens + served("Remote.*", ipsec("  PolicyLoad f\n")),
       "pattern or path where one client is meant"},
      {"a path as a client", listens + served("../a", ipsec("  PolicyLoad f\n")),
       "pattern or path where one client is meant"},
      {"a client without a file", listens + served("a", ipsec("")), "PolicyType without a file"},
      {"a client without a name", listens + block("DynamicConfigPolicyLoad", ipsec("  PolicyLoad f\n")),
       "name missing"},
      {"a client name of 33 characters",
       "TcpImage a\n" + connection + block("PolicyServer", "  ClientName " + std::string(33, 'n') + "\n" + ipsec("")),
       "name too long"},
  };
  for (const auto& [name, text, problem] : cases) {
    SCOPED_TRACE(name);
    const SourceFile file{"pagent.conf", text};
    const auto parsed = parse_pagent_config(file);
    EXPECT_FALSE(parsed.value);
    EXPECT_NE(told(parsed, file).find(problem), std::string::npos) << told(parsed, file);
  }
}

TEST(CentralConfig, WarnsOfWhatHasNoEffect) {
  const struct {
    const char* name;
    std::string text;
    const char* problem;
  } cases[] = {
      {"clients of no server", "TcpImage a\n" + served("a", ipsec("  PolicyLoad f\n")),
       "DynamicConfigPolicyLoad has no effect"},
      {"TLS of no server", "TcpImage a\n" + block("ClientConnectionTls", tls), "ClientConnectionTls has no effect"},
      {"a client of other policy",
       "ClientConnection 1\n" + block("ClientConnectionTls", tls) + served("a", block("PolicyType QOS", "")),
       "DynamicConfigPolicyLoad has no effect"},
      {"a client twice",
       "ClientConnection 1\n" + block("ClientConnectionTls", tls) + served("a", ipsec("  PolicyLoad f\n")) +
           served("a", ipsec("  PolicyLoad g\n")),
       "DynamicConfigPolicyLoad again"},
  };
  for (const auto& [name, text, problem] : cases) {
    SCOPED_TRACE(name);
    const SourceFile file{"pagent.conf", text};
    const auto parsed = parse_pagent_config(file);
    EXPECT_TRUE(parsed.value) << told(parsed, file);
    EXPECT_NE(told(parsed, file).find(std::string{"warning: "} + problem), std::string::npos) << told(parsed, file);
  }
}

}  // namespace
}  // namespace adit::policy
