#include "ike/v2/states.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace adit::ike::v2 {
namespace {

template <class Check>
void for_every_pair(Check check) {
  for (std::size_t state = 0; state < state_count; ++state) {
    for (std::size_t event = 0; event < event_count; ++event) {
      const auto s = static_cast<SaState>(state);
      const auto e = static_cast<SaEvent>(event);
      SCOPED_TRACE(std::string{name_of(s)} + ", " + std::string{name_of(e)});
      check(s, e, transition(s, e));
    }
  }
}

TEST(StateTable, HasEachPairAtMostOnce) {
  for (const TransitionRow& row : transition_rows) {
    const auto same = std::ranges::count_if(transition_rows, [&](const TransitionRow& other) {
      return other.state == row.state && other.event == row.event;
    });
    EXPECT_EQ(same, 1) << name_of(row.state) << ", " << name_of(row.event);
    EXPECT_NE(row.action, SaAction::drop);
  }
}

TEST(StateTable, DropsEveryPairWithoutARowAndStaysWhereItIs) {
  std::size_t legal = 0;
  for_every_pair([&](SaState state, SaEvent event, const Transition& step) {
    const bool has_row = std::ranges::any_of(
        transition_rows, [&](const TransitionRow& row) { return row.state == state && row.event == event; });
    legal += has_row ? 1 : 0;
    EXPECT_EQ(step.action == SaAction::drop, !has_row);
    if (!has_row) {
      EXPECT_EQ(step.next, state);
    }
  });
  EXPECT_EQ(legal, std::size(transition_rows));
}

TEST(StateTable, LeadsFromEveryStateButTheLastToTheEnd) {
  for_every_pair([](SaState state, SaEvent event, const Transition& step) {
    if (state == SaState::closed) {
      EXPECT_EQ(step.action, SaAction::drop);
    }
    // Whatever waits must have an end: no state is left to wait for ever.
    if (event == SaEvent::timed_out && state != SaState::closed) {
      EXPECT_NE(step.action, SaAction::drop);
    }
  });
}

TEST(StateTable, AuthenticatesNobodyButByProof) {
  for_every_pair([](SaState state, SaEvent event, const Transition& step) {
    if (step.next != SaState::established || state == SaState::established) return;
    EXPECT_TRUE((state == SaState::verifying_response && event == SaEvent::peer_proved) ||
                state == SaState::installing);
  });
  for_every_pair([](SaState state, SaEvent event, const Transition& step) {
    if (step.action == SaAction::drop) return;
    if (step.next == SaState::installing) {
      EXPECT_EQ(state, SaState::signing_response);
    }
    if (step.next == SaState::signing_response) {
      EXPECT_TRUE(state == SaState::verifying_request && event == SaEvent::peer_proved);
    }
  });
}

// Shows RFC 7296 1-1, 1.4-1.
TEST(StateTable, GivesTrafficExchangesToEstablishedSasAlone) {
  for_every_pair([](SaState state, SaEvent event, const Transition& step) {
    if (event != SaEvent::request_arrived && event != SaEvent::response_arrived) return;
    if (!is_authenticated(state)) {
      EXPECT_EQ(step.action, SaAction::drop);
    }
  });
}

}  // namespace
}  // namespace adit::ike::v2
