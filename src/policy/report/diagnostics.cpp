#include "policy/report/diagnostics.h"

#include <algorithm>

#include "policy/report/json_text.h"

namespace adit::policy::report {

std::string diagnostics_json(const std::string& file, std::span<const Diagnostic> diagnostics) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Diagnostic& diagnostic : diagnostics) {
    list.push_back({{"severity", name_of(diagnostic.severity)},
                    {"at", place(diagnostic.at)},
                    {"problem", shown(diagnostic.problem)},
                    {"found", shown(diagnostic.found)},
                    {"expected", shown(diagnostic.expected)},
                    {"nearest", shown(diagnostic.nearest)}});
  }
  const auto count = [&](Diagnostic::Severity severity) {
    return std::ranges::count(diagnostics, severity, &Diagnostic::severity);
  };
  return to_text({{"file", file},
                  {"errors", count(Diagnostic::Severity::error)},
                  {"warnings", count(Diagnostic::Severity::warning)},
                  {"diagnostics", std::move(list)}});
}

}  // namespace adit::policy::report
