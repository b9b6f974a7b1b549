#pragma once
// What iked and a stack say to each other, to and from its messages (stack.proto). A message does not name the stack:
// its socket does, and whoever reads fills it in.

#include "adit/v1/stack.pb.h"
#include "ike/engine/engine.h"
#include "rpc/intake.h"
#include "rpc/stack_event.h"

namespace adit::rpc {

void write(const ike::StackRequest& from, v1::StackRequest& to);
void write(const StackEvent& from, v1::StackEvent& to);

/// Hello is no request of a domain type: it does not come here.
std::expected<ike::StackRequest, Malformed> from_message(const v1::StackRequest& message, const StackName& stack);
/// Nor does Ready.
std::expected<StackEvent, Malformed> from_message(const v1::StackEvent& message, const StackName& stack);

}  // namespace adit::rpc
