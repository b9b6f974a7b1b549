#pragma once
// Reads a configuration file and parses it; what is wrong with it goes to the log, one line a mistake.

#include <fmt/format.h>

#include <optional>
#include <span>
#include <string>

#include "base/log.h"
#include "daemons/read_file.h"
#include "policy/diagnostic.h"
#include "policy/parsed.h"

namespace adit::daemons {

/// `file:line:column: problem: found …; expected …; did you mean …?`; the severity is the message's.
void log_diagnostics(std::span<const policy::Diagnostic> diagnostics);

/// Logs that a file cannot be read.
void log_unreadable(const std::string& path, const std::string& reason);

/// The value of the file, or nothing when it has mistakes or cannot be read: the one or the other.
template <class T>
std::optional<T> load_configuration(const std::string& path, policy::Parsed<T> (*parse)(const policy::SourceFile&),
                                    bool& is_readable) {
  auto text = read_file(path);
  is_readable = text.has_value();
  if (!text) {
    log_unreadable(path, text.error());
    return std::nullopt;
  }
  policy::Parsed<T> parsed = parse({path, std::move(*text)});
  log_diagnostics(parsed.diagnostics);
  if (parsed.value) log::write({CatalogueId::configuration_read, {{"file", path}}});
  return std::move(parsed.value);
}

template <class T>
std::optional<T> load_configuration(const std::string& path, policy::Parsed<T> (*parse)(const policy::SourceFile&)) {
  bool is_readable = true;
  return load_configuration(path, parse, is_readable);
}

}  // namespace adit::daemons
