#pragma once
// `pagent --lint FILE --against PEERFILE`: what two policies would come to.

#include <span>
#include <string>

#include "policy/agreement/outcome.h"

namespace adit::policy::report {

/// The tunnels that each side may start. Here is the initiator, there the responder.
struct BothWays {
  std::string ours, theirs;  ///< names of the files
  std::span<const agreement::Outcome> started_by_us, started_by_peer;

  /// Whether every tunnel comes up; not when there is none.
  bool all_come_up() const;
};

/// Each tunnel, then a line for each step: what, what was agreed or differs, and where both say so.
std::string outcomes_text(const BothWays& outcomes);

/// {"file":…,"peer":…,"tunnels":[{"tunnel","started_by","at","version","ends","comes_up","steps":[{"what","agreed",
/// "result","initiator","responder"},…]},…]}; "manual":true with a manual tunnel, whose sender is "started_by"
std::string outcomes_json(const BothWays& outcomes);

}  // namespace adit::policy::report
