#pragma once
// The interfaces of the network namespace that this process runs in.

#include <map>

#include "rpc/operator_views.h"

namespace adit::daemons::stackd {

/// By name. None when the system does not tell.
std::vector<rpc::InterfaceView> interfaces(const std::map<std::string, std::uint8_t>& security_classes);

}  // namespace adit::daemons::stackd
