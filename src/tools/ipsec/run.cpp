#include "tools/ipsec/run.h"

#include <algorithm>
#include <cctype>
#include <expected>
#include <filesystem>

#include "rpc/socket_paths.h"
#include "tools/ipsec/actions.h"
#include "tools/ipsec/displays.h"
#include "tools/ipsec/outcome.h"

namespace adit::tools::ipsec {
namespace {

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, {}, [](unsigned char c) { return std::tolower(c); }, [](unsigned char c) { return std::tolower(c); });
}

/// The stacks of the host, by the sockets of their stackd; or why the folder cannot be read.
std::expected<std::vector<StackName>, std::string> stacks_in(const std::string& folder) {
  std::vector<StackName> stacks;
  std::error_code failure;
  const std::string theirs = rpc::stacks_folder(folder);
  std::filesystem::directory_iterator file{theirs, failure};
  if (failure == std::errc::no_such_file_or_directory) {
    if (std::filesystem::is_directory(folder, failure)) return stacks;
    return std::unexpected{folder + ": " + std::make_error_code(std::errc::no_such_file_or_directory).message()};
  }
  // Not by range-for, whose increment throws.
  for (; !failure && file != std::filesystem::directory_iterator{}; file.increment(failure)) {
    if (auto stack = rpc::stack_of_socket(file->path().filename().string())) stacks.push_back(std::move(*stack));
  }
  if (failure) return std::unexpected{theirs + ": " + failure.message()};
  std::ranges::sort(stacks);
  return stacks;
}

std::string list_of(const std::vector<StackName>& stacks) {
  std::string text;
  for (const StackName& stack : stacks) text += (text.empty() ? "" : ", ") + stack.text;
  return text.empty() ? "none" : text;
}

Outcome run_on(const Arguments& arguments, const StackName& stack) {
  switch (arguments.primary) {
    case Primary::ike_tunnel:
      if (arguments.function == Function::deactivate) return deactivate_ike_tunnels(arguments, stack);
      if (arguments.function == Function::refresh) return refresh_ike_tunnels(arguments, stack);
      return display_ike_tunnels(arguments, stack);
    case Primary::dynamic_tunnel:
      if (arguments.function == Function::activate) return activate(arguments, stack);
      if (arguments.function == Function::deactivate) return deactivate_dynamic_tunnels(arguments, stack);
      if (arguments.function == Function::refresh) return refresh_dynamic_tunnels(arguments, stack);
      if (arguments.view == View::iked) return display_negotiated_tunnels(arguments, stack);
      return display_installed_tunnels(arguments, stack);
    case Primary::manual_tunnel:
      if (arguments.function == Function::activate) return activate_manual_tunnels(arguments, stack);
      if (arguments.function == Function::deactivate) return deactivate_manual_tunnels(arguments, stack);
      return display_manual_tunnels(arguments, stack);
    case Primary::interfaces:
      return display_interfaces(arguments, stack);
    case Primary::traffic_test:
      return test_traffic(arguments, stack);
    case Primary::filter:
      if (arguments.function != Function::display) return choose_filters(arguments, stack);
      break;
  }
  return display_filters(arguments, stack);
}

}  // namespace

Outcome run(const Arguments& arguments) {
  const auto found = stacks_in(arguments.socket_folder);
  if (!found) return failed(found.error(), no_daemon);
  const std::vector<StackName>& stacks = *found;
  if (arguments.stack.empty()) {
    if (stacks.size() == 1) return run_on(arguments, stacks.front());
    if (stacks.empty()) return failed("no stack is active in " + arguments.socket_folder, no_daemon);
    return failed("say which stack with -p: " + list_of(stacks), wrong_words);
  }
  const auto named = std::ranges::find_if(
      stacks, [&](const StackName& stack) { return equal_without_case(stack.text, arguments.stack); });
  if (named == stacks.end()) {
    return failed("stack " + arguments.stack + " is not active; active: " + list_of(stacks), no_daemon);
  }
  return run_on(arguments, *named);
}

}  // namespace adit::tools::ipsec
