#include "policy/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/nearest.h"

namespace adit::policy {

void Names::add(const Statement& file, Findings& findings) {
  for (const Entry& entry : file.entries) {
    if (entry.block == nullptr) continue;
    const Statement& statement = *entry.block;
    auto& named = statements_.at(static_cast<std::size_t>(statement.row->id));
    const auto [at, is_new] = named.try_emplace(statement.name, &statement);
    if (is_new) continue;
    const Statement& earlier = *at->second;
    if (earlier.at.file == statement.at.file) {
      findings.warning(statement.name_at, {.problem = fmt::format("{} again: the one of line {} has no effect",
                                                                  statement.row->name, earlier.at.line),
                                           .found = statement.name,
                                           .expected = "each name once for each type of statement",
                                           .nearest = {}});
    }
    // The key borrows the name of the statement it was made from: replace both.
    named.erase(at);
    named.emplace(statement.name, &statement);
  }
}

const Statement* Names::find(StatementId type, std::string_view name) const {
  const auto& named = all(type);
  const auto found = named.find(name);
  return found == named.end() ? nullptr : found->second;
}

const Statement* Names::target(const Entry& entry, Findings& findings) const {
  if (entry.block != nullptr) return entry.block.get();
  const auto* name = std::get_if<std::string>(&entry.value);
  if (name == nullptr) return nullptr;
  if (const Statement* found = find(entry.row->statement, *name)) return found;
  std::vector<std::string_view> names;
  if (!findings.is_full()) {
    for (const auto& [known, statement] : all(entry.row->statement)) names.push_back(known);
    std::ranges::sort(names);  // of equally near names always the same one
  }
  const std::string_view type = row_of(entry.row->statement).name;
  findings.error(entry.value_at,
                 {.problem = fmt::format("no {} of this name", type),
                  .found = *name,
                  .expected = fmt::format("a global {} in this file or the other one of the stack", type),
                  .nearest = nearest_word(*name, names)});
  return nullptr;
}

}  // namespace adit::policy
