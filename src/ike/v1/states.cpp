#include "ike/v1/states.h"

namespace adit::ike::v1 {

std::string_view name_of(Phase1State state) {
  constexpr std::string_view names[state_count] = {"sa_sent",
                                                   "key_exchange_sent",
                                                   "preparing_identity",
                                                   "identity_sent",
                                                   "verifying_responder",
                                                   "sa_answered",
                                                   "listing_authorities",
                                                   "key_exchange_answered",
                                                   "verifying_initiator",
                                                   "signing_identity",
                                                   "preparing_offer",
                                                   "aggressive_sent",
                                                   "verifying_answer",
                                                   "preparing_proof",
                                                   "preparing_answer",
                                                   "answer_sent",
                                                   "verifying_proof",
                                                   "established",
                                                   "closing",
                                                   "closed"};
  return names[std::to_underlying(state)];
}

std::string_view name_of(Phase1Event event) {
  constexpr std::string_view names[event_count] = {"message_arrived", "authorities_listed", "signature_made",
                                                   "peer_proved",     "service_refused",    "delete_wanted",
                                                   "timed_out"};
  return names[std::to_underlying(event)];
}

}  // namespace adit::ike::v1
