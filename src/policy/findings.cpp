#include "policy/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "policy/masked.h"

namespace adit::policy {

void Findings::add(Diagnostic::Severity severity, const Place& at, Finding finding) {
  if (severity == Diagnostic::Severity::error) ++errors_;
  // An error must show itself even when warnings have filled the list: it is what keeps the policy out.
  if (is_full() && (severity != Diagnostic::Severity::error || errors_ > 1)) {
    ++left_out_;
    return;
  }
  kept_.push_back({.severity = severity,
                   .at = at.range(),
                   .problem = std::move(finding.problem),
                   .found = std::string{shown_word(finding.found, FoundAs::value)},
                   .expected = std::move(finding.expected),
                   .nearest = std::move(finding.nearest),
                   .may_hold_key = finding.may_hold_key});
}

std::vector<Diagnostic> Findings::in_order(const std::vector<std::string>& files) && {
  // With the order in which they were found last in the key: what stands at one place stays in that order.
  std::vector<std::tuple<std::ptrdiff_t, std::uint32_t, std::uint32_t, std::size_t>> keys;
  for (const Diagnostic& diagnostic : kept_) {
    keys.emplace_back(std::ranges::find(files, diagnostic.at.file) - files.begin(), diagnostic.at.line,
                      diagnostic.at.column, keys.size());
  }
  std::ranges::sort(keys);
  std::vector<Diagnostic> sorted;
  for (const auto& key : keys) sorted.push_back(std::move(kept_[std::get<3>(key)]));
  kept_ = std::move(sorted);
  // A statement used at several places is found wrong at each of them, and told once.
  const auto repeated = std::ranges::unique(kept_);
  kept_.erase(repeated.begin(), repeated.end());
  if (left_out_ != 0) {
    kept_.push_back({.severity = Diagnostic::Severity::note,
                     .at = kept_.back().at,
                     .problem = fmt::format("{} more mistakes are not listed", left_out_),
                     .found = {},
                     .expected = {},
                     .nearest = {}});
  }
  return std::move(kept_);
}

}  // namespace adit::policy
