#include "ike/v2/receive.h"

#include <algorithm>

#include "ike/v2/machine.h"
#include "ike/v2/protection.h"
#include "ike/v2/sa_init.h"
#include "ike/v2/sending.h"
#include "ike/v2/timing.h"

namespace adit::ike::v2 {

namespace {

void drop(Turn& turn, const Datagram& datagram, std::string reason) {
  ++turn.statistics.dropped;
  tell(turn, CatalogueId::message_dropped, {{"peer", datagram.remote.to_string()}, {"reason", std::move(reason)}});
}

SaEvent event_of(const wire::Header& header) {
  const bool is_response = header.direction == wire::Direction::response;
  if (header.exchange == wire::ExchangeType::ike_auth) {
    return is_response ? SaEvent::auth_answered : SaEvent::auth_requested;
  }
  return is_response ? SaEvent::response_arrived : SaEvent::request_arrived;
}

/// A notify in clear may be anybody's (RFC 7296 §2.4, §2.21.4). Of an SA that is up at most the peer is asked whether
/// it is alive. To an IKE_AUTH request it is the answer of a responder that had to let its half-open SA go: whoever
/// could answer with a proof has had the time for it, and it can only be begun anew. To the Delete of an IKE SA, asked
/// twice, it is as good as an answer: there is nothing to lose.
void heed_unprotected(Turn& turn, IkeSa& sa, const Datagram& datagram, const wire::Chain& chain) {
  drop(turn, datagram, "not protected");
  if (chain.payloads.find(wire::NotifyType::invalid_ike_spi) == nullptr) return;
  constexpr Seconds least_pause{10};      // between checks that strangers can cause
  constexpr unsigned least_attempts = 5;  // 30 s with the usual waits, as long as half-open SAs live
  if (sa.state == SaState::established && turn.now >= sa.last_inbound + least_pause) check_liveness(turn, sa);
  const unsigned attempts = sa.outstanding ? sa.outstanding->transmissions : 0;
  const bool is_forgotten = sa.state == SaState::auth_sent && attempts >= least_attempts;
  const bool is_gone = sa.state == SaState::deleting && sa.delete_sent && attempts > 1;
  if (is_forgotten || is_gone) {
    sa.outstanding.reset();
    happen(turn, sa, SaEvent::timed_out);
  }
}

/// Payloads in front of the protected ones are covered by the ICV too.
std::optional<std::uint8_t> unknown_critical(const wire::Chain& outer, const wire::Chain& inner) {
  return outer.unknown_critical ? outer.unknown_critical : inner.unknown_critical;
}

void note_heard(const Turn& turn, IkeSa& sa) {
  sa.last_inbound = turn.now;
  sa.heard_since_up = sa.heard_since_up || is_authenticated(sa.state);
}

/// Until an initiator has verified the IKE_AUTH response, which may take nssd its time, it drops what the responder
/// asks under the new IKE SA. Its first message tells that it has it: what waits goes again at once, not at the end of
/// a pause that has doubled all the while (RFC 7296 §2.1 leaves the timing to the implementation).
void hear_from_initiator(Turn& turn, IkeSa& sa) {
  const bool is_first = sa.role == Role::responder && is_authenticated(sa.state) && !sa.heard_since_up;
  if (!is_first || !sa.outstanding) return;
  const bool has_been_repeated = sa.outstanding->transmissions > 1;
  if (has_been_repeated && !sa.outstanding->is_exhausted(turn.options)) retransmit(turn, sa);
}

/// A NAT may have given the peer another address or port: its newest authentic message tells. Behind a NAT of our own
/// it does not: whoever changes one packet's source on the way would cut the peer off (RFC 7296 §2.23).
void follow_through_nat(Turn& turn, IkeSa& sa, const Datagram& datagram) {
  if (sa.nat_remote && !sa.nat_local && sa.state == SaState::established) {
    follow_peer(turn, sa, datagram.local, datagram.remote);
  }
}

void take_request(Turn& turn, IkeSa& sa, const Datagram& datagram, const wire::Header& header,
                  const wire::Chain& outer) {
  const wire::ProtectedPart& part = *outer.protected_part;
  const Arrival arrival = sa.requests.judge(header.id, sa.window_size());
  if (arrival == Arrival::outside) return drop(turn, datagram, "message ID outside the window");
  // Come before its time (a CREATE_CHILD_SA that overtook the IKE_AUTH response), it must not use up its message ID:
  // the peer repeats it.
  const SaEvent event = event_of(header);
  if (arrival == Arrival::fresh && transition(sa.state, event).action == SaAction::drop) return happen(turn, sa, event);
  if (!sa.has_keys && !derive_responder_keys(turn, sa)) return drop(turn, datagram, "the public value is not valid");
  if (arrival == Arrival::repeated) {
    // Only the first fragment of a repeated request calls for the response (RFC 7383 §2.6.1).
    if (part.fragment_number != 1) return;
    if (!is_authentic(sa, part, datagram.octets)) return drop(turn, datagram, "not authentic");
    return replay_response(turn, sa, header.id, datagram);
  }
  const bool is_small = part.fragment_total == 1 && datagram.octets.size() <= turn.options.small_request_octets;
  if (is_half_open(sa.state) && !is_small && datagram.octets.size() > turn.shard.room_for_unproved(sa)) {
    return drop(turn, datagram, "too much is kept of peers that have not proved who they are");
  }
  auto chain = open(sa, header, part, datagram.octets);
  if (!chain && chain.error().why == NotOpened::Why::not_authentic) return drop(turn, datagram, "not authentic");
  hear_from_initiator(turn, sa);
  note_heard(turn, sa);
  if (!chain && chain.error().why == NotOpened::Why::incomplete) return;

  const std::size_t octets = std::max(datagram.octets.size(), sa.unproved_octets());
  take_up(turn, sa, header.id, datagram);
  if (!chain) {  // but authentic: rejected as a whole (RFC 7296 §2.21.2, §3.10.1)
    const Received malformed{.exchange = header.exchange,
                             .id = header.id,
                             .local = datagram.local,
                             .remote = datagram.remote,
                             .payloads = {},
                             .unknown_critical = std::nullopt,
                             .malformed = chain.error().field};
    return happen(turn, sa, SaEvent::request_malformed, &malformed);
  }
  if (sa.requests.newest_behind(header.id) == 0) follow_through_nat(turn, sa, datagram);
  const Received request{.exchange = header.exchange,
                         .id = header.id,
                         .local = datagram.local,
                         .remote = datagram.remote,
                         .octets = octets,
                         .payloads = std::move(chain->payloads),
                         .unknown_critical = unknown_critical(outer, *chain),
                         .malformed = {}};
  happen(turn, sa, event, &request);
}

void take_answer(Turn& turn, IkeSa& sa, const Datagram& datagram, const wire::Header& header,
                 const wire::Chain& outer) {
  const wire::ProtectedPart& part = *outer.protected_part;
  const bool is_awaited = sa.outstanding && sa.outstanding->id == header.id &&
                          sa.outstanding->exchange == std::to_underlying(header.exchange);
  if (!is_awaited) return drop(turn, datagram, "no request is open that it would answer");
  auto chain = open(sa, header, part, datagram.octets);
  if (!chain && chain.error().why == NotOpened::Why::not_authentic) return drop(turn, datagram, "not authentic");
  const bool is_newest = sa.last_inbound <= sa.outstanding->first_at;  // what came since tells better where the peer is
  note_heard(turn, sa);
  if (!chain && chain.error().why == NotOpened::Why::incomplete) return;
  if (is_newest) follow_through_nat(turn, sa, datagram);
  sa.response_in_parts.reset();
  // A response is never answered, not even one that is wrong (RFC 7296 §2.21.3): it counts as one without payloads.
  Received response{.exchange = header.exchange, .id = header.id, .local = datagram.local, .remote = datagram.remote};
  if (!chain) {
    drop(turn, datagram, "malformed response: " + std::string{chain.error().field});
  } else if (unknown_critical(outer, *chain)) {
    drop(turn, datagram, "a response with a critical payload that is not known");
  } else {
    response.payloads = std::move(chain->payloads);
  }
  happen(turn, sa, event_of(header), &response);
}

}  // namespace

void follow_peer(Turn& turn, IkeSa& sa, const Endpoint& local, const Endpoint& remote) {
  sa.local = local;
  if (remote == sa.remote) return;
  sa.remote = remote;
  for (ChildSa& child : sa.children) {
    if (!child.udp || !child.installed) continue;
    child.udp->remote_port = remote.port;
    turn.step.stack.emplace_back(contract::MovePeer{.stack = sa.stack, .name = child.name, .to = remote});
  }
}

void receive(Turn& turn, IkeSa& sa, const Datagram& datagram, const wire::Header& header) {
  const auto chain = wire::parse_message(header, datagram.octets);
  if (!chain) return drop(turn, datagram, "malformed: " + std::string{chain.error().field});
  if (header.exchange == wire::ExchangeType::ike_sa_init) {
    if (sa.role == Role::initiator && header.direction == wire::Direction::response) {
      return receive_init_response(turn, sa, datagram, header, *chain);
    }
    return drop(turn, datagram, "IKE_SA_INIT for an SA that is past it");
  }
  if (header.initiator_spi != sa.initiator_spi || header.responder_spi != sa.responder_spi) {
    return drop(turn, datagram, "the SPIs are not of one SA");
  }
  if (!chain->protected_part) return heed_unprotected(turn, sa, datagram, *chain);
  if (header.direction == wire::Direction::request) {
    if (sa.role == Role::initiator && !sa.has_keys) return drop(turn, datagram, "no keys yet");
    take_request(turn, sa, datagram, header, *chain);
    return look_at_lifesize(turn, sa);
  }
  if (!sa.has_keys) return drop(turn, datagram, "no keys yet");
  take_answer(turn, sa, datagram, header, *chain);
  look_at_lifesize(turn, sa);
}

}  // namespace adit::ike::v2
