// Every pair of the table: the rows are what RFC 2409 §5.1 and §5.4 let happen, and nothing else is.

#include "ike/v1/states.h"

#include <gtest/gtest.h>

#include <set>

namespace adit::ike::v1 {
namespace {

TEST(Phase1States, HaveOneTransitionAPairAndNoOtherIsLegal) {
  std::set<std::pair<Phase1State, Phase1Event>> rows;
  for (const TransitionRow& row : transition_rows) {
    EXPECT_TRUE(rows.emplace(row.state, row.event).second) << name_of(row.state) << " " << name_of(row.event);
    EXPECT_EQ(transition(row.state, row.event), (Transition{row.action, row.next}));
  }
  for (std::size_t s = 0; s < state_count; ++s) {
    const auto state = static_cast<Phase1State>(s);
    for (std::size_t e = 0; e < event_count; ++e) {
      const auto event = static_cast<Phase1Event>(e);
      if (rows.contains({state, event})) continue;
      const bool ends = event == Phase1Event::service_refused || event == Phase1Event::delete_wanted ||
                        event == Phase1Event::timed_out;
      const Transition& step = transition(state, event);
      if (ends && state < Phase1State::established) {
        EXPECT_EQ(step.next, Phase1State::closed) << name_of(state) << " " << name_of(event);
      } else {
        EXPECT_EQ(step, (Transition{Phase1Action::drop, state})) << name_of(state) << " " << name_of(event);
      }
    }
  }
}

TEST(Phase1States, AreHalfOpenOnlyAtAResponderBeforeTheProof) {
  EXPECT_TRUE(is_half_open(Phase1State::sa_answered));
  EXPECT_TRUE(is_half_open(Phase1State::verifying_proof));
  EXPECT_FALSE(is_half_open(Phase1State::sa_sent));
  EXPECT_FALSE(is_half_open(Phase1State::signing_identity)) << "the initiator has proved itself";
  EXPECT_FALSE(is_half_open(Phase1State::established));
  EXPECT_TRUE(is_up(Phase1State::established));
  EXPECT_FALSE(is_up(Phase1State::closing));
}

TEST(Phase1States, HaveNames) {
  std::set<std::string_view> names;
  for (std::size_t s = 0; s < state_count; ++s) names.insert(name_of(static_cast<Phase1State>(s)));
  EXPECT_EQ(names.size(), state_count);
}

}  // namespace
}  // namespace adit::ike::v1
