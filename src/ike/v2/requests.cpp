#include "ike/v2/requests.h"

#include <utility>

#include "ike/v2/child_exchange.h"
#include "ike/v2/ike_rekey.h"
#include "ike/v2/sending.h"
#include "ike/v2/timing.h"

namespace adit::ike::v2 {

namespace {

void send_ike_delete(Turn& turn, IkeSa& sa) {
  wire::Payloads payloads;
  payloads.add(wire::Delete{.protocol = wire::ProtocolId::ike});
  send_request(turn, sa, wire::ExchangeType::informational, payloads);
  sa.delete_sent = true;
}

void send_child_deletes(Turn& turn, IkeSa& sa) {
  wire::Payloads payloads;
  for (const auto protocol : {contract::SaProtocol::esp, contract::SaProtocol::ah}) {
    wire::Delete named{.protocol = static_cast<wire::ProtocolId>(protocol)};
    for (const auto& entry : sa.spis_to_delete) {
      if (entry.protocol == protocol) named.spis.emplace_back(entry.spi.value());
    }
    if (!named.spis.empty()) payloads.add(std::move(named));
  }
  sa.spis_to_delete.clear();
  for (ChildSa& child : sa.children) {
    if (child.state == ChildState::half_closed) child.delete_sent = true;
  }
  send_request(turn, sa, wire::ExchangeType::informational, payloads);
}

/// A rekey is not wanted any more when its child has gone, or the peer was first.
void drop_stale_wishes(Turn& turn, IkeSa& sa) {
  while (!sa.wishes.empty() && sa.wishes.front().rekeys) {
    const ChildSa* child = sa.find_child(*sa.wishes.front().rekeys);
    if (child != nullptr && child->state == ChildState::active && !child->superseded) return;
    const DynamicTunnelId tunnel = sa.wishes.front().name.tunnel;
    sa.wishes.erase(sa.wishes.begin());
    turn.shard.wish_failed(sa, tunnel, Ending::by_peer);
  }
}

void send_next_wish(Turn& turn, IkeSa& sa) {
  ChildWish wish = std::move(sa.wishes.front());
  sa.wishes.erase(sa.wishes.begin());
  wire::Payloads payloads;
  ask_for_child(turn, sa, std::move(wish), wire::ExchangeType::create_child_sa, payloads);
  send_request(turn, sa, wire::ExchangeType::create_child_sa, payloads);
}

}  // namespace

void go_on(Turn& turn, IkeSa& sa) {
  if (sa.outstanding) return;
  if (sa.state == SaState::established && is_running_out(std::max(sa.next_request, sa.requests.oldest()))) {
    sa.rekey_wanted = true;
  }
  if (sa.state == SaState::deleting && !sa.delete_sent && !sa.deletes_wait_until) return send_ike_delete(turn, sa);
  if (sa.state != SaState::established) return;
  if (!sa.spis_to_delete.empty() && !sa.deletes_wait_until) return send_child_deletes(turn, sa);
  if (!is_unused(sa)) {
    sa.rekey_wanted = sa.rekey_wanted || std::exchange(sa.rekey_missed, false);
    if (std::exchange(sa.reauthentication_missed, false)) turn.shard.reauthenticate(sa);
  }
  if (sa.reauthentication_wanted && is_confirmed(sa)) {
    sa.reauthentication_wanted = false;
    turn.shard.reauthenticate(sa);
  }
  if (!sa.patience_until) {
    // With a window of one nothing else is asked for under the SA until this is answered (RFC 7296 §1.3.2).
    if (sa.rekey_wanted && (!sa.reauthenticated_by || sa.rekey_put_off) && !is_changing_children(sa)) {
      ask_for_rekey(turn, sa);
      if (sa.outstanding) return;
    }
    drop_stale_wishes(turn, sa);
    while (refuse_wish(turn, sa)) {
    }
    if (!sa.wishes.empty()) return send_next_wish(turn, sa);
  }
  if (!sa.liveness_wanted) return;
  sa.liveness_wanted = false;
  send_request(turn, sa, wire::ExchangeType::informational, {});
}

}  // namespace adit::ike::v2
