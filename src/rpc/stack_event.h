#pragma once
// What a stack tells the key manager that is attached to it.

#include <variant>

#include "contract/child_sa.h"

namespace adit::rpc {

using StackEvent = std::variant<contract::InstallResult, contract::Acquire, contract::LifetimeReached,
                                contract::ChildSaCounters, contract::PeerMoved>;

}  // namespace adit::rpc
