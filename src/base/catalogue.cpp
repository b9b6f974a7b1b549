#include "base/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/control_character.h"

namespace adit {
namespace {

constexpr CatalogueRow rows[] = {
#define ADIT_MESSAGE(name, id, severity, text) {CatalogueId::name, id, Severity::severity, text},
#include "base/catalogue.inc"
#undef ADIT_MESSAGE
};

std::string escaped(std::string_view value) {
  std::string text;
  while (!value.empty()) {
    const std::size_t control = control_character_size(value);
    for (std::size_t i = 0; i < control; ++i) text += fmt::format("\\x{:02x}", static_cast<unsigned char>(value[i]));
    if (control == 0) text += value.front();
    value.remove_prefix(std::max<std::size_t>(control, 1));
  }
  return text;
}

}  // namespace

std::span<const CatalogueRow> catalogue() { return rows; }
const CatalogueRow& row_of(CatalogueId message) { return rows[static_cast<std::size_t>(message)]; }

std::string LogRecord::to_string() const {
  const CatalogueRow& row = row_of(message);
  std::string line = std::string{row.id} + " ";
  std::vector<bool> used(fields.size());
  std::string_view text = row.text;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    const std::size_t close = text.find('}', open);
    line += text.substr(0, open);
    if (open == std::string_view::npos || close == std::string_view::npos) break;
    const std::string_view name = text.substr(open + 1, close - open - 1);
    bool found = false;
    for (std::size_t i = 0; i < fields.size() && !found; ++i) {
      if (fields[i].name != name) continue;
      line += escaped(fields[i].value);
      used[i] = found = true;
    }
    if (!found) line += "-";
    text.remove_prefix(close + 1);
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!used[i]) line += fmt::format(" {}={}", fields[i].name, escaped(fields[i].value));
  }
  return line;
}

}  // namespace adit
