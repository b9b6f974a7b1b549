#pragma once
// The log's line about a packet that a filter with logging has decided about.

#include "base/catalogue.h"
#include "base/strong_id.h"
#include "stack/filter_log.h"

namespace adit::daemons::stackd {

LogRecord record_of(const stack::LoggedPacket& packet, const StackName& stack);

}  // namespace adit::daemons::stackd
