#include "daemons/command_line.h"

#include <fmt/format.h>
#include <pwd.h>

#include <cstdio>
#include <stdexcept>

#include "base/log.h"
#include "base/version.h"
#include "rpc/grpc_log.h"
#include "rpc/socket_paths.h"

namespace adit::daemons {
namespace {

Severity severity_of(const std::string& level) {
  if (level == "debug") return Severity::debug;
  if (level == "warning") return Severity::warning;
  if (level == "error") return Severity::error;
  return Severity::info;
}

}  // namespace

void CommonOptions::add_to(CLI::App& app) {
  if (!configuration.empty()) {
    app.add_option("-c,--config", configuration, "Configuration file")->type_name("FILE")->capture_default_str();
  }
  socket_folder = rpc::default_socket_folder;
  app.add_option("--socket-dir", socket_folder, "Folder of the daemons' sockets")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--log-level", log_level, "Least severity that is logged")
      ->check(CLI::IsMember{{"debug", "info", "warning", "error"}})
      ->capture_default_str();
  app.add_option("--log-file", log_file, "Log file; standard error without it")->type_name("FILE");
  app.add_flag("--json-log", json_log, "One JSON object a line");
  app.set_version_flag("--version", fmt::format("{} (Adit) {}", app.get_name(), version));
}

std::optional<int> parse(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? ExitStatus::stopped : ExitStatus::command_line;
  }
  return std::nullopt;
}

bool open_log(const CommonOptions& options, const std::string& program) {
  rpc::silence_grpc_log();
  try {
    log::open({.program = program,
               .least = severity_of(options.log_level),
               .json = options.json_log,
               .file = options.log_file});
  } catch (const std::runtime_error& failure) {
    fmt::print(stderr, "{}: {}\n", program, failure.what());
    return false;
  }
  return true;
}

std::expected<std::vector<uid_t>, std::string> user_ids(const std::vector<std::string>& names) {
  std::vector<uid_t> users;
  for (const std::string& name : names) {
    const passwd* entry = ::getpwnam(name.c_str());
    if (entry == nullptr) return std::unexpected{name};
    users.push_back(entry->pw_uid);
  }
  return users;
}

}  // namespace adit::daemons
