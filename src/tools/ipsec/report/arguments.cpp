#include "tools/ipsec/report/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <sstream>

#include "base/version.h"

namespace adit::tools::ipsec {
namespace {

constexpr std::size_t shortest_keyword = 3;  // keywords may be cut to their first three characters

struct FunctionKeyword {
  Function function;
  std::string_view keyword;
};
constexpr std::array functions = {
    FunctionKeyword{Function::display, "display"},       FunctionKeyword{Function::activate, "activate"},
    FunctionKeyword{Function::deactivate, "deactivate"}, FunctionKeyword{Function::refresh, "refresh"},
    FunctionKeyword{Function::use_default, "default"},   FunctionKeyword{Function::reload, "reload"},
};

constexpr std::array of_ike_tunnels = {Function::display, Function::deactivate, Function::refresh};
constexpr std::array of_dynamic_tunnels = {Function::display, Function::activate, Function::deactivate,
                                           Function::refresh};
constexpr std::array of_manual_tunnels = {Function::display, Function::activate, Function::deactivate};
constexpr std::array of_filters = {Function::display, Function::use_default, Function::reload};

struct PrimaryOption {
  Primary primary;
  const char* flag;
  char tunnel_letter;  ///< of -a; 0: takes none
  const char* objects;
  std::span<const Function> functions;
};
constexpr std::array primaries = {
    PrimaryOption{Primary::ike_tunnel, "-k", 'K', "IKE tunnels", of_ike_tunnels},
    PrimaryOption{Primary::dynamic_tunnel, "-y", 'Y', "Dynamic tunnels", of_dynamic_tunnels},
    PrimaryOption{Primary::manual_tunnel, "-m", 'M', "Manual tunnels", of_manual_tunnels},
    PrimaryOption{Primary::filter, "-f", 0, "IP filters", of_filters},
};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// A keyword of at least three characters that the full one begins with, in any case.
bool means(const std::string& word, std::string_view keyword) {
  return word.size() >= std::min(shortest_keyword, keyword.size()) && keyword.starts_with(lower(word));
}

std::string_view keyword_of(Function function) {
  return std::ranges::find(functions, function, &FunctionKeyword::function)->keyword;
}

std::string list_of(std::span<const Function> offered) {
  std::string text;
  for (const Function function : offered) text += (text.empty() ? "" : ", ") + std::string{keyword_of(function)};
  return text;
}

std::optional<Function> function_of(const std::string& word, std::span<const Function> offered) {
  const auto found =
      std::ranges::find_if(offered, [&](Function function) { return means(word, keyword_of(function)); });
  return found == offered.end() ? std::nullopt : std::optional{*found};
}

std::optional<std::uint64_t> tunnel_number(const std::string& word, char letter) {
  if (word.size() < 2 || std::toupper(static_cast<unsigned char>(word.front())) != letter) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = word.data() + word.size();
  const auto [stopped, error] = std::from_chars(word.data() + 1, end, number);
  if (error != std::errc{} || stopped != end || number == 0) return std::nullopt;
  return number;
}

std::unexpected<Refused> refuse(const std::string& text) {
  return std::unexpected{Refused{"ipsec: " + text + "\n", 2}};
}

/// What the combination of words must keep, once each is known.
std::optional<std::string> wrong_combination(const Arguments& arguments, bool has_tunnels) {
  if (arguments.scope != FilterScope::current &&
      (arguments.primary != Primary::filter || arguments.function != Function::display)) {
    return "-c goes with -f display";
  }
  if (arguments.function == Function::use_default || arguments.function == Function::reload) {
    const bool selects = !arguments.names.empty() || !arguments.groups.empty() || !arguments.rules.empty();
    return selects ? std::optional<std::string>{"-f default and -f reload take no selection"} : std::nullopt;
  }
  const bool acts = arguments.function != Function::display;
  const bool is_manual = arguments.primary == Primary::manual_tunnel;
  const bool acts_by_name =
      is_manual || (arguments.primary == Primary::ike_tunnel && arguments.function == Function::refresh);
  const bool begins_dynamic = arguments.function == Function::activate && !is_manual;
  if (begins_dynamic && arguments.rules.empty()) return "-y activate needs -l LocalDynVpnRule";
  const bool names_any = has_tunnels || !arguments.rules.empty() || (acts_by_name && !arguments.names.empty());
  if (acts && !names_any) {
    return fmt::format("{} needs -a TUNNEL, or -a all{}", keyword_of(arguments.function),
                       is_manual ? ", or -n IpManVpnAction" : "");
  }
  if (begins_dynamic && has_tunnels) return "-a names tunnels that are there; activate takes -l";
  // An action takes more than was meant when a selection is passed over.
  if (acts && !acts_by_name && !arguments.names.empty()) return "-n goes with display and -k refresh, and with -m";
  const bool has_rule = !arguments.rules.empty() || (acts && !arguments.names.empty());
  if (arguments.all_tunnels && (!arguments.tunnels.empty() || has_rule))
    return "-a all takes no other tunnel and no rule beside it";
  if (!arguments.rules.empty() && arguments.primary != Primary::dynamic_tunnel) return "-l goes with -y";
  if (!arguments.groups.empty() && arguments.primary != Primary::filter) return "-g goes with -f";
  if (arguments.view == View::iked && (arguments.primary != Primary::dynamic_tunnel || acts))
    return "-b goes with -y display";
  return std::nullopt;
}

/// -i and -t have no function: they only show, and all there is.
std::optional<std::string> wrong_without_function(const Arguments& arguments, bool has_tunnels) {
  const bool selects = has_tunnels || !arguments.rules.empty() || !arguments.names.empty() ||
                       !arguments.groups.empty() || arguments.view == View::iked ||
                       arguments.scope != FilterScope::current;
  return selects ? std::optional<std::string>{"-i and -t take no -a, -l, -n, -g, -b or -c"} : std::nullopt;
}

}  // namespace

std::expected<Arguments, Refused> parse_arguments(int argc, const char* const* argv) {
  Arguments arguments;
  CLI::App app{"Shows and controls IKE tunnels, dynamic and manual tunnels and IP filters.", "ipsec"};
  app.set_help_flag("-?,-h,--help", "Print this help");
  app.set_version_flag("--version", std::string{"ipsec (Adit) "} + version);
  std::array<std::string, primaries.size()> words;
  for (std::size_t i = 0; i < primaries.size(); ++i) {
    const PrimaryOption& primary = primaries[i];
    app.add_option(primary.flag, words[i], fmt::format("{}: {}", primary.objects, list_of(primary.functions)))
        ->type_name("FUNCTION");
  }
  bool interfaces = false;
  std::vector<std::string> traffic;
  app.add_flag("-i", interfaces, "Interfaces and their security classes");
  app.add_option("-t", traffic, "Which rules a packet meets")
      ->type_name("SOURCE DESTINATION PROTOCOL [PORT PORT] [in|out] [routed] [CLASS]")
      ->expected(3, 8);
  std::vector<std::string> tunnels;
  std::string scope = "current", format = "detail";
  bool from_iked = false, json = false;
  app.add_option("-p", arguments.stack, "The stack; needed when the host has several")->type_name("STACK");
  app.add_option("-a", tunnels, "Tunnels by number (K1, Y2, M3), or all")->type_name("TUNNEL")->expected(1, -1);
  app.add_option("-l", arguments.rules, "LocalDynVpnRule names")->type_name("RULE")->expected(1, -1);
  app.add_option("-n", arguments.names, "Rule or action names, to display, for -k refresh or of manual tunnels")
      ->type_name("NAME")
      ->expected(1, -1);
  app.add_option("-g", arguments.groups, "IpFilterGroup names to display")->type_name("GROUP")->expected(1, -1);
  app.add_option("-c", scope, "Of -f display: current, profile (the default filter) or policy")
      ->type_name("SCOPE")
      ->capture_default_str();
  app.add_flag("-b", from_iked, "Dynamic tunnels as iked sees them: negotiations too");
  app.add_option("-r", format, "Layout: short, detail or wide")->type_name("FORMAT")->capture_default_str();
  app.add_flag("--json", json, "The report as JSON");
  app.add_option("--socket-dir", arguments.socket_folder, "Where the daemons' sockets are")->capture_default_str();
  app.footer(
      "Exit status: 0 done, 1 refused or nothing found, 2 wrong words, 3 a daemon cannot be reached.\nSee ipsec(8).");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    std::ostringstream out, error;
    const int status = app.exit(failure, out, error);
    return std::unexpected{Refused{status == 0 ? out.str() : "ipsec: " + error.str(), status == 0 ? 0 : 2}};
  }

