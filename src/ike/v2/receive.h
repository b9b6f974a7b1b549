#pragma once
// A datagram for an IKE SA that is known: who sent it, whether it is new, whether it is authentic; then it becomes an
// event (RFC 7296 §1.4, §2.1 to §2.3). Responses are never answered (§3.1).

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

void receive(Turn& turn, IkeSa& sa, const Datagram& datagram, const wire::Header& header);

/// The peer is behind a NAT that has given it another address or port: IKE and the Child SAs go there (RFC 7296 §2.23).
void follow_peer(Turn& turn, IkeSa& sa, const Endpoint& local, const Endpoint& remote);

}  // namespace adit::ike::v2
