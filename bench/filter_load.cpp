// How long a policy of many filter rules takes from its text to the kernel, and how long `nft -f` takes for the same
// rules as rules. In a network namespace of its own: needs root.
//
// usage: filter_load [RULES]

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "policy/diagnostic.h"
#include "policy/filter_index.h"
#include "stack/nftables_match.h"
#include "stack/nftables_ruleset.h"
#include "stack/user/filter_counts.h"
#include "stack/user/filter_table.h"
#include "stack/user/nftables_transaction.h"

namespace adit {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// One peer a rule: two filters.
policy::SourceFile policy_text(unsigned rules) {
  std::string text = "IpFilterPolicy\n{\n";
  for (unsigned i = 0; i < rules; ++i) {
    text += fmt::format(
        "  IpFilterRule rule{}\n  {{\n    IpSourceAddr 10.0.0.1\n    IpDestAddr 10.{}.{}.{}\n    IpServiceRef web\n"
        "    IpGenericFilterActionRef permit\n  }}\n",
        i, 1 + i / 65536, i / 256 % 256, i % 256);
  }
  text +=
      "}\nIpService web\n{\n  Protocol Tcp\n  DestinationPortRange 80\n}\n"
      "IpGenericFilterAction permit\n{\n  IpFilterAction Permit\n}\n";
  return {.name = "bench.policy", .text = std::move(text)};
}

/// The same filters, one rule each, in their order.
std::string plain_rules(const policy::FilterPolicy& policy) {
  const stack::RulesetOptions options;
  std::string in, out;
  for (const policy::Filter& filter : policy.filters) {
    (filter.direction == policy::Direction::inbound ? in : out) +=
        "    " + *stack::match_expression(filter, options) + "counter accept\n";
  }
  return "table inet plain {\n  chain input {\n    type filter hook input priority filter; policy drop;\n" + in +
         "  }\n  chain output {\n    type filter hook output priority filter; policy drop;\n" + out + "  }\n}\n";
}

void print(const char* what, double seconds, unsigned rules) {
  fmt::print("{:<34}{:>9.3f} s {:>12.0f} rules/s\n", what, seconds, rules / seconds);
}

int run(unsigned rules) {
  if (unshare(CLONE_NEWNET) != 0) {
    std::perror("filter_load: a network namespace is needed");
    return 1;
  }
  const policy::SourceFile source = policy_text(rules);
  auto begin = Clock::now();
  const policy::PolicyPointer policy = policy::parse_policy(StackName{"stack"}, nullptr, &source).policy;
  const double parsed = seconds_since(begin);
  begin = Clock::now();
  const policy::FilterIndex index{{policy, &policy->filter}};
  const double indexed = seconds_since(begin);
  begin = Clock::now();
  const std::string ruleset = stack::ruleset_for(*policy, {});
  const double written = seconds_since(begin);
  begin = Clock::now();
  stack::user::FilterTable table;
  const auto installed = table.replace(ruleset);
  const double loaded = seconds_since(begin);
  if (!installed) {
    fmt::print(stderr, "filter_load: {}\n", installed.error());
    return 1;
  }
  begin = Clock::now();
  const bool counted = stack::user::read_filter_counts(policy->filter.filters.size()).has_value();
  const double read = seconds_since(begin);
  begin = Clock::now();
  if (!table.replace(ruleset)) return 1;
  const double replaced = seconds_since(begin);
  if (!stack::user::run_nftables(stack::ruleset_removed())) return 1;

  std::string file = "/tmp/adit-filter-load-XXXXXX";
  const int descriptor = mkstemp(file.data());
  const std::string plain = plain_rules(policy->filter);
  const bool kept =
      descriptor >= 0 && write(descriptor, plain.data(), plain.size()) == static_cast<ssize_t>(plain.size());
  begin = Clock::now();
  const int status = kept ? std::system(("nft -f " + file).c_str()) : -1;
  const double by_nft = seconds_since(begin);
  unlink(file.c_str());

  fmt::print("{} rules, {} filters\n", rules, policy->filter.filters.size());
  print("parse and resolve", parsed, rules);
  print("index for the data plane", indexed, rules);
  print("write the nftables text", written, rules);
  print("load it (one transaction)", loaded, rules);
  print("all of that", parsed + indexed + written + loaded, rules);
  print("load it over the former", replaced, rules);
  if (counted) print("read the counters", read, rules);
  if (status == 0) print("nft -f, a rule for each filter", by_nft, rules);
  return status == 0 && counted ? 0 : 1;
}

}  // namespace
}  // namespace adit

int main(int argc, char** argv) {
  return adit::run(argc > 1 ? static_cast<unsigned>(std::strtoul(argv[1], nullptr, 10)) : 100'000);
}
