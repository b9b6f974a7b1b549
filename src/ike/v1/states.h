#pragma once
// Phase 1 of IKEv1 as one table: in a state, an event calls for an action and leads to the next state (RFC 2409 §5.1,
// §5.4; RFC 2408 §4.1, §4.5, §4.7): without both proofs (RFC 2408 §1.5.3) none leads to an SA that is up. A pair that
// has no row is illegal: the event is dropped and nothing changes. The unit tests go over every pair.

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace adit::ike::v1 {

enum class Phase1State : std::uint8_t {
  sa_sent,                // main, initiator: message 1 is out
  key_exchange_sent,      // main, initiator: message 3 is out
  preparing_identity,     // main, initiator: nssd is asked for authorities, then the signature
  identity_sent,          // main, initiator: message 5 is out
  verifying_responder,    // main, initiator: nssd judges message 6
  sa_answered,            // main, responder: message 2 is out
  listing_authorities,    // main, responder: nssd is asked for the authorities of our CERTREQs
  key_exchange_answered,  // main, responder: message 4 is out
  verifying_initiator,    // main, responder: nssd judges message 5
  signing_identity,       // main, responder: nssd is asked for the signature
  preparing_offer,        // aggressive, initiator: nssd is asked for the authorities of our CERTREQs
  aggressive_sent,        // aggressive, initiator: message 1 is out
  verifying_answer,       // aggressive, initiator: nssd judges message 2
  preparing_proof,        // aggressive, initiator: nssd is asked for the signature
  preparing_answer,       // aggressive, responder: nssd is asked for authorities, then the signature
  answer_sent,            // aggressive, responder: message 2 is out
  verifying_proof,        // aggressive, responder: nssd judges message 3
  established,
  closing,  // our Delete is out, and is repeated a few times: IKEv1 has no answer to it
  closed,
};
inline constexpr std::size_t state_count = 20;

enum class Phase1Event : std::uint8_t {
  message_arrived,     // of the exchange, the next one
  authorities_listed,  // nssd's answer; or none is needed, or there is none in time
  signature_made,      // nssd's answer, or the shared key's HASH computed
  peer_proved,         // nssd's answer, or the shared key's HASH is right
  service_refused,     // nssd's answer, or the shared key's HASH is wrong
  delete_wanted,       // by the operator, the policy or the lifetime
  timed_out,           // no answer: of the peer or of nssd; or the half-open life is over
};
inline constexpr std::size_t event_count = 7;

enum class Phase1Action : std::uint8_t {
  drop,  // illegal here
  take_sa_answer,
  take_key_exchange,
  send_identity,
  verify_identity,
  establish,
  answer_key_exchange,
  send_key_exchange_answer,
  sign,
  answer_identity,
  send_offer,
  take_aggressive_answer,
  send_proof,
  send_aggressive_answer,
  verify_proof,
  refuse_peer,
  start_delete,
  give_up,
};

struct Transition {
  Phase1Action action = Phase1Action::drop;
  Phase1State next{};
  bool operator==(const Transition&) const = default;
};

struct TransitionRow {
  Phase1State state;
  Phase1Event event;
  Phase1Action action;
  Phase1State next;
};

inline constexpr TransitionRow transition_rows[] = {
    {Phase1State::sa_sent, Phase1Event::message_arrived, Phase1Action::take_sa_answer, Phase1State::key_exchange_sent},
    {Phase1State::key_exchange_sent, Phase1Event::message_arrived, Phase1Action::take_key_exchange,
     Phase1State::preparing_identity},
    {Phase1State::preparing_identity, Phase1Event::authorities_listed, Phase1Action::sign,
     Phase1State::preparing_identity},
    {Phase1State::preparing_identity, Phase1Event::signature_made, Phase1Action::send_identity,
     Phase1State::identity_sent},
    {Phase1State::identity_sent, Phase1Event::message_arrived, Phase1Action::verify_identity,
     Phase1State::verifying_responder},
    {Phase1State::verifying_responder, Phase1Event::peer_proved, Phase1Action::establish, Phase1State::established},

    {Phase1State::sa_answered, Phase1Event::message_arrived, Phase1Action::answer_key_exchange,
     Phase1State::listing_authorities},
    {Phase1State::listing_authorities, Phase1Event::authorities_listed, Phase1Action::send_key_exchange_answer,
     Phase1State::key_exchange_answered},
    {Phase1State::key_exchange_answered, Phase1Event::message_arrived, Phase1Action::verify_identity,
     Phase1State::verifying_initiator},
    {Phase1State::verifying_initiator, Phase1Event::peer_proved, Phase1Action::sign, Phase1State::signing_identity},
    {Phase1State::signing_identity, Phase1Event::signature_made, Phase1Action::answer_identity,
     Phase1State::established},

    {Phase1State::preparing_offer, Phase1Event::authorities_listed, Phase1Action::send_offer,
     Phase1State::aggressive_sent},
    {Phase1State::aggressive_sent, Phase1Event::message_arrived, Phase1Action::take_aggressive_answer,
     Phase1State::verifying_answer},
    {Phase1State::verifying_answer, Phase1Event::peer_proved, Phase1Action::sign, Phase1State::preparing_proof},
    {Phase1State::preparing_proof, Phase1Event::signature_made, Phase1Action::send_proof, Phase1State::established},

    {Phase1State::preparing_answer, Phase1Event::authorities_listed, Phase1Action::sign, Phase1State::preparing_answer},
    {Phase1State::preparing_answer, Phase1Event::signature_made, Phase1Action::send_aggressive_answer,
     Phase1State::answer_sent},
    {Phase1State::answer_sent, Phase1Event::message_arrived, Phase1Action::verify_proof, Phase1State::verifying_proof},
    {Phase1State::verifying_proof, Phase1Event::peer_proved, Phase1Action::establish, Phase1State::established},

    {Phase1State::established, Phase1Event::delete_wanted, Phase1Action::start_delete, Phase1State::closing},
    {Phase1State::established, Phase1Event::timed_out, Phase1Action::give_up, Phase1State::closed},
    {Phase1State::closing, Phase1Event::timed_out, Phase1Action::give_up, Phase1State::closed},
};

using TransitionTable = std::array<std::array<Transition, event_count>, state_count>;

constexpr TransitionTable make_transition_table() {
  TransitionTable table{};
  for (std::size_t state = 0; state < state_count; ++state) {
    for (Transition& cell : table[state]) cell.next = static_cast<Phase1State>(state);
    // Until it is up, any end is the same: nothing has to be told to anybody but an error.
    if (state >= std::to_underlying(Phase1State::established)) continue;
    table[state][std::to_underlying(Phase1Event::service_refused)] = {Phase1Action::refuse_peer, Phase1State::closed};
    table[state][std::to_underlying(Phase1Event::delete_wanted)] = {Phase1Action::give_up, Phase1State::closed};
    table[state][std::to_underlying(Phase1Event::timed_out)] = {Phase1Action::give_up, Phase1State::closed};
  }
  for (const TransitionRow& row : transition_rows) {
    table[std::to_underlying(row.state)][std::to_underlying(row.event)] = {row.action, row.next};
  }
  return table;
}
inline constexpr TransitionTable transition_table = make_transition_table();

/// What an event calls for; Phase1Action::drop and the same state when it is illegal there.
constexpr const Transition& transition(Phase1State state, Phase1Event event) {
  return transition_table[std::to_underlying(state)][std::to_underlying(event)];
}

std::string_view name_of(Phase1State state);
std::string_view name_of(Phase1Event event);

/// Responder: nothing has come yet that only who saw our answer can send.
constexpr bool awaits_cookie(Phase1State state) {
  return state == Phase1State::sa_answered || state == Phase1State::preparing_answer ||
         state == Phase1State::answer_sent;
}
/// The peer has not proved who it is: counts against the limits of half-open SAs.
constexpr bool is_half_open(Phase1State state) {
  switch (state) {
    case Phase1State::sa_answered:
    case Phase1State::listing_authorities:
    case Phase1State::key_exchange_answered:
    case Phase1State::verifying_initiator:
    case Phase1State::preparing_answer:
    case Phase1State::answer_sent:
    case Phase1State::verifying_proof:
      return true;
    default:
      return false;
  }
}
/// Initiator: the peer's proof is there, which nssd judges.
constexpr bool judges_answer(Phase1State state) {
  return state == Phase1State::verifying_responder || state == Phase1State::verifying_answer ||
         state == Phase1State::preparing_proof;
}
constexpr bool is_up(Phase1State state) { return state == Phase1State::established; }

}  // namespace adit::ike::v1
