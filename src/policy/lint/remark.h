#pragma once
// What the linter has to say: a policy that loads, and yet may not do what its author meant.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/diagnostic.h"

namespace adit::policy::lint {

enum class Kind : std::uint8_t {
#define ADIT_LINT(enumerator, id, severity, help) enumerator,
#include "policy/lint/kinds.inc"
#undef ADIT_LINT
};

struct KindRow {
  Kind kind{};
  std::string_view id;  ///< stable: scripts may ask for it
  Diagnostic::Severity severity{};
  std::string_view help;
};
std::span<const KindRow> kind_table();
const KindRow& row_of(Kind kind);

struct Remark {
  Kind kind{};
  SourceRange at;
  std::optional<SourceRange> other;  ///< the second place, where two statements are at odds
  std::string problem;
  std::string advice;  ///< what to do
  auto operator<=>(const Remark&) const = default;
};

/// Collects remarks, so many of each kind: where a policy repeats a mistake a thousand times, the first tell.
class Remarks {
 public:
  static constexpr std::size_t most_of_a_kind = 100;

  void add(Remark remark);
  /// In order of place, files in the order of the span; what was left out is the last of its kind.
  std::vector<Remark> in_order(std::span<const std::string> files) &&;

 private:
  std::vector<Remark> kept_;
  std::vector<std::size_t> counts_ = std::vector<std::size_t>(kind_table().size());
};

}  // namespace adit::policy::lint
