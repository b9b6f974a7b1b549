#pragma once
// A datagram for a phase 1 SA becomes an event of its exchange, or is dropped.

#include "ike/v1/messages.h"

namespace adit::ike::v1 {

void receive(Turn& turn, Phase1Sa& sa, const Datagram& datagram, const wire::v1::Header& header);

}  // namespace adit::ike::v1
