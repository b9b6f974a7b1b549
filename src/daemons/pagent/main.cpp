// pagent: reads the policy files and hands each stack's policy to stackd and iked.

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "base/log_gathering.h"
#include "daemons/command_line.h"
#include "daemons/confinement.h"
#include "daemons/event_loop.h"
#include "daemons/life.h"
#include "daemons/pagent/agent.h"
#include "daemons/pagent/check_file.h"
#include "daemons/socket_folder.h"
#include "rpc/socket_paths.h"

namespace adit::daemons::pagent {
namespace {

constexpr const char* program = "pagent";

/// Users, besides root, who may watch policies.
struct Watchers {
  std::vector<std::string> iked, stacks;
};

int serve(const CommonOptions& options, const Watchers& watchers, const AgentOptions& agent_options) {
  if (!open_log(options, program)) return ExitStatus::system;
  const auto for_iked = user_ids(watchers.iked), for_stacks = user_ids(watchers.stacks);
  for (const auto& [option, users] : {std::pair{"--allow-user", &for_iked}, {"--allow-stack-user", &for_stacks}}) {
    if (*users) continue;
    log_failure(option, "there is no user " + users->error());
    return ExitStatus::command_line;
  }
  if (const auto kept = keep_secrets_in(); !kept) {
    log_failure("confinement", kept.error());
    return ExitStatus::system;
  }
  if (const auto made = make_socket_folder(rpc::pagent_folder(options.socket_folder)); !made) {
    log_failure("socket folder", made.error());
    return ExitStatus::system;
  }
  EventLoop loop;
  log::Gathering gathering{log::Gathering::Mode::tells};
  const auto first = read_configuration(options.configuration);
  auto told = gathering.finish();
  if (!first) return ExitStatus::configuration;
  const auto server = rpc::PolicyServer::start({.path = rpc::pagent_socket(options.socket_folder), .users = *for_iked},
                                               {.path = rpc::pagent_stack_socket(options.socket_folder),
                                                .users = *for_stacks,
                                                .own_user = rpc::LocalSocket::OwnUser::as_others});
  if (!server) {
    log_failure("PolicyService", server.error());
    return ExitStatus::system;
  }
  Agent agent{loop, **server, options.configuration, agent_options};
  if (const auto begun = agent.begin(*first, std::move(told)); !begun) {
    log_failure("pagent", begun.error());
    return ExitStatus::system;
  }
  loop.on_refresh([&agent] { agent.refresh(); });
  log_ready(program);
  loop.run();
  log_stopped(program);
  return ExitStatus::stopped;
}

int print(const FileReport& report) {
  fmt::print("{}", report.text);
  return report.status;
}

}  // namespace

int run(int argc, const char* const* argv) {
  CLI::App app{"Reads policy files and hands each TCP/IP stack its policy.", program};
  CommonOptions options{.configuration = "/etc/adit/pagent.conf", .socket_folder = {}, .log_file = {}};
  options.add_to(app);
  std::string file_to_check;
  std::string file_to_lint;
  std::string common_file;
  bool as_json = false;
  auto* check =
      app.add_option("--check", file_to_check, "Print the mistakes of a policy file, and end")->type_name("FILE");
  auto* lint = app.add_option("--lint", file_to_lint, "Print what a policy file says and hardly means, and end")
                   ->type_name("FILE");
  lint->excludes(check);
  std::string peer_file;
  app.add_option("--against", peer_file,
                 "With --lint: play the tunnels of the file through against the peer's, instead")
      ->type_name("PEERFILE")
      ->needs(lint);
  app.add_option("--common", common_file,
                 "With --check or --lint: the policy file for all stacks, beside the stack's own")
      ->type_name("FILE");
  app.add_flag("--json", as_json, "Print one JSON object: with --check or --lint");
  Watchers watchers;
  app.add_option("--allow-user", watchers.iked, "Users, besides root, who may have shared keys: iked's")
      ->type_name("USER");
  app.add_option("--allow-stack-user", watchers.stacks,
                 "Users, besides root, who may have keys of manual tunnels: stackd's")
      ->type_name("USER");
  AgentOptions agent;
  app.add_flag("-i,--immediate", agent.reacts_at_once, "Read files again as soon as they change, not at the interval");
  app.add_option("--state-dir", agent.state_folder, "Where the last policies that policy servers gave are kept")
      ->type_name("DIR")
      ->capture_default_str();
  app.footer(
      "Exit status: 0 stopped, or nothing found; 1 a file has errors; 2 wrong options; 3 no socket; 4 --lint has "
      "warnings.");
  if (const auto status = parse(app, argc, argv)) return *status;
  const ReportFormat format = as_json ? ReportFormat::json : ReportFormat::text;
  if (!common_file.empty() && file_to_check.empty() && file_to_lint.empty()) {
    fmt::print(stderr, "--common requires --check or --lint\n");
    return ExitStatus::command_line;
  }
  if (!file_to_check.empty()) return print(check_file({file_to_check, common_file}, format));
  if (!peer_file.empty()) return print(compare_files({file_to_lint, common_file}, peer_file, format));
  if (!file_to_lint.empty()) return print(lint_file({file_to_lint, common_file}, format));
  return serve(options, watchers, agent);
}

}  // namespace adit::daemons::pagent

int main(int argc, char** argv) { return adit::daemons::pagent::run(argc, argv); }
