#include "daemons/policy_by_time.h"

#include <fmt/format.h>

#include <ctime>

#include "base/log.h"
#include "policy/in_force.h"

namespace adit::daemons {
namespace {

policy::CalendarTime calendar_now() {
  const std::time_t now = std::time(nullptr);
  std::tm here{};
  ::localtime_r(&now, &here);
  const policy::CalendarSeconds utc{Seconds{now}};
  return {.local = utc + Seconds{here.tm_gmtoff}, .utc = utc};
}

}  // namespace

void PolicyByTime::replace(policy::PolicyPointer whole) {
  const policy::CalendarTime now = calendar_now();
  whole_ = std::move(whole);
  part_ = policy::in_force(whole_, now);
  await_change(now);
  in_force_(part_);
}

void PolicyByTime::forget() {
  clock_.cancel();
  whole_ = part_ = nullptr;
}

void PolicyByTime::look_at_clock() {
  if (whole_ == nullptr) return;
  const policy::CalendarTime now = calendar_now();
  policy::PolicyPointer part = policy::in_force(whole_, now);
  await_change(now);
  if (part->filter == part_->filter) return;
  part_ = std::move(part);
  log::write({CatalogueId::rules_by_time,
              {{"stack", part_->stack.text},
               {"version", fmt::to_string(part_->version)},
               {"filters", fmt::to_string(part_->filter.filters.size())},
               {"all", fmt::to_string(whole_->filter.filters.size())}}});
  in_force_(part_);
}

void PolicyByTime::await_change(const policy::CalendarTime& looked_at) {
  // From when it was looked at, not from now: the second may have changed since, and a change in it be passed over.
  const auto still = policy::in_force_still(*whole_, looked_at);
  if (!still) return static_cast<void>(clock_.cancel());
  clock_.expires_at(WallTime{looked_at.utc.time_since_epoch()} + *still);
  clock_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) look_at_clock();
  });
}

}  // namespace adit::daemons
