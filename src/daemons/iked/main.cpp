// iked: negotiates IKE and Child SAs for every stack of the host. It needs no privilege and gives up what it has.

#include "base/log.h"
#include "daemons/command_line.h"
#include "daemons/configuration.h"
#include "daemons/confinement.h"
#include "daemons/event_loop.h"
#include "daemons/iked/negotiator.h"
#include "daemons/life.h"
#include "daemons/socket_folder.h"
#include "rpc/socket_paths.h"

namespace adit::daemons::iked {
namespace {

constexpr const char* program = "iked";

int serve(const CommonOptions& options, const std::string& user) {
  if (!open_log(options, program)) return ExitStatus::system;
  // Before any thread starts: a capability is a thread's own.
  if (const auto given_up = give_up_privileges(user); !given_up) {
    log_failure("confinement", given_up.error());
    return ExitStatus::system;
  }
  if (const auto made = make_socket_folder(rpc::iked_folder(options.socket_folder)); !made) {
    log_failure("socket folder", made.error());
    return ExitStatus::system;
  }
  EventLoop loop;
  const auto configuration = load_configuration(options.configuration, policy::parse_iked_config);
  if (!configuration) return ExitStatus::configuration;
  const auto negotiator = Negotiator::start(loop, options.socket_folder, *configuration);
  if (!negotiator) {
    log_failure("OperatorService", negotiator.error());
    return ExitStatus::system;
  }
  loop.on_refresh([&] {
    const auto fresh = load_configuration(options.configuration, policy::parse_iked_config);
    if (!fresh) return log::write({CatalogueId::configuration_kept, {{"file", options.configuration}}});
    (*negotiator)->configure(*fresh);
  });
  log_ready(program);
  loop.run();
  log_stopped(program);
  return ExitStatus::stopped;
}

}  // namespace

int run(int argc, const char* const* argv) {
  CLI::App app{"Negotiates the tunnels of every TCP/IP stack of the host.", program};
  CommonOptions options{.configuration = "/etc/adit/iked.conf", .socket_folder = {}, .log_file = {}};
  options.add_to(app);
  std::string user;
  app.add_option("--user", user, "Become this user; it must be able to write to the socket folder")->type_name("USER");
  app.footer("Exit status: 0 stopped; 1 the configuration has errors; 2 wrong options; 3 no socket or privilege.");
  if (const auto status = parse(app, argc, argv)) return *status;
  return serve(options, user);
}

}  // namespace adit::daemons::iked

int main(int argc, char** argv) { return adit::daemons::iked::run(argc, argv); }
