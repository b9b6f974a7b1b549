#include "ike/v2/machine.h"

#include "ike/v2/auth.h"
#include "ike/v2/ending.h"
#include "ike/v2/informational.h"
#include "ike/v2/sa_init.h"

namespace adit::ike::v2 {

void happen(Turn& turn, IkeSa& sa, SaEvent event, const Received* message) {
  const Transition& step = transition(sa.state, event);
  if (step.action == SaAction::drop) {
    ++turn.statistics.dropped;
    tell(turn, CatalogueId::message_dropped,
         {{"peer", sa.remote.to_string()},
          {"reason", std::string{name_of(event)} + " is not expected in state " + std::string{name_of(sa.state)}}});
    return;
  }
  // The action may lead further: a shared key proves a peer at once, where nssd would answer later.
  if (step.next != SaState::closed) sa.state = step.next;
  switch (step.action) {
    case SaAction::drop:
      return;
    case SaAction::derive_keys:
      return take_init_answer(turn, sa, *message);
    case SaAction::ask_signature:
      return ask_signature(turn, sa);
    case SaAction::send_auth:
      return send_auth(turn, sa);
    case SaAction::verify_response:
      return verify_response(turn, sa, *message);
    case SaAction::establish:
      return establish_as_initiator(turn, sa);
    case SaAction::reject_responder:
      return reject_responder(turn, sa);
    case SaAction::delete_later:
      sa.delete_wanted = true;
      return;
    case SaAction::verify_request:
      return verify_request(turn, sa, *message);
    case SaAction::sign_response:
      return ask_signature(turn, sa);
    case SaAction::settle_child:
      return settle_first_child(turn, sa);
    case SaAction::answer_auth:
      return answer_auth(turn, sa);
    case SaAction::refuse_initiator:
      return refuse_initiator(turn, sa);
    case SaAction::refuse_malformed:
      return refuse_malformed(turn, sa, *message);
    case SaAction::answer_request:
      return answer_request(turn, sa, *message);
    case SaAction::answer_half_closed:
      return answer_half_closed(turn, sa, *message);
    case SaAction::end_malformed:
      return end_malformed(turn, sa, *message);
    case SaAction::take_response:
      return take_response(turn, sa, *message);
    case SaAction::finish_delete:
      return finish_delete(turn, sa, *message);
    case SaAction::start_delete:
      return start_delete(turn, sa);
    case SaAction::give_up:
      return give_up(turn, sa);
  }
}

}  // namespace adit::ike::v2
