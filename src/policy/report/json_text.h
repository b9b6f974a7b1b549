#pragma once
// What JSON reports share: places and text. A policy may hold any octets: what is no UTF-8 is replaced.

#include <nlohmann/json.hpp>

#include "policy/diagnostic.h"

namespace adit::policy::report {

/// {"file":…,"line":…,"column":…,"length":…}
nlohmann::ordered_json place(const SourceRange& at);
/// Text that a terminal or an editor may be given.
std::string shown(std::string_view text);
/// One object, indented by two, with a line end.
std::string to_text(const nlohmann::ordered_json& json);

}  // namespace adit::policy::report
