#pragma once
// What the operator asked `ipsec` for: its words, checked, as a value.

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/strong_id.h"
#include "tools/ipsec/report/layout.h"
#include "tools/ipsec/report/test_traffic.h"

namespace adit::tools::ipsec {

enum class Primary : unsigned char { ike_tunnel, dynamic_tunnel, manual_tunnel, filter, interfaces, traffic_test };
enum class Function : unsigned char { display, activate, deactivate, refresh, use_default, reload };
enum class FilterScope : unsigned char { current, profile, policy };  // of -f display: -c
enum class View : unsigned char { stack, iked };                      // of -y display: without and with -b

struct Arguments {
  Primary primary{};
  Function function = Function::display;
  std::string stack;                         ///< -p; empty: the only stack there is
  Format format = Format::detail;            ///< -r, --json
  View view = View::stack;                   ///< -b
  std::vector<std::uint64_t> tunnels;        ///< -a K1 K2, or Y1, or M1; none: all, or those of the rules
  bool all_tunnels = false;                  ///< -a all
  std::vector<std::string> rules;            ///< -l LocalDynVpnRule
  std::vector<std::string> names, groups;    ///< -n, -g
  FilterScope scope = FilterScope::current;  ///< -c
  TestTraffic traffic;                       ///< -t
  std::string socket_folder = "/run/adit";   ///< --socket-dir
};

/// Words that cannot be obeyed (exit status 2), or that ask only for text (help, version: exit status 0).
struct Refused {
  std::string text;
  int exit_status = 2;
};

std::expected<Arguments, Refused> parse_arguments(int argc, const char* const* argv);

}  // namespace adit::tools::ipsec