  const PrimaryOption* chosen = nullptr;
  std::string word;
  for (std::size_t i = 0; i < primaries.size(); ++i) {
    if (words[i].empty()) continue;
    if (chosen != nullptr) return refuse(fmt::format("{} and {} exclude each other", chosen->flag, primaries[i].flag));
    chosen = &primaries[i];
    word = words[i];
  }
  if ((chosen != nullptr) + interfaces + !traffic.empty() > 1) {
    return refuse("-k, -y, -m, -f, -i and -t exclude each other");
  }
  if (interfaces) {
    arguments.primary = Primary::interfaces;
  } else if (!traffic.empty()) {
    arguments.primary = Primary::traffic_test;
    auto tested = TestTraffic::parse(traffic);
    if (!tested) return refuse("-t: " + tested.error());
    arguments.traffic = *tested;
  } else if (chosen == nullptr) {
    return refuse("say what to show: -k, -y, -m or -f, and a function; or -i or -t; ipsec -? prints help");
  } else {
    arguments.primary = chosen->primary;
    const auto function = function_of(word, chosen->functions);
    if (!function)
      return refuse(fmt::format("{} has no function '{}'; it has {}", chosen->flag, word, list_of(chosen->functions)));
    arguments.function = *function;
  }
  if (means(scope, "profile")) {
    arguments.scope = FilterScope::profile;
  } else if (means(scope, "policy")) {
    arguments.scope = FilterScope::policy;
  } else if (!means(scope, "current")) {
    return refuse(fmt::format("-c takes current, profile or policy, not '{}'", scope));
  }

