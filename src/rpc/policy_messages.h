#pragma once
// The resolved policy to and from its messages (policy.proto).

#include <optional>
#include <string>

#include "adit/v1/policy.pb.h"
#include "policy/model.h"
#include "rpc/audience.h"
#include "rpc/filter_messages.h"
#include "rpc/intake.h"

namespace adit::rpc {

/// For Audience::stack without KeyExchangeRules, their actions and their shared keys; for others without the keys of
/// manual tunnels.
v1::PolicySnapshot to_message(const policy::PolicySnapshot& snapshot, Audience audience);
std::expected<policy::PolicyPointer, Malformed> from_message(const v1::PolicySnapshot& message);
/// Why no receiver would take the policy: its message is too long, or holds more of something than from_message()
/// takes. Nothing when it would.
std::optional<std::string> why_not_taken(const policy::PolicySnapshot& snapshot);

void write(const policy::FilterPolicy& from, v1::FilterPolicy& to, ManualKeys keys = ManualKeys::left_out);
policy::FilterPolicy read(Intake& in, const v1::FilterPolicy& from);

}  // namespace adit::rpc
