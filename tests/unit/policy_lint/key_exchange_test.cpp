// Key exchange rules in each other's way, and rules by the ten thousand.

#include "linted.h"

namespace adit::policy::lint {
namespace {

struct Rule {
  std::string local_location, remote_identity, remote_location, action;
};

std::string policy_of(const std::vector<Rule>& rules) {
  std::string text =
      "IpFilterPolicy\n{\nIpFilterRule all\n{\nIpService\n{\n}\nIpGenericFilterAction permit\n{\nIpFilterAction "
      "Permit\n}\n}\n}\n"
      "KeyExchangePolicy\n{\n";
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    const auto location = [](const std::string& value) { return value.empty() ? "" : "Location " + value + "\n"; };
    text += fmt::format(
        "KeyExchangeRule k{}\n{{\nLocalSecurityEndpoint\n{{\nIdentity Fqdn "
        "us.example\n{}}}\nRemoteSecurityEndpoint\n{{\n"
        "Identity {}\n{}}}\nKeyExchangeActionRef {}\nSharedKey Ascii a-key-that-is-long-enough-{}\n}}\n",
        i, location(rule.local_location), rule.remote_identity, location(rule.remote_location), rule.action, i);
  }
  text += "}\n";
  const auto action = [&](const std::string& name, const std::string& lines, const std::string& group) {
    text += fmt::format(
        "KeyExchangeAction {}\n{{\nHowToAuthMe PresharedKey\n{}KeyExchangeOffer\n{{\nHowToAuthPeers "
        "PresharedKey\nDHGroup "
        "{}\n}}\n}}\n",
        name, lines, group);
  };
  action("v2", "", "Group14");
  action("v2-ecp", "", "Group19");
  action("v1", "HowToRespondIKEv1 Main\n", "Group14");
  action("main", "HowToInitiate Main\nHowToRespondIKEv1 Main\n", "Group14");
  action("main-sha1", "HowToInitiate Main\nHowToRespondIKEv1 Main\n", "Group14\nHowToAuthMsgs SHA1");
  action("main-prf", "HowToInitiate Main\nHowToRespondIKEv1 Main\n", "Group14\nPseudoRandomFunction HMAC_SHA2_512");
  action("main-rsa", "HowToInitiate Main\nHowToRespondIKEv1 Main\n", "Group14\nHowToAuthPeers RsaSignature");
  return text;
}

/// `unreachable-key-exchange-rule k1 k0`
std::vector<std::string> order_of(const std::vector<Rule>& rules) {
  const SourceFile source{.name = "test.policy", .text = policy_of(rules)};
  const Document document{StackName{"east"}, nullptr, &source};
  EXPECT_NE(document.policy(), nullptr) << render(document.diagnostics(), std::vector{source});
  if (document.policy() == nullptr) return {};
  const auto rule_at = [&](const SourceRange& at) {
    for (const KeyExchangeRule& rule : document.policy()->key_exchange.rules) {
      if (rule.at == at) return rule.name;
    }
    return std::string{"?"};
  };
  std::vector<std::string> found;
  for (const Remark& remark : lint(document)) {
    if (row_of(remark.kind).severity == Diagnostic::Severity::note) continue;  // statements unused, IKEv1 as such
    found.push_back(fmt::format("{} {} {}", row_of(remark.kind).id, rule_at(remark.at),
                                remark.other ? rule_at(*remark.other) : "none"));
  }
  return found;
}

struct Case {
  const char* name;
  std::vector<Rule> rules;
  std::vector<std::string> want;
};

const Case cases[] = {
    {"apart", {{"", "Fqdn a.example", "10.0.0.1", "v2"}, {"", "Fqdn b.example", "10.0.0.2", "v2"}}, {}},
    {"peers told apart by name alone", {{"", "Fqdn a.example", "", "v2"}, {"", "Fqdn b.example", "", "v2"}}, {}},
    {"the same peer twice",
     {{"", "Fqdn a.example", "10.0.0.0/8", "v2"}, {"", "Fqdn A.example", "10.0.0.1", "v2"}},
     {"unreachable-key-exchange-rule k1 k0"}},
    {"the same peer, elsewhere", {{"", "Fqdn a.example", "10.0.0.0/8", "v2"}, {"", "Fqdn a.example", "", "v2"}}, {}},
    {"a wildcard first",
     {{"", "Fqdn *.example", "", "v2"}, {"", "Fqdn a.example", "10.0.0.1", "v2"}},
     {"unreachable-key-exchange-rule k1 k0"}},
    {"a wildcard last", {{"", "Fqdn a.example", "10.0.0.1", "v2"}, {"", "Fqdn *.example", "", "v2"}}, {}},
    {"a wildcard within a wildcard",
     {{"", "Fqdn *.example", "", "v2"}, {"", "Fqdn *.a.example", "", "v2"}},
     {"unreachable-key-exchange-rule k1 k0"}},
    {"a wildcard around a wildcard", {{"", "Fqdn *.a.example", "", "v2"}, {"", "Fqdn *.example", "", "v2"}}, {}},
    {"addresses in addresses",
     {{"", "IpAddr 10.0.0.0/8", "", "v2"}, {"", "IpAddr 10.1.0.0/16", "", "v2"}},
     {"unreachable-key-exchange-rule k1 k0"}},
    {"another type", {{"", "Fqdn *", "", "v2"}, {"", "UserAtFqdn *", "", "v2"}}, {}},
    {"another local address",
     {{"192.0.2.1", "Fqdn a.example", "", "v2"}, {"192.0.2.2", "Fqdn a.example", "", "v2"}},
     {}},
    {"no offer in common",
     {{"", "Fqdn a.example", "10.0.0.0/8", "v2"}, {"", "Fqdn b.example", "10.0.0.1", "v2-ecp"}},
     {"overlapping-key-exchange-rules k1 k0"}},
    {"no offer in common, no address either",
     {{"", "Fqdn a.example", "10.0.0.2", "v2"}, {"", "Fqdn b.example", "10.0.0.1", "v2-ecp"}},
     {}},
    {"keys by address in IKEv1",
     {{"", "Fqdn a.example", "", "v1"}, {"", "Fqdn b.example", "", "v1"}},
     {"ambiguous-shared-key k1 k0"}},
    {"IKEv1 with another hash",
     {{"", "Fqdn a.example", "", "main"}, {"", "Fqdn b.example", "", "main-sha1"}},
     {"overlapping-key-exchange-rules k1 k0", "ambiguous-shared-key k1 k0"}},
    {"IKEv1 with another method",
     {{"", "Fqdn a.example", "", "main"}, {"", "Fqdn b.example", "", "main-rsa"}},
     {"overlapping-key-exchange-rules k1 k0"}},
    {"IKEv1 with another PRF of IKEv2",
     {{"", "Fqdn a.example", "", "main"}, {"", "Fqdn b.example", "", "main-prf"}},
     {"ambiguous-shared-key k1 k0"}},
};

TEST(KeyExchangeOrder, TellsWhichRulesAreInTheWay) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(order_of(one.rules), one.want);
  }
}

