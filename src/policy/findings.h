#pragma once
// Collects what is wrong with the files of one parse, bounded, and hands it out in order of place.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/diagnostic.h"

namespace adit::policy {

/// Where something stands: as SourceRange, but the file's name is borrowed while its text is parsed.
struct Place {
  const std::string* file = nullptr;
  std::uint32_t line = 0, column = 0, length = 0;
  SourceRange range() const { return {.file = *file, .line = line, .column = column, .length = length}; }
};

/// What a Diagnostic says beside its place and severity.
struct Finding {
  std::string problem, found, expected, nearest;
  bool may_hold_key = false;  ///< what stands after the place may be a key, whatever it is called
};

class Findings {
 public:
  /// Diagnostics kept of one parse. A file that is no policy at all has an error on each line: the first ones tell.
  static constexpr std::size_t most = 200;

  void error(const Place& at, Finding finding) { add(Diagnostic::Severity::error, at, std::move(finding)); }
  void warning(const Place& at, Finding finding) { add(Diagnostic::Severity::warning, at, std::move(finding)); }
  void note(const Place& at, Finding finding) { add(Diagnostic::Severity::note, at, std::move(finding)); }

  bool has_errors() const { return errors_ != 0; }
  /// Nothing more is kept: the nearest word need not be looked for.
  bool is_full() const { return kept_.size() >= most; }

  /// All of them, those of the first file named first, each once.
  std::vector<Diagnostic> in_order(const std::vector<std::string>& files) &&;

 private:
  void add(Diagnostic::Severity severity, const Place& at, Finding finding);

  std::vector<Diagnostic> kept_;
  std::size_t errors_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace adit::policy
