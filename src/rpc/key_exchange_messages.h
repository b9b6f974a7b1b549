#pragma once
// KeyExchangeRules and their actions, to and from their messages: the part of a policy that only iked gets.

#include "adit/v1/policy.pb.h"
#include "policy/model.h"
#include "rpc/intake.h"

namespace adit::rpc {

void write(const policy::KeyExchangeAction& from, v1::KeyExchangeAction& to);
/// All but the action, which is an index into the actions of the policy.
void write(const policy::KeyExchangeRule& from, v1::KeyExchangeRule& to);

policy::KeyExchangeAction read(Intake& in, const v1::KeyExchangeAction& from);
policy::KeyExchangeRule read(Intake& in, const v1::KeyExchangeRule& from);

}  // namespace adit::rpc
