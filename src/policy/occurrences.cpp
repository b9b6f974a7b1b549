#include "policy/occurrences.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace adit::policy {
namespace {

// Rows that stand for each other: of one slot, or the spellings of one attribute.
bool are_alternatives(const AttributeRow& a, const AttributeRow& b) {
  return &a == &b || (a.slot != 0 && a.slot == b.slot) || (a.slot == 0 && b.slot == 0 && a.id == b.id);
}

void check_repeated(const Entry& first, const Entry& again, Findings& findings) {
  if (first.row == again.row) {
    findings.warning(
        again.at, {.problem = fmt::format("{} again: the one of line {} has no effect", again.row->name, first.at.line),
                   .found = {},
                   .expected = fmt::format("{} once", again.row->name),
                   .nearest = {}});
    return;
  }
  const bool are_spellings = !first.row->stands_for.empty() || !again.row->stands_for.empty();
  if (are_spellings) {
    const Entry& older = first.row->stands_for.empty() ? again : first;
    const Entry& newer = first.row->stands_for.empty() ? first : again;
    findings.warning(older.at, {.problem = fmt::format("{} has no effect: {} stands at line {}", older.row->name,
                                                       newer.row->name, newer.at.line),
                                .found = {},
                                .expected = fmt::format("{} alone", newer.row->name),
                                .nearest = {}});
    return;
  }
  findings.error(again.at,
                 {.problem = fmt::format("{} beside {} of line {}", again.row->name, first.row->name, first.at.line),
                  .found = std::string{again.row->name},
                  .expected = "one of the two",
                  .nearest = {}});
}

}  // namespace

void check_occurrences(const Statement& statement, Findings& findings) {
  const auto rows = statement.row->attributes;
  // The first entry of each row and its alternatives, found by the row's place: one pass, however many rules there are.
  std::vector<const Entry*> firsts(rows.size(), nullptr);
  for (const Entry& entry : statement.entries) {
    const Entry* first = nullptr;
    for (std::size_t i = 0; i < rows.size() && first == nullptr; ++i) {
      if (firsts[i] != nullptr && are_alternatives(rows[i], *entry.row)) first = firsts[i];
    }
    if (first == nullptr) {
      firsts[static_cast<std::size_t>(entry.row - rows.data())] = &entry;
    } else if (entry.row->occurs == Occurs::once) {
      check_repeated(*first, entry, findings);
    }
  }
  for (const AttributeRow& row : rows) {
    if (row.need != Need::required) continue;
    const bool is_there = std::ranges::any_of(
        firsts, [&row](const Entry* entry) { return entry != nullptr && are_alternatives(*entry->row, row); });
    if (is_there) continue;
    std::string words;
    for (const AttributeRow& other : rows) {
      if (are_alternatives(row, other) && other.stands_for.empty() && other.unsupported.empty()) {
        words += (words.empty() ? "" : " | ") + std::string{other.name};
      }
    }
    findings.error(statement.at, {.problem = fmt::format("{} without {}", statement.row->name, row.name),
                                  .found = statement.name,
                                  .expected = words,
                                  .nearest = {}});
  }
}

}  // namespace adit::policy
