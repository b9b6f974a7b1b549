#pragma once
// What a policy server gives a client: the text of a stack's policy files, as octets on the wire and on the client's
// disk. The client judges the text by its own parser, as it would a file (docs/decisions/0008).

#include <cstddef>
#include <expected>
#include <optional>

#include "base/reader.h"
#include "base/secret.h"
#include "policy/diagnostic.h"

namespace adit::policy {

struct PolicySource {
  /// Octets of all texts together, and a little: what one message to a daemon may hold (rpc's largest_message).
  static constexpr std::size_t largest = std::size_t{60} * 1024 * 1024;

  std::optional<Secret> common, own;  ///< texts of files, which may hold shared keys; at least one

  static std::expected<PolicySource, ParseError> parse(Bytes octets);
  Secret build() const;

  /// The policy of the text. Diagnostics name the files `central common policy` and `central policy`, whichever server
  /// they came from.
  ParseResult policy_of(const StackName& stack, const Surroundings& around = {}) const;
};

}  // namespace adit::policy
