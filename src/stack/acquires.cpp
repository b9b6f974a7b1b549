#include "stack/acquires.h"

namespace adit::stack {

bool Acquires::may_ask(Instant now) {
  if (now - second_ >= std::chrono::seconds{1}) {
    second_ = now;
    asked_in_second_ = 0;
  }
  return asked_in_second_++ < most_questions;
}

Acquires::Ask Acquires::add(const LeavingFlow& flow, Bytes packet, Instant now) {
  if (const auto known = waiting_.find(flow); known != waiting_.end()) {
    if (now - known->second.asked < repeat_after) return Ask::already;
    if (!may_ask(now)) return Ask::too_many;
    known->second.asked = now;
    return Ask::again;
  }
  if (waiting_.size() >= most_flows || !may_ask(now)) return Ask::too_many;
  waiting_.emplace(flow, Waiting{.since = now, .asked = now, .packet = {packet.begin(), packet.end()}});
  return Ask::now;
}

std::vector<Acquires::Held> Acquires::forget_old(Instant now) {
  std::vector<Held> forgotten;
  std::erase_if(waiting_, [&](auto& waiting) {
    if (now - waiting.second.since < hold_for) return false;
    forgotten.push_back({waiting.first, std::move(waiting.second.packet)});
    return true;
  });
  return forgotten;
}

}  // namespace adit::stack
