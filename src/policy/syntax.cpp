#include "policy/syntax.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "policy/lexer.h"
#include "policy/values.h"

namespace adit::policy {
namespace {

// The presets, read once by the same rules as what a user writes.
using Presets = std::unordered_map<const AttributeRow*, Value>;
Presets read_presets(Compat compat) {
  Presets presets;
  for (const StatementRow& statement : statement_table()) {
    for (const AttributeRow& row : statement.attributes) {
      const std::string_view preset = row.preset_in(compat);
      if (preset.empty()) continue;
      Findings findings;
      const SourceFile file{.name = "preset", .text = "preset " + std::string{preset}};
      LineReader lines{file, findings};
      const Line line = *lines.next();
      presets.emplace(&row, read_value(row, ValueText{lines, line, findings, compat}));
    }
  }
  return presets;
}

}  // namespace

const Value& preset_of(const StatementRow& row, Attribute id, Compat compat) {
  static const std::array presets = {read_presets(Compat::none), read_presets(Compat::v1r12),
                                     read_presets(Compat::v2r1), read_presets(Compat::v2r2)};
  static const Value none;
  for (const AttributeRow& attribute : row.attributes) {
    if (attribute.id != id || attribute.preset.empty()) continue;
    return presets.at(static_cast<std::size_t>(compat)).at(&attribute);
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
  return entry != nullptr ? entry->value : preset_of(*row, id, compat);
}

}  // namespace adit::policy
