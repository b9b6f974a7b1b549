#pragma once
// What nssd does, as far as iked sees it: it signs and judges after a while, in any order, and is away at times: then
// what is asked, and what was, is refused.

#include <functional>
#include <map>

#include "ike/engine/step.h"
#include "sim/clockwork.h"
#include "sim/dice.h"
#include "sim/trace.h"

namespace adit::sim {

class NssModel {
 public:
  using Tell = std::function<void(ike::Input)>;  ///< to iked

  NssModel(Clockwork& clockwork, Dice& dice, Trace& trace, std::string name, Tell tell)
      : clockwork_{clockwork}, dice_{dice}, trace_{trace}, name_{std::move(name)}, tell_{std::move(tell)} {}

  void ask(ike::CertificateRequest request);
  /// Away: all that is open is refused, and so is what is asked meanwhile.
  void go_away();
  void come_back() { is_away_ = false; }
  /// iked is gone, and its questions with it.
  void key_manager_gone() { open_.clear(); }
  std::size_t open_questions() const { return open_.size(); }

 private:
  Clockwork& clockwork_;
  Dice& dice_;
  Trace& trace_;
  std::string name_;
  Tell tell_;
  std::map<std::pair<std::uint64_t, ike::RequestId>, ike::CertificateRequest> open_;
  std::uint64_t asked_ = 0;
  bool is_away_ = false;
};

}  // namespace adit::sim
