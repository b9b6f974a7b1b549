#pragma once
// The displays of `ipsec`: asks a daemon, selects, and hands the entries to the report.

#include "base/strong_id.h"
#include "tools/ipsec/run.h"

namespace adit::tools::ipsec {

Outcome display_ike_tunnels(const Arguments& arguments, const StackName& stack);
Outcome display_negotiated_tunnels(const Arguments& arguments, const StackName& stack);
Outcome display_installed_tunnels(const Arguments& arguments, const StackName& stack);
Outcome display_manual_tunnels(const Arguments& arguments, const StackName& stack);
Outcome display_interfaces(const Arguments& arguments, const StackName& stack);
Outcome test_traffic(const Arguments& arguments, const StackName& stack);
Outcome display_filters(const Arguments& arguments, const StackName& stack);

}  // namespace adit::tools::ipsec
