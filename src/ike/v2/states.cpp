#include "ike/v2/states.h"

namespace adit::ike::v2 {

std::string_view name_of(SaState state) {
  static constexpr std::array<std::string_view, state_count> names = {
      "init_sent",        "preparing_auth", "auth_sent",   "verifying_response", "half_open", "verifying_request",
      "signing_response", "installing",     "established", "deleting",           "refused",   "closed",
  };
  return names[std::to_underlying(state)];
}

std::string_view name_of(SaEvent event) {
  static constexpr std::array<std::string_view, event_count> names = {
      "init_answered",    "authorities_listed", "signature_made", "peer_proved",     "service_refused",
      "auth_requested",   "auth_answered",      "child_settled",  "request_arrived", "request_malformed",
      "response_arrived", "delete_wanted",      "timed_out",
  };
  return names[std::to_underlying(event)];
}

}  // namespace adit::ike::v2