// Distinct peers are told apart by an index: the linter compares far fewer pairs than there are.
TEST(LintOfManyRules, ComparesAllOfTenThousandPlainRules) {
  std::vector<Rule> rules;
  std::string filters;
  for (int i = 0; i < 10'000; ++i) {
    const std::string peer = fmt::format("10.{}.{}.1", i / 256, i % 256);
    rules.push_back({"", "IpAddr " + peer, peer, "v2"});
    filters += fmt::format(
        "IpFilterRule peer{}\n{{\nIpSourceAddr 192.0.2.1\nIpDestAddr {}\nIpServiceRef web\nIpGenericFilterActionRef "
        "permit\n}}\n",
        i, peer);
  }
  std::string text = changed(policy_of(rules), {{"IpFilterPolicy\n{\n", "IpFilterPolicy\n{\n" + filters}});
  text +=
      "IpService web\n{\nProtocol Tcp\nDestinationPortRange 443\n}\nIpGenericFilterAction permit\n{\nIpFilterAction "
      "Permit\n}\n";
  for (const std::string& found : found_in(text)) EXPECT_FALSE(found.starts_with("not-all-compared")) << found;
}

// Rules that overlap in every dimension and are yet distinct: the work is bounded, and what was left out is told.
TEST(LintOfManyRules, SaysWhenItGaveUp) {
  std::string rules;
  for (int i = 0; i < 6'000; ++i) {
    rules += fmt::format(
        "IpFilterRule r{}\n{{\nIpSourceAddr 10.0.{}.{}-10.128.0.0\nIpDestAddr "
        "10.0.{}.{}-10.128.0.0\nIpService\n{{\nProtocol "
        "Tcp\nDestinationPortRange {} 65535\n}}\nIpGenericFilterActionRef {}\n}}\n",
        i, (10'000 - i) / 256, (10'000 - i) % 256, i / 256, i % 256, 10'000 - i, i % 2 == 0 ? "permit" : "deny");
  }
  const std::string text = "IpFilterPolicy\n{\n" + rules +
                           "}\nIpGenericFilterAction permit\n{\nIpFilterAction Permit\n}\nIpGenericFilterAction "
                           "deny\n{\nIpFilterAction Deny\n}\n";
  EXPECT_EQ(found_in(text), (std::vector<std::string>{"not-all-compared 3"}));
}

}  // namespace
}  // namespace adit::policy::lint
