#include "ike/v2/turn.h"

namespace adit::ike::v2 {

std::string_view reason_of(Ending ending) {
  switch (ending) {
    case Ending::by_operator:
      return "deactivated by command";
    case Ending::by_peer:
      return "deleted by the peer";
    case Ending::by_policy:
      return "no longer allowed by the policy";
    case Ending::expired:
      return "its lifetime is over";
    case Ending::peer_dead:
      return "the peer does not answer";
    case Ending::stack_gone:
      return "the stack was started again";
    case Ending::superseded:
      return "a newer one has taken over";
    case Ending::peer_restarted:
      return "the peer began anew (INITIAL_CONTACT)";
    case Ending::too_many:
      return "there are too many with this peer";
    case Ending::malformed:
      return "a message does not parse (INVALID_SYNTAX)";
    case Ending::failed:
      return "the negotiation failed";
  }
  return "";
}

void tell(Turn& turn, CatalogueId message, std::vector<LogRecord::Field> fields) {
  turn.step.log.push_back({.message = message, .fields = std::move(fields)});
}

}  // namespace adit::ike::v2
