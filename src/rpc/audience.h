#pragma once
// For whom a policy is: what a daemon has no use for, and secrets above all, is not sent to it.

#include <cstdint>

namespace adit::rpc {

enum class Audience : std::uint8_t { iked, stack };

}  // namespace adit::rpc
