#include "policy/lint/remark.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace adit::policy::lint {
namespace {

constexpr std::array kinds = {
#define ADIT_LINT(enumerator, id, severity, help) KindRow{Kind::enumerator, id, Diagnostic::Severity::severity, help},
#include "policy/lint/kinds.inc"
#undef ADIT_LINT
};

}  // namespace

std::span<const KindRow> kind_table() { return kinds; }
const KindRow& row_of(Kind kind) { return kinds.at(static_cast<std::size_t>(std::to_underlying(kind))); }

void Remarks::add(Remark remark) {
  std::size_t& count = counts_.at(static_cast<std::size_t>(std::to_underlying(remark.kind)));
  if (++count <= most_of_a_kind) kept_.push_back(std::move(remark));
}

std::vector<Remark> Remarks::in_order(std::span<const std::string> files) && {
  const auto place = [&](const Remark& remark) {
    return std::tuple{std::distance(files.begin(), std::ranges::find(files, remark.at.file)), remark.at.line,
                      remark.at.column, remark.kind, remark.problem};
  };
  std::ranges::sort(kept_, {}, place);  // of one place by what they say: equal ones come together
  // A statement that is used at several places is found wrong at each, and told once.
  const auto repeated = std::ranges::unique(kept_);
  kept_.erase(repeated.begin(), repeated.end());
  for (const KindRow& row : kinds) {
    const std::size_t count = counts_.at(static_cast<std::size_t>(std::to_underlying(row.kind)));
    if (count <= most_of_a_kind) continue;
    const auto last = std::ranges::find(kept_.rbegin(), kept_.rend(), row.kind, &Remark::kind);
    last->problem += fmt::format(" (and {} more of this kind)", count - most_of_a_kind);
  }
  return std::move(kept_);
}

}  // namespace adit::policy::lint
