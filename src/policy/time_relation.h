#pragma once
// How two IpTimeConditions stand to each other, as far as their calendars tell: what is not sure is not claimed.

#include "policy/time_condition.h"

namespace adit::policy {

/// Whether `a` surely holds whenever `b` does. Null: always.
bool covers(const TimeCondition* a, const TimeCondition* b);

/// Whether the two surely never hold at once.
bool are_disjoint(const TimeCondition* a, const TimeCondition* b);

}  // namespace adit::policy
