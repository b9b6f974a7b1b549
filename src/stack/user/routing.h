#pragma once
// What sends marked packets into the TUN device: the device up, a routing table with a default route to it, and a rule
// that asks the table for marked packets, in both families. By rtnetlink.

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "stack/user/system_failure.h"

namespace adit::stack::user {

struct Steering {
  std::string device;
  unsigned device_index = 0;
  unsigned mtu = 0;
  std::uint32_t mark = 0;
  std::uint32_t table = 0;
  std::uint32_t priority = 0;
};

/// Takes the place of what a predecessor left. The table is the stack's own: what else is in it is not touched.
/// @return what could not be set though packets may flow without (settings in /proc), for the log
std::expected<std::vector<SystemFailure>, SystemFailure> steer(const Steering& steering);
/// Removes the rules; the routes go with their device.
void stop_steering(const Steering& steering);

}  // namespace adit::stack::user
