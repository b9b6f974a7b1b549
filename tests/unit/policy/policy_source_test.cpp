// What a policy server gives: octets that come from outside, on the wire and from the disk.
#include "policy/policy_source.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "hex.h"

namespace adit::policy {
namespace {

ByteString octets(const std::string& rest) {
  ByteString made;
  append(made, as_bytes("ADIT policy\n"));
  append(made, *parse_hex(rest));
  return made;
}

PolicySource of(std::optional<std::string_view> common, std::optional<std::string_view> own) {
  PolicySource source;
  if (common) source.common.emplace(as_bytes(*common));
  if (own) source.own.emplace(as_bytes(*own));
  return source;
}

bool same(const std::optional<Secret>& a, const std::optional<Secret>& b) {
  return a.has_value() == b.has_value() && (!a || SecretView{*a} == *b);
}

TEST(PolicySource, BuildsTheOctetsItParses) {
  const struct {
    const char* name;
    const char* rest;
    PolicySource want;
  } cases[] = {
      {"both files", "01 00000002 6162 02 00000001 63", of("ab", "c")},
      {"the common one alone", "01 00000001 61", of("a", std::nullopt)},
      {"the stack's own alone, empty", "02 00000000", of(std::nullopt, "")},
  };
  for (const auto& [name, rest, want] : cases) {
    SCOPED_TRACE(name);
    const auto parsed = PolicySource::parse(octets(rest));
    ASSERT_TRUE(parsed) << parsed.error().field;
    EXPECT_TRUE(same(parsed->common, want.common));
    EXPECT_TRUE(same(parsed->own, want.own));
    const Secret built = parsed->build();
    EXPECT_EQ(ByteString(built.reveal().begin(), built.reveal().end()), octets(rest));
  }
}

TEST(PolicySource, RefusesWhatIsNoPolicy) {
  const struct {
    const char* name;
    ByteString given;
    const char* field;
  } cases[] = {
      {"nothing", {}, "mark"},
      {"another mark", ByteString(12, 'A'), "mark"},
      {"no file", octets(""), "files"},
      {"a kind that is not known", octets("03 00000000"), "kind of file"},
      {"a file twice", octets("01 00000000 01 00000000"), "kind of file"},
      {"the common file last", octets("02 00000000 01 00000000"), "kind of file"},
      {"half of a length", octets("01 0000"), "length of a text"},
      {"more claimed than sent", octets("01 ffffffff 61"), "text"},
      {"more sent than claimed", octets("02 00000000 61"), "kind of file"},
      {"more than may be", ByteString(PolicySource::largest + 1), "size"},
  };
  for (const auto& [name, given, field] : cases) {
    SCOPED_TRACE(name);
    const auto parsed = PolicySource::parse(given);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().field, field);
  }
}

TEST(PolicySource, IsJudgedByTheParserOfFiles) {
  const std::string_view policy =
      "IpFilterPolicy\n{\n  IpFilterRule all\n  {\n    IpSourceAddr All\n    IpDestAddr All\n    IpService\n    {\n"
      "      Protocol All\n      Direction Bidirectional\n      Routing Either\n    }\n"
      "    IpGenericFilterActionRef deny\n  }\n}\n";
  const std::string_view action = "IpGenericFilterAction deny\n{\n  IpFilterAction Deny\n}\n";
  const auto whole = of(action, policy).policy_of(StackName{"east"});
  ASSERT_TRUE(whole.policy);
  EXPECT_EQ(whole.policy->stack, StackName{"east"});
  EXPECT_FALSE(whole.policy->filter.filters.empty());
  EXPECT_EQ(whole.policy->filter.filters.front().at.file, "central policy");

  const auto part = of(std::nullopt, policy).policy_of(StackName{"east"});
  EXPECT_FALSE(part.policy);
  ASSERT_FALSE(part.diagnostics.empty());
  EXPECT_EQ(part.diagnostics.front().at.file, "central policy");
}

}  // namespace
}  // namespace adit::policy
