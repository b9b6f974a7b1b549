// stackd: one TCP/IP stack: its filters, its SAs, its packets. Runs in the network namespace that it serves.

#include <algorithm>
#include <cctype>
#include <charconv>

#include "daemons/command_line.h"
#include "daemons/confinement.h"
#include "daemons/event_loop.h"
#include "daemons/life.h"
#include "daemons/socket_folder.h"
#include "daemons/stackd/served_stack.h"
#include "rpc/socket_paths.h"

namespace adit::daemons::stackd {
namespace {

constexpr const char* program = "stackd";

/// The name becomes part of sockets' names: no slash, and nothing that would need quoting.
std::string is_stack_name(const std::string& name) {
  constexpr std::size_t longest = 64;
  const bool right = !name.empty() && name.size() <= longest && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
  return right ? "" : "a stack's name has 1 to 64 letters, digits, '_', '-' or '.'";
}

/// It stands in the text of nftables and in paths under /proc. The kernel would take a '%' for a pattern.
std::string is_device_name(const std::string& name) {
  constexpr std::size_t longest = 15;
  const bool right = !name.empty() && name.size() <= longest && name != "." && name != ".." &&
                     std::ranges::all_of(name, [](unsigned char c) {
                       return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
                     });
  return right ? "" : "a device's name has 1 to 15 letters, digits, '_', '-' or '.'";
}

std::string is_security_class(const std::string& text) {
  const std::size_t equals = text.find('=');
  unsigned value = 0;
  if (equals != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data() + equals + 1, end, value);
    if (error != std::errc{} || stopped != end) value = 0;
  }
  const bool right = value >= 1 && value <= 255 && is_device_name(text.substr(0, equals)).empty();
  return right ? "" : "a security class is written INTERFACE=CLASS, the class 1 to 255";
}

int serve(const CommonOptions& common, StackdOptions options, const std::vector<std::string>& users) {
  if (!open_log(common, program)) return ExitStatus::system;
  auto allowed = user_ids(users);
  if (!allowed) {
    log_failure("--allow-user", "there is no user " + allowed.error());
    return ExitStatus::command_line;
  }
  options.users = std::move(*allowed);
  options.socket_folder = common.socket_folder;
  if (const auto kept = keep_secrets_in(); !kept) {
    log_failure("confinement", kept.error());
    return ExitStatus::system;
  }
  if (const auto made = make_socket_folder(rpc::stacks_folder(options.socket_folder)); !made) {
    log_failure("socket folder", made.error());
    return ExitStatus::system;
  }
  EventLoop loop;
  const auto stack = ServedStack::start(loop, std::move(options));
  if (!stack) {
    log_failure("start of the stack", stack.error());
    return ExitStatus::system;
  }
  log_ready(program);
  loop.run();
  log_stopped(program);
  return ExitStatus::stopped;
}

/// What a host has before its network is up. What stands closed stays.
int close_until_policy(const CommonOptions& common, const stack::user::Options& options) {
  if (!open_log(common, program)) return ExitStatus::system;
  const stack::RulesetOptions rules{.tun_name = options.tun_name, .routed_tun_name = options.tun_name + "r"};
  const auto settled = stack::user::settle_filters(stack::UntilPolicy::deny, rules);
  if (settled) return ExitStatus::stopped;
  log_failure("filters of the boot", settled.error());
  return ExitStatus::system;
}

}  // namespace

int run(int argc, const char* const* argv) {
  CLI::App app{"Serves one TCP/IP stack: the network namespace it runs in.", program};
  CommonOptions common;
  common.add_to(app);
  StackdOptions options;
  auto* stack = app.add_option("--stack", options.stack.text, "Name of the stack, as policies and ipsec -p know it")
                    ->type_name("NAME")
                    ->check(is_stack_name);
  app.add_option("--tun", options.data_plane.tun_name, "Name of the TUN device")
      ->type_name("NAME")
      ->check(is_device_name)
      ->capture_default_str();
  app.add_option("--mtu", options.data_plane.mtu, "Octets of a packet that enters a tunnel")
      ->check(CLI::Range{1280, 9000})
      ->capture_default_str();
  bool permit = false, remove = false, boot = false;
  auto* boot_filter =
      app.add_flag("--boot-filter", boot, "Deny all traffic until a policy comes, and end: before the network is up")
          ->excludes(stack);
  app.add_flag("--permit-until-policy", permit, "Let all traffic pass until the first policy has come, if none stands")
      ->excludes(boot_filter);
  app.add_flag("--remove-filters", remove, "Remove the filters at the end: what they protect then leaves in clear");
  std::vector<std::string> classes;
  app.add_option("--security-class", classes, "Security class of an interface, 1 to 255 (IpService SecurityClass)")
      ->type_name("INTERFACE=CLASS")
      ->check(is_security_class);
  app.add_option("--state-dir", options.state_folder, "Where it is kept that ipsec -f default is in force")
      ->type_name("DIR")
      ->capture_default_str();
  std::vector<std::string> users;
  app.add_option("--allow-user", users, "Users, besides root, who may install SAs: iked's")->type_name("USER");
  app.footer("Exit status: 0 stopped; 2 wrong options; 3 a device, socket or privilege cannot be had.");
  app.final_callback([&] {
    if (!boot && options.stack.text.empty()) throw CLI::RequiredError{"--stack"};
  });
  if (const auto status = parse(app, argc, argv)) return *status;
  if (boot) return close_until_policy(common, options.data_plane);
  for (const std::string& text : classes) {
    const std::size_t equals = text.find('=');
    options.data_plane.security_classes[text.substr(0, equals)] =
        static_cast<std::uint8_t>(std::stoul(text.substr(equals + 1)));
  }
  if (permit) options.data_plane.until_policy = stack::UntilPolicy::permit;
  if (remove) options.data_plane.at_stop = stack::user::Options::AtStop::remove_filters;
  return serve(common, std::move(options), users);
}

}  // namespace adit::daemons::stackd

int main(int argc, char** argv) { return adit::daemons::stackd::run(argc, argv); }
