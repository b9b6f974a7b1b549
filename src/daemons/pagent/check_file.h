#pragma once
// `pagent --check`, `--lint` and `--lint --against`: the policy files of one stack read, judged and reported. No daemon
// is asked.

#include <cstdint>
#include <string>

#include "policy/diagnostic.h"

namespace adit::daemons::pagent {

enum class ReportFormat : std::uint8_t { text, json };

/// Beside those of every daemon (daemons/command_line.h): a policy that loads, and of which the linter warns; one whose
/// tunnels cannot come up with the peer's file.
inline constexpr int status_findings = 4;

/// What is printed, and the exit status that goes with it (docs/man/pagent.8).
struct FileReport {
  std::string text;
  int status = 0;
};

/// A stack's own policy file, and the one for all stacks beside it, if any.
struct PolicyFilesToJudge {
  std::string own;
  std::string common;  ///< empty: none
};

/// The mistakes of one policy file with their lines. Status 1 when any is an error, or the file cannot be read.
FileReport check_file(const PolicyFilesToJudge& files, ReportFormat format);

/// What the linter finds in a file without errors. Status 4 when there is a warning, 0 when there are notes at most, 1
/// with the mistakes instead when the file has errors.
FileReport lint_file(const PolicyFilesToJudge& files, ReportFormat format);

/// What the tunnels of a policy file and of the peer's would come to (policy/agreement/play.h). Status 4 when one does
/// not come up, or there is none; 1 when a file has errors or cannot be read.
FileReport compare_files(const PolicyFilesToJudge& files, const std::string& peer_path, ReportFormat format);

}  // namespace adit::daemons::pagent
