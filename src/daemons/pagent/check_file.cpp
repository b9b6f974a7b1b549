#include "daemons/pagent/check_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <memory>
#include <span>
#include <vector>

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

/// The texts of a stack's files, and the policy that they come to. Places in it borrow the names of the sources.
class Judged {
 public:
  static std::expected<Judged, FileReport> read(const StackName& stack, const PolicyFilesToJudge& files) {
    Judged judged;
    for (const std::string& path : {files.common, files.own}) {
      if (path.empty()) continue;
      auto text = read_file(path);
      if (!text) return std::unexpected{unreadable(path, text.error())};
      judged.sources_.push_back({path, std::move(*text)});
    }
    const policy::SourceFile* common = files.common.empty() ? nullptr : &judged.sources_.front();
    judged.document_ = std::make_unique<policy::Document>(stack, common, &judged.sources_.back(), key_files());
    return judged;
  }

  std::span<const policy::SourceFile> sources() const { return sources_; }
  const policy::Document& document() const { return *document_; }
  bool has_policy() const { return document_->policy() != nullptr; }
  const std::string& own_path() const { return sources_.back().name; }

  FileReport mistakes(ReportFormat format) const {
    return {.text = format == ReportFormat::json
                        ? policy::report::diagnostics_json(own_path(), document_->diagnostics())
                        : policy::render(document_->diagnostics(), sources_),
            .status = has_policy() ? ExitStatus::stopped : ExitStatus::configuration};
  }

 private:
  Judged() = default;

  std::vector<policy::SourceFile> sources_;  // moved as a whole: they stay where they are
  std::unique_ptr<policy::Document> document_;
};

}  // namespace

FileReport check_file(const PolicyFilesToJudge& files, ReportFormat format) {
  const auto judged = Judged::read(StackName{"check"}, files);
  return judged ? judged->mistakes(format) : judged.error();
}

FileReport lint_file(const PolicyFilesToJudge& files, ReportFormat format) {
  const auto judged = Judged::read(StackName{"check"}, files);
  if (!judged) return judged.error();
  if (!judged->has_policy()) return judged->mistakes(format);
  const auto remarks = policy::lint::lint(judged->document());
  const bool has_warnings = std::ranges::any_of(remarks, [](const policy::lint::Remark& remark) {
    return row_of(remark.kind).severity == policy::Diagnostic::Severity::warning;
  });
  return {.text = format == ReportFormat::json ? policy::report::remarks_json(judged->own_path(), remarks)
                                               : policy::report::remarks_text(remarks, judged->sources()),
          .status = has_warnings ? status_findings : ExitStatus::stopped};
}

FileReport compare_files(const PolicyFilesToJudge& files, const std::string& peer_path, ReportFormat format) {
  const auto judged = Judged::read(StackName{"check"}, files);
  if (!judged) return judged.error();
  const auto peer = Judged::read(StackName{"peer"}, {.own = peer_path, .common = {}});
  if (!peer) return peer.error();
  if (!judged->has_policy()) return judged->mistakes(format);
  if (!peer->has_policy()) return peer->mistakes(format);

  using policy::agreement::Side;
  const policy::Origins origins{judged->document()};
  const policy::Origins peer_origins{peer->document()};
  const Side ours{.policy = *judged->document().policy(), .origins = origins};
  const Side theirs{.policy = *peer->document().policy(), .origins = peer_origins};
  const auto by_us = policy::agreement::play(ours, theirs);
  const auto by_peer = policy::agreement::play(theirs, ours);
  const policy::report::BothWays outcomes{
      .ours = files.own, .theirs = peer_path, .started_by_us = by_us, .started_by_peer = by_peer};
  return {.text = format == ReportFormat::json ? policy::report::outcomes_json(outcomes)
                                               : policy::report::outcomes_text(outcomes),
          .status = outcomes.all_come_up() ? ExitStatus::stopped : status_findings};
}

}  // namespace adit::daemons::pagent
