#pragma once
// The actions of `ipsec`: hands a request over, and reports that it was, or why it was not.

#include "base/strong_id.h"
#include "tools/ipsec/run.h"

namespace adit::tools::ipsec {

/// -f default and -f reload.
Outcome choose_filters(const Arguments& arguments, const StackName& stack);
Outcome activate(const Arguments& arguments, const StackName& stack);
Outcome deactivate_ike_tunnels(const Arguments& arguments, const StackName& stack);
Outcome deactivate_dynamic_tunnels(const Arguments& arguments, const StackName& stack);
Outcome activate_manual_tunnels(const Arguments& arguments, const StackName& stack);
Outcome deactivate_manual_tunnels(const Arguments& arguments, const StackName& stack);
Outcome refresh_ike_tunnels(const Arguments& arguments, const StackName& stack);
Outcome refresh_dynamic_tunnels(const Arguments& arguments, const StackName& stack);

}  // namespace adit::tools::ipsec