  for (const std::string& tunnel : tunnels) {
    if (chosen == nullptr) break;  // refused below
    if (chosen->tunnel_letter == 0) return refuse(fmt::format("-a does not go with {}", chosen->flag));
    if (means(tunnel, "all")) {
      arguments.all_tunnels = true;
      continue;
    }
    const auto number = tunnel_number(tunnel, chosen->tunnel_letter);
    if (!number)
      return refuse(fmt::format("'{}' is no tunnel; -a takes {}1, {}2, … or all", tunnel, chosen->tunnel_letter,
                                chosen->tunnel_letter));
    arguments.tunnels.push_back(*number);
  }
  if (json) {
    arguments.format = Format::json;
  } else if (means(format, "short")) {
    arguments.format = Format::brief;
  } else if (means(format, "wide")) {
    arguments.format = Format::wide;
  } else if (!means(format, "detail")) {
    return refuse(fmt::format("-r takes short, detail or wide, not '{}'", format));
  }
  arguments.view = from_iked ? View::iked : View::stack;
  if (chosen == nullptr) {
    if (const auto wrong = wrong_without_function(arguments, !tunnels.empty())) return refuse(*wrong);
    return arguments;
  }
  if (const auto wrong = wrong_combination(arguments, !tunnels.empty())) return refuse(*wrong);
  return arguments;
}

}  // namespace adit::tools::ipsec
