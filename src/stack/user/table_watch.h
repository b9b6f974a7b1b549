#pragma once
// Tells when table inet adit may have been deleted by somebody else: `nft flush ruleset` takes every table of the
// namespace, of whatever owner.

#include <cstdint>
#include <expected>
#include <memory>

#include "stack/user/system_failure.h"

struct mnl_socket;

namespace adit::stack::user {

class TableWatch {
 public:
  /// In this thread's network namespace.
  static std::expected<TableWatch, SystemFailure> open();

  int fd() const;
  /// Takes what waits, without waiting. True when the table may be gone: somebody has deleted it, or so much came at
  /// once that some was lost. Deletion by this process counts, too: ask FilterTable::is_there().
  bool drain();
  /// While this process changes the table: of a large one the kernel would tell each element. What happens meanwhile is
  /// not told.
  enum class Listening : std::uint8_t { off, on };
  void listen(Listening choice);

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };
  std::unique_ptr<mnl_socket, Close> socket_;
};

}  // namespace adit::stack::user
