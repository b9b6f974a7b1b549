#pragma once
// `policy show`: the resolved policy of a stack's files, rule by rule in the order of search, and where each value
// comes from: a file and line, or the default. Origins are read from the statements when they are asked for.

#include <cstdint>
#include <span>
#include <string>

#include "policy/document.h"

namespace adit::policy::report {

enum class ShowFormat : std::uint8_t { text, json };

/// The three policy statements with their rules, groups expanded in place, then each statement that a rule names, once.
/// Keys are shown as `***`. The sources are those of the document, which has a policy.
std::string shown_policy(const Document& document, std::span<const SourceFile> sources, ShowFormat format);

}  // namespace adit::policy::report
