#include "policy/report/remarks.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/report/json_text.h"
#include "policy/source_lines.h"

namespace adit::policy::report {
namespace {

std::size_t count(std::span<const lint::Remark> remarks, Diagnostic::Severity severity) {
  return static_cast<std::size_t>(std::ranges::count_if(
      remarks, [severity](const lint::Remark& remark) { return row_of(remark.kind).severity == severity; }));
}

}  // namespace

std::string remarks_text(std::span<const lint::Remark> remarks, std::span<const SourceFile> sources) {
  const SourceLines lines{sources};
  std::string text;
  for (const lint::Remark& remark : remarks) {
    const lint::KindRow& row = row_of(remark.kind);
    const Diagnostic diagnostic{.severity = row.severity,
                                .at = remark.at,
                                .problem = fmt::format("{} [{}]", remark.problem, row.id),
                                .found = {},
                                .expected = {},
                                .nearest = {}};
    text += diagnostic.to_string(lines.at(remark.at)) + "\n";
    if (remark.other) {
      text += fmt::format("  other: {}:{}:{}\n", remark.other->file, remark.other->line, remark.other->column);
    }
    text += fmt::format("  to do: {}\n", shown(remark.advice));
  }
  text += fmt::format("{} warnings, {} notes\n", count(remarks, Diagnostic::Severity::warning),
                      count(remarks, Diagnostic::Severity::note));
  return text;
}

std::string remarks_json(const std::string& file, std::span<const lint::Remark> remarks) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const lint::Remark& remark : remarks) {
    const lint::KindRow& row = row_of(remark.kind);
    nlohmann::ordered_json finding = {{"id", row.id}, {"severity", name_of(row.severity)}, {"at", place(remark.at)}};
    if (remark.other) finding["other"] = place(*remark.other);
    finding["problem"] = shown(remark.problem);
    finding["advice"] = shown(remark.advice);
    list.push_back(std::move(finding));
  }
  return to_text({{"file", file},
                  {"warnings", count(remarks, Diagnostic::Severity::warning)},
                  {"notes", count(remarks, Diagnostic::Severity::note)},
                  {"findings", std::move(list)}});
}

std::string kinds_table() {
  std::string table = "| id | severity | finding |\n| --- | --- | --- |\n";
  for (const lint::KindRow& row : lint::kind_table()) {
    table += fmt::format("| {} | {} | {} |\n", row.id, name_of(row.severity), row.help);
  }
  return table;
}

}  // namespace adit::policy::report
