// nssd: holds the private keys; signs and verifies for those iked that its configuration lets it.

#include "base/log.h"
#include "daemons/command_line.h"
#include "daemons/confinement.h"
#include "daemons/event_loop.h"
#include "daemons/life.h"
#include "daemons/nssd/answering.h"
#include "daemons/nssd/loaded_service.h"

namespace adit::daemons::nssd {
namespace {

constexpr const char* program = "nssd";

void log_client(CatalogueId message, const std::string& client) { log::write({message, {{"client", client}}}); }

int serve(const CommonOptions& options, const std::string& user) {
  if (!open_log(options, program)) return ExitStatus::system;
  // Before any thread starts: a capability is a thread's own.
  if (const auto given_up = give_up_privileges(user); !given_up) {
    log_failure("confinement", given_up.error());
    return ExitStatus::system;
  }
  EventLoop loop;
  const auto loaded = load_service(options.configuration);
  if (!loaded) return ExitStatus::configuration;
  Answering answering{std::make_shared<const LoadedService>(*loaded)};
  const auto server = rpc::NssServer::start(
      {loaded->configuration.addresses, loaded->configuration.port}, loaded->tls,
      {.asked = [&](const std::string& client, rpc::NssQuestion question,
                    rpc::NssServer::Reply reply) { answering.answer(client, std::move(question), std::move(reply)); },
       .connected = [](const std::string& client) { log_client(CatalogueId::nss_client_connected, client); },
       .disconnected = [](const std::string& client) { log_client(CatalogueId::nss_client_disconnected, client); }});
  if (!server) {
    log_failure("NssService", server.error());
    return ExitStatus::system;
  }
  loop.on_refresh([&] {
    auto fresh = load_service(options.configuration);
    if (!fresh) return log::write({CatalogueId::configuration_kept, {{"file", options.configuration}}});
    answering.replace(std::make_shared<const LoadedService>(std::move(*fresh)));
  });
  log_ready(program);
  loop.run();
  log_stopped(program);
  return ExitStatus::stopped;
}

}  // namespace

int run(int argc, const char* const* argv) {
  CLI::App app{"Holds certificates and private keys; signs and verifies for iked.", program};
  CommonOptions options{.configuration = "/etc/adit/nssd.conf", .socket_folder = {}, .log_file = {}};
  options.add_to(app);
  std::string user;
  app.add_option("--user", user, "Become this user; it must be able to read the key ring")->type_name("USER");
  app.footer("Exit status: 0 stopped; 1 a file has errors; 2 wrong options; 3 the port cannot be had.");
  if (const auto status = parse(app, argc, argv)) return *status;
  return serve(options, user);
}

}  // namespace adit::daemons::nssd

int main(int argc, char** argv) { return adit::daemons::nssd::run(argc, argv); }
