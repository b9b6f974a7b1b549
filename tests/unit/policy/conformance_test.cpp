// RFC 7296 on what an administrator can configure: shared keys and identities.

#include "sources.h"

namespace adit::policy {
namespace {

ParseResult with(std::string_view line, const std::string& instead) {
  SourceFile changed = read_source("vectors/policy/base.policy");
  const std::size_t at = changed.text.find(line);
  EXPECT_NE(at, std::string::npos);
  changed.text.replace(at, line.size(), instead);
  return parsed(changed);
}

// Shows RFC 7296 2.15-1, 2.15-2, 2.15-3.
TEST(SharedKeys, AreTakenAsWrittenInAsciiOrHexadecimal) {
  const std::string text = "SharedKey Ascii 0123456789abcdefghijk";
  std::string printable;
  for (char c = '!'; c <= '~'; ++c) {
    if (c != '#') printable += c;
  }
  const struct {
    const char* name;
    std::string written;
    ByteString want;
  } cases[] = {
      {"64 characters", "SharedKey Ascii " + std::string(64, 'k'), ByteString(64, 'k')},
      {"93 characters, each printable one", "SharedKey Ascii " + printable, {printable.begin(), printable.end()}},
      {"hexadecimal", "SharedKey Hex 0x00ff10" + std::string(60, 'a'),
       concatenated({ByteString{0, 0xff, 0x10}, ByteString(30, 0xaa)})},
  };
  for (const auto& [name, written, want] : cases) {
    SCOPED_TRACE(name);
    const ParseResult result = with(text, written);
    ASSERT_NE(result.policy, nullptr);
    const Secret& key = result.policy->key_exchange.rules.front().shared_key;
    EXPECT_EQ((ByteString{key.reveal().begin(), key.reveal().end()}), want) << "and nothing after it";
  }
}

// Shows RFC 7296 3.5-5, 3.5-7, 3.5-8.
TEST(Identities, OfEachKindCanBeOnesOwnAndThePeers) {
  const struct {
    const char* written;
    IdentityType type;
  } cases[] = {
      {"IpAddr 10.0.0.7", IdentityType::ipv4_addr},      {"IpAddr 2001:db8::7", IdentityType::ipv6_addr},
      {"Fqdn host.example.org", IdentityType::fqdn},     {"UserAtFqdn jo@example.org", IdentityType::user_fqdn},
      {"X500dn CN=host,O=x", IdentityType::der_asn1_dn}, {"KeyId Hex 0a0b", IdentityType::key_id},
  };
  for (const auto& [written, type] : cases) {
    SCOPED_TRACE(written);
    const ParseResult own = with("Identity IpAddr 10.0.0.1", std::string{"Identity "} + written);
    ASSERT_NE(own.policy, nullptr);
    EXPECT_EQ(own.policy->key_exchange.rules.front().local_identity.type, type);
    const ParseResult peers = with("Identity IpAddr 10.0.0.2", std::string{"Identity "} + written);
    ASSERT_NE(peers.policy, nullptr);
    ASSERT_TRUE(peers.policy->key_exchange.rules.front().remote_identity.exact);
    EXPECT_EQ(peers.policy->key_exchange.rules.front().remote_identity.exact->type, type);
  }
}

// Shows RFC 7296 3.5-3, 3.5-4.
TEST(Identities, OfNamesHaveNoTerminator) {
  const struct {
    const char* kind;
    std::string name;
  } cases[] = {{"Fqdn", "host.example.org"}, {"UserAtFqdn", "jo@example.org"}};
  for (const auto& [kind, name] : cases) {
    SCOPED_TRACE(kind);
    for (const char* end : {"\n", "\r\n", " \t\n"}) {
      const ParseResult result = with("Identity IpAddr 10.0.0.1\n", std::string{"Identity "} + kind + " " + name + end);
      ASSERT_NE(result.policy, nullptr);
      EXPECT_EQ(result.policy->key_exchange.rules.front().local_identity.value, (ByteString{name.begin(), name.end()}));
    }
    for (const char control : {'\0', '\r'}) {
      const ParseResult result =
          with("Identity IpAddr 10.0.0.1\n", std::string{"Identity "} + kind + " " + name + control + "x\n");
      EXPECT_EQ(result.policy, nullptr) << "nor one within";
    }
  }
}

}  // namespace
}  // namespace adit::policy
