#include "daemons/configuration.h"

namespace adit::daemons {
namespace {

std::string in_one_line(const policy::Diagnostic& diagnostic) {
  std::string text = diagnostic.problem;
  if (!diagnostic.found.empty()) text += fmt::format(": found '{}'", diagnostic.found);
  if (!diagnostic.expected.empty()) text += fmt::format("; expected {}", diagnostic.expected);
  if (!diagnostic.nearest.empty()) text += fmt::format("; did you mean '{}'?", diagnostic.nearest);
  return text;
}

CatalogueId message_of(policy::Diagnostic::Severity severity) {
  switch (severity) {
    case policy::Diagnostic::Severity::error:
      return CatalogueId::configuration_error;
    case policy::Diagnostic::Severity::warning:
      return CatalogueId::configuration_warning;
    case policy::Diagnostic::Severity::note:
      return CatalogueId::configuration_note;
  }
  return CatalogueId::configuration_error;
}

}  // namespace

void log_diagnostics(std::span<const policy::Diagnostic> diagnostics) {
  for (const policy::Diagnostic& diagnostic : diagnostics) {
    const policy::SourceRange& at = diagnostic.at;
    const std::string where = fmt::format("{}:{}:{}", at.file, at.line, at.column);
    log::write({message_of(diagnostic.severity), {{"where", where}, {"problem", in_one_line(diagnostic)}}});
  }
}

void log_unreadable(const std::string& path, const std::string& reason) {
  log::write({CatalogueId::configuration_error, {{"where", path}, {"problem", reason}}});
}

}  // namespace adit::daemons
