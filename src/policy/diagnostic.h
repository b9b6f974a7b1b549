#pragma once
// A mistake in a file, told to the person who wrote it.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/model.h"
#include "policy/surroundings.h"

namespace adit::policy {

struct Diagnostic {
  enum class Severity : std::uint8_t { error, warning, note } severity = Severity::error;
  SourceRange at;
  std::string problem;        ///< "unknown attribute", "value out of range"
  std::string found;          ///< as written
  std::string expected;       ///< what would be right
  std::string nearest;        ///< the nearest valid word, or empty
  bool may_hold_key = false;  ///< of the line, what stands after the place is not shown
  auto operator<=>(const Diagnostic&) const = default;

  /// `file:line:column: error: …`, the line with a caret below, what was expected, the nearest word.
  std::string to_string(std::string_view source_line) const;
};

/// `error`, `warning`, `note`
std::string_view name_of(Diagnostic::Severity severity);

/// A file's text may hold keys: it wipes itself. Copied where it is moved, so that nothing is left behind.
struct SourceFile {
  std::string name, text;
  ~SourceFile();
};

/// Text in, policy out: no file is opened here.
struct ParseResult {
  PolicyPointer policy;                 ///< null when any diagnostic is an error: all or nothing
  std::vector<Diagnostic> diagnostics;  ///< all of them, in order of place
};

/// Parses and resolves the policy files of one stack: the common file (or none) and the stack's own (or none); a global
/// statement of the stack's file replaces the common one of the same type and name (reference §2.2).
ParseResult parse_policy(const StackName& stack, const SourceFile* common, const SourceFile* own,
                         const Surroundings& around = {});

/// All diagnostics with their lines, ready to print.
std::string render(std::span<const Diagnostic> diagnostics, std::span<const SourceFile> sources);

}  // namespace adit::policy
