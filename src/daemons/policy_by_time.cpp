#include "daemons/policy_by_time.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>

#include "base/log.h"
#include "policy/in_force.h"

namespace adit::daemons {
namespace {

policy::CalendarTime calendar_now() {
  // Not time(): within a tick of the clock it may still tell the second before the one that the timer has waited for.
  const auto now = std::chrono::floor<Seconds>(std::chrono::system_clock::now());
  const std::time_t second = std::chrono::system_clock::to_time_t(now);
  std::tm here{};
  ::tzset();  // localtime_r may go on with the zone that it found first
  ::localtime_r(&second, &here);
  const policy::CalendarSeconds utc{now.time_since_epoch()};
  return {.local = utc + Seconds{here.tm_gmtoff}, .utc = utc};
}

}  // namespace

void PolicyByTime::replace(policy::PolicyPointer whole) {
  whole_ = std::move(whole);
  part_ = look();
  in_force_(part_);
}

void PolicyByTime::forget() {
  clock_.cancel();
  whole_ = part_ = nullptr;
}

void PolicyByTime::look_at_clock() {
  if (whole_ == nullptr) return;
  policy::PolicyPointer part = look();
  if (part->filter == part_->filter) return;
  part_ = std::move(part);
  log::write({CatalogueId::rules_by_time,
              {{"stack", part_->stack.text},
               {"version", fmt::to_string(part_->version)},
               {"filters", fmt::to_string(part_->filter.filters.size())},
               {"all", fmt::to_string(whole_->filter.filters.size())}}});
  in_force_(part_);
}

policy::PolicyPointer PolicyByTime::look() {
  while (true) {
    policy::TimedPolicy now = policy::at_time(whole_, calendar_now());
    if (now.until) {
      if (!clock_.await(*now.until)) continue;  // the clock was set since it was asked
    } else {
      clock_.cancel();
    }
    return std::move(now.part);
  }
}

}  // namespace adit::daemons
