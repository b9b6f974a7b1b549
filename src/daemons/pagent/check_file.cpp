#include "daemons/pagent/check_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemons/command_line.h"
#include "daemons/pagent/surroundings.h"
#include "daemons/read_file.h"
#include "policy/agreement/play.h"
#include "policy/document.h"
#include "policy/lint/lint.h"
#include "policy/report/diagnostics.h"
#include "policy/report/outcomes.h"
#include "policy/report/remarks.h"

namespace adit::daemons::pagent {
namespace {

FileReport unreadable(const std::string& path, const std::string& reason) {
  return {.text = fmt::format("{}: {}\n", path, reason), .status = ExitStatus::configuration};
}

FileReport mistakes(const policy::SourceFile& source, const policy::Document& document, ReportFormat format) {
  const bool has_errors = document.policy() == nullptr;
  return {.text = format == ReportFormat::json ? policy::report::diagnostics_json(source.name, document.diagnostics())
                                               : policy::render(document.diagnostics(), std::span{&source, 1}),
          .status = has_errors ? ExitStatus::configuration : ExitStatus::stopped};
}

}  // namespace

FileReport check_file(const std::string& path, ReportFormat format) {
  auto text = read_file(path);
  if (!text) return unreadable(path, text.error());
  const policy::SourceFile source{path, std::move(*text)};
  return mistakes(source, policy::Document{StackName{"check"}, nullptr, &source, key_files()}, format);
}

FileReport lint_file(const std::string& path, ReportFormat format) {
  auto text = read_file(path);
  if (!text) return unreadable(path, text.error());
  const policy::SourceFile source{path, std::move(*text)};
  const policy::Document document{StackName{"check"}, nullptr, &source, key_files()};
  if (document.policy() == nullptr) return mistakes(source, document, format);
  const auto remarks = policy::lint::lint(document);
  const bool has_warnings = std::ranges::any_of(remarks, [](const policy::lint::Remark& remark) {
    return row_of(remark.kind).severity == policy::Diagnostic::Severity::warning;
  });
  return {.text = format == ReportFormat::json ? policy::report::remarks_json(path, remarks)
                                               : policy::report::remarks_text(remarks, std::span{&source, 1}),
          .status = has_warnings ? status_findings : ExitStatus::stopped};
}

FileReport compare_files(const std::string& path, const std::string& peer_path, ReportFormat format) {
  auto text = read_file(path);
  if (!text) return unreadable(path, text.error());
  auto peer_text = read_file(peer_path);
  if (!peer_text) return unreadable(peer_path, peer_text.error());
  const policy::SourceFile source{path, std::move(*text)};
  const policy::SourceFile peer_source{peer_path, std::move(*peer_text)};
  const policy::Document document{StackName{"check"}, nullptr, &source, key_files()};
  if (document.policy() == nullptr) return mistakes(source, document, format);
  const policy::Document peer_document{StackName{"peer"}, nullptr, &peer_source, key_files()};
  if (peer_document.policy() == nullptr) return mistakes(peer_source, peer_document, format);

  using policy::agreement::Side;
  const policy::Origins origins{document};
  const policy::Origins peer_origins{peer_document};
  const Side ours{.policy = *document.policy(), .origins = origins};
  const Side theirs{.policy = *peer_document.policy(), .origins = peer_origins};
  const auto by_us = policy::agreement::play(ours, theirs);
  const auto by_peer = policy::agreement::play(theirs, ours);
  const policy::report::BothWays outcomes{
      .ours = path, .theirs = peer_path, .started_by_us = by_us, .started_by_peer = by_peer};
  return {.text = format == ReportFormat::json ? policy::report::outcomes_json(outcomes)
                                               : policy::report::outcomes_text(outcomes),
          .status = outcomes.all_come_up() ? ExitStatus::stopped : status_findings};
}

}  // namespace adit::daemons::pagent
