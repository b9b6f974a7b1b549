#include "tools/ipsec/report/arguments.h"

#include <gtest/gtest.h>

namespace adit::tools::ipsec {
namespace {

std::expected<Arguments, Refused> parsed(std::vector<const char*> words) {
  words.insert(words.begin(), "ipsec");
  return parse_arguments(static_cast<int>(words.size()), words.data());
}

TEST(Arguments, AcceptGluedAndShortenedWords) {
  const auto arguments = parsed({"-kdis", "-ptcpcs2"});
  ASSERT_TRUE(arguments) << arguments.error().text;
  EXPECT_EQ(arguments->primary, Primary::ike_tunnel);
  EXPECT_EQ(arguments->function, Function::display);
  EXPECT_EQ(arguments->stack, "tcpcs2");
}

TEST(Arguments, TakeSeveralTunnelsAndAll) {
  const auto some = parsed({"-y", "DEACT", "-a", "Y1", "y22"});
  ASSERT_TRUE(some) << some.error().text;
  EXPECT_EQ(some->tunnels, (std::vector<std::uint64_t>{1, 22}));
  const auto all = parsed({"-k", "deactivate", "-a", "all"});
  ASSERT_TRUE(all) << all.error().text;
  EXPECT_TRUE(all->all_tunnels);
}

TEST(Arguments, NameWhatIsRefreshedByTunnelOrRule) {
  const auto by_tunnel = parsed({"-kref", "-aK3"});
  ASSERT_TRUE(by_tunnel) << by_tunnel.error().text;
  EXPECT_EQ(by_tunnel->function, Function::refresh);
  EXPECT_EQ(by_tunnel->tunnels, (std::vector<std::uint64_t>{3}));
  const auto by_key_exchange_rule = parsed({"-k", "refresh", "-n", "peer"});
  ASSERT_TRUE(by_key_exchange_rule) << by_key_exchange_rule.error().text;
  EXPECT_EQ(by_key_exchange_rule->names, std::vector<std::string>{"peer"});
  const auto by_dynamic_rule = parsed({"-y", "refresh", "-l", "net-to-net"});
  ASSERT_TRUE(by_dynamic_rule) << by_dynamic_rule.error().text;
  EXPECT_EQ(by_dynamic_rule->rules, std::vector<std::string>{"net-to-net"});
}

TEST(Arguments, NameManualTunnelsByNumberOrAction) {
  const auto by_number = parsed({"-m", "act", "-a", "M1", "m2"});
  ASSERT_TRUE(by_number) << by_number.error().text;
  EXPECT_EQ(by_number->primary, Primary::manual_tunnel);
  EXPECT_EQ(by_number->function, Function::activate);
  EXPECT_EQ(by_number->tunnels, (std::vector<std::uint64_t>{1, 2}));
  const auto by_action = parsed({"-mdeact", "-n", "by-hand"});
  ASSERT_TRUE(by_action) << by_action.error().text;
  EXPECT_EQ(by_action->names, std::vector<std::string>{"by-hand"});
  EXPECT_EQ(parsed({"-m", "display"})->function, Function::display);
}

TEST(Arguments, ChooseAndShowFiltersAndShowInterfaces) {
  const auto use_default = parsed({"-f", "DEF"});
  ASSERT_TRUE(use_default) << use_default.error().text;
  EXPECT_EQ(use_default->function, Function::use_default);
  EXPECT_EQ(parsed({"-f", "reload"})->function, Function::reload);
  EXPECT_EQ(parsed({"-f", "display"})->scope, FilterScope::current);
  EXPECT_EQ(parsed({"-f", "display", "-c", "pro"})->scope, FilterScope::profile);
  EXPECT_EQ(parsed({"-f", "display", "-c", "POLICY"})->scope, FilterScope::policy);
  const auto interfaces = parsed({"-i", "-r", "wide"});
  ASSERT_TRUE(interfaces) << interfaces.error().text;
  EXPECT_EQ(interfaces->primary, Primary::interfaces);
}

TEST(Arguments, AreRefusedWithWhatWouldBeRight) {
  const struct {
    std::vector<const char*> words;
    const char* says;
  } cases[] = {
      {{}, "-k, -y, -m or -f"},
      {{"-m", "refresh", "-a", "M1"}, "it has display, activate, deactivate"},
      {{"-m", "activate"}, "activate needs -a TUNNEL, or -a all, or -n IpManVpnAction"},
      {{"-m", "deactivate", "-a", "Y1"}, "M1, M2"},
      {{"-m", "deactivate", "-a", "all", "-n", "action"}, "-a all takes no other tunnel"},
      {{"-m", "activate", "-l", "rule"}, "-l goes with -y"},
      {{"-m", "display", "-b"}, "-b goes with -y display"},
      {{"-m", "display", "-y", "display"}, "exclude each other"},
      {{"-k", "activate"}, "display, deactivate"},
      {{"-f", "deactivate"}, "it has display"},
      {{"-f", "refresh"}, "it has display"},
      {{"-k", "re"}, "it has display, deactivate, refresh"},
      {{"-k", "refresh"}, "refresh needs -a TUNNEL"},
      {{"-y", "refresh"}, "refresh needs -a TUNNEL"},
      {{"-y", "refresh", "-a", "K1"}, "Y1, Y2"},
      {{"-y", "refresh", "-n", "action", "-a", "Y1"}, "-n goes with display and -k refresh"},
      {{"-k", "refresh", "-a", "all", "-n", "rule"}, "-a all takes no other tunnel"},
      {{"-k", "refresh", "-a", "K1", "-l", "x"}, "-l goes with -y"},
      {{"-y", "refresh", "-a", "Y1", "-b"}, "-b goes with -y display"},
      {{"-k", "di"}, "no function 'di'"},
      {{"-k", "display", "-y", "display"}, "exclude each other"},
      {{"-y", "activate"}, "-l LocalDynVpnRule"},
      {{"-y", "activate", "-a", "Y1", "-l", "x"}, "activate takes -l"},
      {{"-k", "deactivate"}, "-a TUNNEL"},
      {{"-k", "deactivate", "-a", "Y1"}, "K1, K2"},
      {{"-k", "deactivate", "-a", "K0"}, "'K0' is no tunnel"},
      {{"-k", "display", "-r", "long"}, "short, detail or wide"},
      {{"-k", "deactivate", "-a", "all", "-n", "rule"}, "-n goes with display"},
      {{"-y", "activate", "-l", "x", "-n", "action"}, "-n goes with display"},
      {{"-k", "deactivate", "-a", "K1", "all"}, "-a all takes no other tunnel"},
      {{"-y", "deactivate", "-a", "all", "-l", "x"}, "-a all takes no other tunnel"},
      {{"-k", "display", "-b"}, "-b goes with -y display"},
      {{"-k", "display", "-l", "x"}, "-l goes with -y"},
      {{"-f", "default", "-n", "rule"}, "take no selection"},
      {{"-f", "reload", "-c", "policy"}, "-c goes with -f display"},
      {{"-k", "display", "-c", "policy"}, "-c goes with -f display"},
      {{"-f", "display", "-c", "all"}, "current, profile or policy"},
      {{"-i", "-f", "display"}, "exclude each other"},
      {{"-i", "-a", "Y1"}, "-i and -t take no"},
      {{"-i", "-b"}, "-i and -t take no"},
      {{"--nonsense"}, "nonsense"},
  };
  for (const auto& [words, says] : cases) {
    const auto arguments = parsed(words);
    ASSERT_FALSE(arguments) << says;
    EXPECT_EQ(arguments.error().exit_status, 2);
    EXPECT_NE(arguments.error().text.find(says), std::string::npos) << arguments.error().text;
  }
}

TEST(Arguments, HelpIsNoError) {
  const auto help = parsed({"-?"});
  ASSERT_FALSE(help);
  EXPECT_EQ(help.error().exit_status, 0);
  EXPECT_NE(help.error().text.find("-y FUNCTION"), std::string::npos) << help.error().text;
}

}  // namespace
}  // namespace adit::tools::ipsec
