#pragma once
// The life of an IKE SA as one table: in a state, an event calls for an action and leads to the next state. A pair that
// has no row is illegal: the event is dropped and nothing changes. So the exchanges come in their order (RFC 7296 §1,
// §1.4). The unit tests go over every pair.

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace adit::ike::v2 {

enum class SaState : std::uint8_t {
  init_sent,           // initiator: the IKE_SA_INIT request is out
  preparing_auth,      // initiator: nssd is asked for authorities or the signature
  auth_sent,           // initiator: the IKE_AUTH request is out
  verifying_response,  // initiator: nssd judges the responder
  half_open,           // responder: the IKE_SA_INIT response is out
  verifying_request,   // responder: nssd judges the initiator
  signing_response,    // responder: nssd is asked for the signature
  installing,          // responder: the stack installs the first Child SA
  established,
  superseded,  // the peer has rekeyed it and is to delete it (RFC 7296 §2.8)
  deleting,    // our Delete is to go out or is out (half-closed, RFC 7296 §1.4.1)
  refused,     // responder: IKE_AUTH was answered with an error; the answer is kept for its repetitions
  closed,
};
inline constexpr std::size_t state_count = 13;

enum class SaEvent : std::uint8_t {
  init_answered,       // SA, KE and Nr came
  authorities_listed,  // nssd's answer
  signature_made,      // nssd's answer, or the shared key's AUTH computed
  peer_proved,         // nssd's answer, or the shared key's AUTH is right
  service_refused,     // nssd's answer, or the shared key's AUTH is wrong
  auth_requested,      // an authentic IKE_AUTH request
  auth_answered,       // an authentic IKE_AUTH response
  child_settled,       // the first Child SA is installed, or has failed for good
  request_arrived,     // an authentic INFORMATIONAL or CREATE_CHILD_SA request
  request_malformed,   // an authentic request, of any exchange legal here, that does not parse
  response_arrived,    // an authentic response to one of ours
  replaced,            // an IKE SA that the peer made by rekeying this one has taken over
  delete_wanted,       // by the operator, the policy or the lifetime
  timed_out,           // no answer: of the peer, of nssd, of the stack; or the half-open life is over
};
inline constexpr std::size_t event_count = 14;

enum class SaAction : std::uint8_t {
  drop,  // illegal here
  derive_keys,
  ask_signature,
  send_auth,
  verify_response,
  establish,
  reject_responder,
  delete_later,
  verify_request,
  sign_response,
  settle_child,
  answer_auth,
  refuse_initiator,
  refuse_malformed,
  answer_request,
  answer_superseded,
  answer_half_closed,
  end_malformed,
  take_response,
  await_delete,
  start_delete,
  finish_delete,
  give_up,
};

struct Transition {
  SaAction action = SaAction::drop;
  SaState next{};
  bool operator==(const Transition&) const = default;
};

struct TransitionRow {
  SaState state;
  SaEvent event;
  SaAction action;
  SaState next;
};

inline constexpr TransitionRow transition_rows[] = {
    {SaState::init_sent, SaEvent::init_answered, SaAction::derive_keys, SaState::preparing_auth},
    {SaState::init_sent, SaEvent::delete_wanted, SaAction::give_up, SaState::closed},
    {SaState::init_sent, SaEvent::timed_out, SaAction::give_up, SaState::closed},

    {SaState::preparing_auth, SaEvent::authorities_listed, SaAction::ask_signature, SaState::preparing_auth},
    {SaState::preparing_auth, SaEvent::signature_made, SaAction::send_auth, SaState::auth_sent},
    {SaState::preparing_auth, SaEvent::service_refused, SaAction::give_up, SaState::closed},
    {SaState::preparing_auth, SaEvent::delete_wanted, SaAction::give_up, SaState::closed},
    {SaState::preparing_auth, SaEvent::timed_out, SaAction::give_up, SaState::closed},

    {SaState::auth_sent, SaEvent::auth_answered, SaAction::verify_response, SaState::verifying_response},
    {SaState::auth_sent, SaEvent::delete_wanted, SaAction::delete_later, SaState::auth_sent},
    {SaState::auth_sent, SaEvent::timed_out, SaAction::give_up, SaState::closed},

    {SaState::verifying_response, SaEvent::peer_proved, SaAction::establish, SaState::established},
    {SaState::verifying_response, SaEvent::service_refused, SaAction::reject_responder, SaState::deleting},
    {SaState::verifying_response, SaEvent::delete_wanted, SaAction::reject_responder, SaState::deleting},
    {SaState::verifying_response, SaEvent::timed_out, SaAction::reject_responder, SaState::deleting},

    {SaState::half_open, SaEvent::auth_requested, SaAction::verify_request, SaState::verifying_request},
    {SaState::half_open, SaEvent::request_malformed, SaAction::refuse_malformed, SaState::refused},
    {SaState::half_open, SaEvent::delete_wanted, SaAction::give_up, SaState::closed},
    {SaState::half_open, SaEvent::timed_out, SaAction::give_up, SaState::closed},

    {SaState::verifying_request, SaEvent::peer_proved, SaAction::sign_response, SaState::signing_response},
    {SaState::verifying_request, SaEvent::service_refused, SaAction::refuse_initiator, SaState::refused},
    {SaState::verifying_request, SaEvent::delete_wanted, SaAction::refuse_initiator, SaState::refused},
    {SaState::verifying_request, SaEvent::timed_out, SaAction::refuse_initiator, SaState::refused},

    {SaState::signing_response, SaEvent::signature_made, SaAction::settle_child, SaState::installing},
    {SaState::signing_response, SaEvent::service_refused, SaAction::refuse_initiator, SaState::refused},
    {SaState::signing_response, SaEvent::delete_wanted, SaAction::refuse_initiator, SaState::refused},
    {SaState::signing_response, SaEvent::timed_out, SaAction::refuse_initiator, SaState::refused},

    {SaState::installing, SaEvent::child_settled, SaAction::answer_auth, SaState::established},
    {SaState::installing, SaEvent::delete_wanted, SaAction::refuse_initiator, SaState::refused},
    {SaState::installing, SaEvent::timed_out, SaAction::answer_auth, SaState::established},

    {SaState::established, SaEvent::request_arrived, SaAction::answer_request, SaState::established},
    {SaState::established, SaEvent::auth_requested, SaAction::answer_request, SaState::established},
    {SaState::established, SaEvent::request_malformed, SaAction::end_malformed, SaState::closed},
    {SaState::established, SaEvent::response_arrived, SaAction::take_response, SaState::established},
    {SaState::established, SaEvent::replaced, SaAction::await_delete, SaState::superseded},
    {SaState::established, SaEvent::delete_wanted, SaAction::start_delete, SaState::deleting},
    {SaState::established, SaEvent::timed_out, SaAction::give_up, SaState::closed},

    {SaState::superseded, SaEvent::request_arrived, SaAction::answer_superseded, SaState::superseded},
    {SaState::superseded, SaEvent::request_malformed, SaAction::end_malformed, SaState::closed},
    {SaState::superseded, SaEvent::response_arrived, SaAction::take_response, SaState::superseded},
    {SaState::superseded, SaEvent::delete_wanted, SaAction::start_delete, SaState::deleting},
    {SaState::superseded, SaEvent::timed_out, SaAction::give_up, SaState::closed},

    {SaState::deleting, SaEvent::request_arrived, SaAction::answer_half_closed, SaState::deleting},
    {SaState::deleting, SaEvent::auth_requested, SaAction::answer_half_closed, SaState::deleting},
    {SaState::deleting, SaEvent::request_malformed, SaAction::end_malformed, SaState::closed},
    {SaState::deleting, SaEvent::response_arrived, SaAction::finish_delete, SaState::deleting},
    {SaState::deleting, SaEvent::timed_out, SaAction::give_up, SaState::closed},

    {SaState::refused, SaEvent::delete_wanted, SaAction::give_up, SaState::closed},
    {SaState::refused, SaEvent::timed_out, SaAction::give_up, SaState::closed},
};

using TransitionTable = std::array<std::array<Transition, event_count>, state_count>;

constexpr TransitionTable make_transition_table() {
  TransitionTable table{};
  for (std::size_t state = 0; state < state_count; ++state) {
    for (Transition& cell : table[state]) cell.next = static_cast<SaState>(state);
  }
  for (const TransitionRow& row : transition_rows) {
    table[std::to_underlying(row.state)][std::to_underlying(row.event)] = {row.action, row.next};
  }
  return table;
}
inline constexpr TransitionTable transition_table = make_transition_table();

/// What an event calls for; SaAction::drop and the same state when it is illegal there.
constexpr const Transition& transition(SaState state, SaEvent event) {
  return transition_table[std::to_underlying(state)][std::to_underlying(event)];
}

std::string_view name_of(SaState state);
std::string_view name_of(SaEvent event);

/// The peer has not proved who it is: counts against the limits of half-open SAs.
constexpr bool is_half_open(SaState state) {
  return state == SaState::half_open || state == SaState::verifying_request || state == SaState::refused;
}
/// Both ends have proved who they are.
constexpr bool is_authenticated(SaState state) {
  return state == SaState::established || state == SaState::superseded || state == SaState::deleting;
}

}  // namespace adit::ike::v2
