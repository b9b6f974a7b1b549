#pragma once
// Table inet adit of this thread's network namespace, and what this process has put into it.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "stack/nftables_replacement.h"
#include "stack/user/table_watch.h"

namespace adit::stack::user {

/// Not to be used by two threads at once, but for drain_watch().
class FilterTable {
 public:
  /// Puts a ruleset of ruleset_for() in force in one transaction, by the way that loses least. On failure what was in
  /// force stays, and the text says why.
  std::expected<void, std::string> replace(const std::string& ruleset);
  /// From now on watches whether somebody else deletes the table.
  std::expected<void, SystemFailure> watch();
  /// Readable when something has happened to some table; -1 where nothing is watched.
  int watch_fd() const { return watch_ ? watch_->fd() : -1; }
  /// Takes what has happened. Whether the table may have gone: ask is_there().
  bool drain_watch() { return watch_->drain(); }
  /// At a start: the table that stands, if any, counts as this one.
  void take_over();
  /// Whether the table is the one that was last replaced or taken over. True, too, where the kernel cannot be asked.
  bool is_there() const;
  /// Somebody else has deleted the table: what was put into it is gone.
  void forget() { installed_.reset(); }

 private:
  std::expected<void, std::string> replace_once(const std::string& ruleset);

  std::optional<TableNames> installed_;  ///< nothing: not known yet
  std::optional<std::uint64_t> handle_;  ///< nothing: no table yet
  std::optional<TableWatch> watch_;
};

}  // namespace adit::stack::user
