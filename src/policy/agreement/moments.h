#pragma once
// Moments at which two policies with IpTimeConditions are compared: one for each way in which the conditions come
// together. Both calendars are taken to show the same time: the zone of either host is not known here.

#include <string>
#include <vector>

#include "policy/model.h"

namespace adit::policy::agreement {

/// At most so many ways are looked at.
inline constexpr std::size_t most_moments = 64;

/// In order of time, the first of each way; none when neither policy has conditions.
std::vector<CalendarTime> moments(const PolicySnapshot& one, const PolicySnapshot& other);

/// `Mon 2026-01-05 07:00`
std::string moment_text(const CalendarTime& moment);

}  // namespace adit::policy::agreement
