#pragma once
// The tables of tests/vectors/policy/statements: for each statement the lines that it takes and those that it refuses,
// and what each comes to. tests/vectors/policy/README.md says how a table is written.

#include <string>
#include <vector>

#include "policy/keywords.h"

namespace adit::policy {

struct StatementCase {
  bool accepted = false;          ///< begins with +, not with -
  std::vector<std::string> text;  ///< as put into the context
  std::vector<std::string> want;
  std::size_t line = 0;  ///< of the table

  bool codes(std::string_view attribute) const;
};

struct StatementTable {
  std::vector<std::string> head;  ///< all lines to the rule of dashes, as they stand
  std::vector<StatementCase> cases;

  static StatementTable read(const std::string& file);
  std::string text() const;  ///< the table with its `want`s
  /// The policy of a case, and the line on which its first line stands. Without a case: the context alone.
  std::pair<std::string, std::size_t> context(const StatementCase* one) const;
};

/// The file of a statement's table, without the folder.
std::string table_name(const StatementRow& statement);

}  // namespace adit::policy
