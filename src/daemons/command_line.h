#pragma once
// The options that every daemon has, and the exit statuses that every daemon ends with.

#include <sys/types.h>

#include <CLI/CLI.hpp>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/catalogue.h"

namespace adit::daemons {

/// In docs/man too.
struct ExitStatus {
  static constexpr int stopped = 0;        ///< by SIGTERM or SIGINT
  static constexpr int configuration = 1;  ///< a configuration file is wrong
  static constexpr int command_line = 2;   ///< an option is wrong
  static constexpr int system = 3;         ///< a socket, device or privilege cannot be had
};

struct CommonOptions {
  std::string configuration;  ///< -c
  std::string socket_folder;  ///< --socket-dir
  std::string log_level = "info";
  std::string log_file;
  bool json_log = false;

  /// Adds the options to `app`; `configuration` keeps its value as the default where it has one.
  void add_to(CLI::App& app);
};

/// Parses the words; an exit status when there is nothing left to do (help, version, a wrong word).
std::optional<int> parse(CLI::App& app, int argc, const char* const* argv);

/// Opens the log; false, with a word on standard error, when its file cannot be opened.
bool open_log(const CommonOptions& options, const std::string& program);

/// Users by name, as numbers; the first that does not exist is named in the error.
std::expected<std::vector<uid_t>, std::string> user_ids(const std::vector<std::string>& names);

}  // namespace adit::daemons
