#pragma once
// A policy at one time: filters whose IpTimeCondition does not hold are not in force, and manual tunnels whose
// condition does not hold are not installed: what they protect is dropped. stackd and iked get what is in force, so a
// condition that begins or ends to hold is to them a refresh like any other.

#include <optional>

#include "policy/model.h"

namespace adit::policy {

/// The policy with the filters that are in force alone, and neither they nor manual tunnels under a condition; the same
/// policy when it has no conditions.
PolicyPointer in_force(const PolicyPointer& policy, const CalendarTime& now);

/// For how long that is known to stay so. Nothing: for ever.
std::optional<Seconds> in_force_still(const PolicySnapshot& policy, const CalendarTime& now);

/// What is in force, and until when that is known to stay so; nothing: for ever.
struct TimedPolicy {
  PolicyPointer part;
  std::optional<WallTime> until;
};

/// Of this moment alone, whatever was asked before: a clock may be set, forward and back.
TimedPolicy at_time(const PolicyPointer& policy, const CalendarTime& now);

}  // namespace adit::policy
