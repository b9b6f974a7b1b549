#include "policy/report/json_text.h"

#include "policy/masked.h"

namespace adit::policy::report {

nlohmann::ordered_json place(const SourceRange& at) {
  return {{"file", at.file}, {"line", at.line}, {"column", at.column}, {"length", at.length}};
}

std::string shown(std::string_view text) { return shown_text(text); }

std::string to_text(const nlohmann::ordered_json& json) {
  constexpr int indent = 2;
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace adit::policy::report
