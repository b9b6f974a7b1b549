#pragma once
// What IpTimeConditions come to by their calendars: one that never holds; how two stand to each other. What is not sure
// is not claimed.

#include "policy/time_condition.h"

namespace adit::policy {

/// False when the condition holds at no time: a span without its weekdays, the 30th of February.
bool can_hold(const TimeCondition& condition);

/// Whether `a` surely holds whenever `b` does. Null: always.
bool covers(const TimeCondition* a, const TimeCondition* b);

/// Whether the two surely never hold at once.
bool are_disjoint(const TimeCondition* a, const TimeCondition* b);

}  // namespace adit::policy
