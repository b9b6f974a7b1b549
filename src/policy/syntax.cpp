#include "policy/syntax.h"

#include <algorithm>
#include <unordered_map>

#include "policy/lexer.h"
#include "policy/values.h"

namespace adit::policy {
namespace {

// The presets, read once by the same rules as what a user writes.
std::unordered_map<const AttributeRow*, Value> read_presets() {
  std::unordered_map<const AttributeRow*, Value> presets;
  for (const StatementRow& statement : statement_table()) {
    for (const AttributeRow& row : statement.attributes) {
      if (row.preset.empty()) continue;
      Findings findings;
      const SourceFile file{.name = "preset", .text = "preset " + std::string{row.preset}};
      LineReader lines{file, findings};
      const Line line = *lines.next();
      presets.emplace(&row, read_value(row, ValueText{lines, line, findings}));
    }
  }
  return presets;
}

}  // namespace

const Value& preset_of(const StatementRow& row, Attribute id) {
  static const auto presets = read_presets();
  static const Value none;
  for (const AttributeRow& attribute : row.attributes) {
    if (attribute.id != id || attribute.preset.empty()) continue;
    return presets.at(&attribute);
  }
  return none;
}

const Entry* Statement::find(Attribute id) const {
  const Entry* found = nullptr;
  for (const Entry& entry : entries) {
    if (entry.row->id != id) continue;
    if (found != nullptr && found->row->stands_for.empty() && !entry.row->stands_for.empty()) continue;
    found = &entry;
  }
  return found;
}

const Value& Statement::value_of(Attribute id) const {
  const Entry* entry = find(id);
  return entry != nullptr ? entry->value : preset_of(*row, id);
}

}  // namespace adit::policy
