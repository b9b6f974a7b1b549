#include "ike/v1/machine.h"

#include "ike/v1/ending.h"
#include "ike/v1/phase1.h"

namespace adit::ike::v1 {

namespace {

/// What a message's action came to. Anybody may have sent it: one that does not fit must change nothing.
Taken act_on_message(Turn& turn, Phase1Sa& sa, Phase1Action action, const Received& message) {
  switch (action) {
    case Phase1Action::take_sa_answer:
      return take_sa_answer(turn, sa, message);
    case Phase1Action::take_key_exchange:
      return take_key_exchange(turn, sa, message);
    case Phase1Action::answer_key_exchange:
      return answer_key_exchange(turn, sa, message);
    case Phase1Action::verify_identity:
      return verify_identity(turn, sa, message);
    case Phase1Action::take_aggressive_answer:
      return take_aggressive_answer(turn, sa, message);
    case Phase1Action::verify_proof:
      return verify_proof(turn, sa, message);
    default:
      return Taken::no;
  }
}

void act(Turn& turn, Phase1Sa& sa, Phase1Action action) {
  switch (action) {
    case Phase1Action::send_identity:
      return send_identity(turn, sa);
    case Phase1Action::send_key_exchange_answer:
      return send_key_exchange_answer(turn, sa);
    case Phase1Action::send_offer:
      return send_offer(turn, sa);
    case Phase1Action::establish:
      return establish(turn, sa);
    case Phase1Action::sign:
      return make_proof(turn, sa);
    case Phase1Action::answer_identity:
      return answer_identity(turn, sa);
    case Phase1Action::send_proof:
      return send_proof(turn, sa);
    case Phase1Action::send_aggressive_answer:
      return send_aggressive_answer(turn, sa);
    case Phase1Action::refuse_peer:
      return refuse_peer(turn, sa);
    case Phase1Action::start_delete:
      return start_delete(turn, sa);
    case Phase1Action::give_up:
      return give_up(turn, sa);
    default:
      return;
  }
}

}  // namespace

void happen(Turn& turn, Phase1Sa& sa, Phase1Event event, const Received* message) {
  const Transition& step = transition(sa.state, event);
  if (step.action == Phase1Action::drop) {
    return drop(turn, sa, std::string{name_of(event)} + " is not expected in state " + std::string{name_of(sa.state)});
  }
  const Phase1State before = sa.state;
  // The action may lead further: a shared key proves a peer at once, where nssd would answer later.
  if (step.next != Phase1State::closed) sa.state = step.next;
  if (event != Phase1Event::message_arrived) return act(turn, sa, step.action);
  if (act_on_message(turn, sa, step.action, *message) == Taken::no) sa.state = before;
}

}  // namespace adit::ike::v1
