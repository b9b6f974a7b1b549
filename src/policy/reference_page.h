#pragma once
// The tables of docs/policy.md, made from the table of keywords; a test holds the page equal to them.

#include <string>

namespace adit::policy {

/// A section in Markdown for each statement: its help, and a table of its attributes with values, defaults, meaning.
std::string reference_tables();

}  // namespace adit::policy
