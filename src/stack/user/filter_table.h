#pragma once
// Table inet adit of this thread's network namespace, and what this process has put into it.

#include <expected>
#include <optional>
#include <string>

#include "stack/nftables_replacement.h"

namespace adit::stack::user {

/// Not to be used by two threads at once.
class FilterTable {
 public:
  /// Puts a ruleset of ruleset_for() in force in one transaction, by the way that loses least. On failure what was in
  /// force stays, and the text says why.
  std::expected<void, std::string> replace(const std::string& ruleset);
  /// Somebody else has deleted the table: what was put into it is gone.
  void forget() { installed_.reset(); }

 private:
  std::optional<TableNames> installed_;  ///< nothing: not known yet
};

}  // namespace adit::stack::user
