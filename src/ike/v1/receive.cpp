#include "ike/v1/receive.h"

#include "ike/v1/ending.h"
#include "ike/v1/informational.h"
#include "ike/v1/machine.h"
#include "ike/v1/phase1_parts.h"
#include "ike/v1/quick_mode.h"

namespace adit::ike::v1 {

namespace {

void receive_phase1(Turn& turn, Phase1Sa& sa, const Datagram& datagram, const wire::v1::Header& header) {
  // No exchange changes its type, and message IDs are phase 2's (RFC 2409 §4, §5; RFC 2408 §2.4, §5.2).
  if (header.exchange != exchange_of(sa) || header.id != MessageId{}) {
    return drop(turn, sa, "another mode than the SA's, or a message ID in phase 1");
  }
  if (!sa.last_received.empty() && sa.last_received == datagram.octets) {
    if (sa.last_sent.empty()) return;  // being worked on
    // What has been deleted here is not to come up there: the peer gives up alone.
    if (sa.state == Phase1State::closing && sa.role == Role::initiator) return drop(turn, sa, "the SA is deleted");
    // Who replays what he has recorded gets no amplifier of it.
    const bool is_bounded = is_half_open(sa.state) || sa.state == Phase1State::closing;
    if (is_bounded && ++sa.repeats > turn.options.init_repeats) {
      return drop(turn, sa, "repeated too often");
    }
    ++turn.statistics.replayed;
    // To where it came from (RFC 3947 §3).
    turn.step.send.push_back(
        {.stack = datagram.stack, .local = datagram.local, .remote = datagram.remote, .octets = sa.last_sent});
    // It could not read the Delete without our last message.
    if (sa.state == Phase1State::closing) say_deleted(turn, sa);
    return;
  }
  // Only who saw our answer knows our cookie: whoever forges an address does not (RFC 2408 §2.5.3).
  const bool is_first_answer = sa.state == Phase1State::sa_sent || sa.state == Phase1State::aggressive_sent;
  if (!is_first_answer && header.responder_cookie != sa.responder_cookie) {
    return drop(turn, sa, "another responder cookie than the SA's");
  }
  if (transition(sa.state, Phase1Event::message_arrived).action == Phase1Action::drop) {
    return drop(turn, sa, "no message is expected in state " + std::string{name_of(sa.state)});
  }
  if (is_half_open(sa.state) && datagram.octets.size() > turn.shard.room_for_unproved(sa)) {
    return drop(turn, sa, "too much is kept of peers that have not proved who they are");
  }
  // The running IV moves when the message has been accepted (RFC 2409 §10).
  const auto message = open(turn, sa, datagram, header, sa.iv);
  if (message) return happen(turn, sa, Phase1Event::message_arrived, &*message);
  if (header.is_encrypted && sa.has_keys && sa.establishing != nullptr) sa.establishing->undecryptable = true;
}

/// The peer goes on as if the SA were up: message 3 of aggressive mode is lost. Message 2 has it sent again; who knows
/// our cookie has seen that one.
bool lacks_proof(Turn& turn, Phase1Sa& sa, const Datagram& datagram) {
  if (sa.state != Phase1State::answer_sent) return false;
  if (++sa.repeats > turn.options.init_repeats) return drop(turn, sa, "repeated too often"), true;
  ++turn.statistics.replayed;
  turn.step.send.push_back(
      {.stack = datagram.stack, .local = datagram.local, .remote = datagram.remote, .octets = sa.last_sent});
  return true;
}

/// Messages under the SA's key wear it out (RefreshLifesizeProposed), and so do exchanges.
void look_at_wear(Turn& turn, Phase1Sa& sa) {
  if (!is_up(sa.state)) return;
  if (sa.octets >= sa.hard_octets || sa.exchanges.is_full()) return want_delete(turn, sa, Ending::expired);
  const bool is_worn = sa.octets >= sa.soft_octets || sa.exchanges.is_worn();
  if (!is_worn || std::exchange(sa.is_worn, true)) return;
  sa.refresh_at = turn.now;
}

}  // namespace

void receive(Turn& turn, Phase1Sa& sa, const Datagram& datagram, const wire::v1::Header& header) {
  if (header.exchange == wire::ExchangeType::quick_mode && header.responder_cookie == sa.responder_cookie &&
      lacks_proof(turn, sa, datagram)) {
    return;
  }
  switch (header.exchange) {
    case wire::ExchangeType::identity_protection:
    case wire::ExchangeType::aggressive:
      return receive_phase1(turn, sa, datagram, header);
    case wire::ExchangeType::quick_mode:
      receive_quick_mode(turn, sa, datagram, header);
      return look_at_wear(turn, sa);
    case wire::ExchangeType::informational_v1:
      receive_informational(turn, sa, datagram, header);
      return look_at_wear(turn, sa);
    default:
      return drop(turn, sa, "exchange " + wire::name_of(header.exchange));
  }
}

}  // namespace adit::ike::v1
