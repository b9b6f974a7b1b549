#pragma once
// What of a stack's policy is in force, now and whenever that changes: each daemon that carries a policy out asks its
// own clock, so that a rule ends and begins in its second whether pagent lives or not (docs/decisions/0011).

#include <functional>

#include "daemons/event_loop.h"
#include "daemons/wall_timer.h"
#include "policy/model.h"

namespace adit::daemons {

class PolicyByTime {
 public:
  /// Gets the part of the policy that is in force (policy/in_force.h): of each that comes, and again when it has
  /// changed by the time or by a clock that was set, which the log tells.
  using InForce = std::function<void(policy::PolicyPointer part)>;

  PolicyByTime(EventLoop& loop, InForce in_force)
      : clock_{loop, [this] { look_at_clock(); }}, in_force_{std::move(in_force)} {}

  /// Takes the place of the policy before.
  void replace(policy::PolicyPointer whole);
  /// The stack has no policy any more.
  void forget();

 private:
  void look_at_clock();
  /// What is in force; the clock is set to the next look.
  policy::PolicyPointer look();

  WallTimer clock_;
  InForce in_force_;
  policy::PolicyPointer whole_, part_;
};

}  // namespace adit::daemons
