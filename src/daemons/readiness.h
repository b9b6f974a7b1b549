#pragma once
// Tells the process that supervises this one that it serves now: sd_notify(3)'s protocol, one datagram.

namespace adit::daemons {

/// To the socket that NOTIFY_SOCKET names; without it nothing happens.
void tell_supervisor_ready();

}  // namespace adit::daemons
