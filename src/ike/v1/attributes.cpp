#include "ike/v1/attributes.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace adit::ike::v1 {

Life life_of(const wire::v1::Transform& transform, std::uint16_t type, std::uint16_t duration) {
  Life life;
  std::optional<std::uint64_t> pending;
  for (const wire::Attribute& attribute : transform.attributes) {
    if (attribute.type == type) {
      if (pending) life.is_sound = false;
      pending = wire::v1::number_of(attribute);
    }
    if (attribute.type != duration) continue;
    const auto value = wire::v1::number_of(attribute);
    auto& kept = pending == life_in_kilobytes ? life.kilobytes : life.seconds;
    if (!value || !pending || kept || (pending != life_in_seconds && pending != life_in_kilobytes)) {
      life.is_sound = false;
    }
    kept = value;
    pending.reset();
  }
  if (pending) life.is_sound = false;
  return life;
}

bool has_conflict(const wire::v1::Transform& transform, std::uint16_t life_type, std::uint16_t life_duration) {
  return std::ranges::any_of(transform.attributes, [&](const wire::Attribute& each) {
    return each.type != life_type && each.type != life_duration &&
           wire::v1::number_of(each) != transform.find(each.type);
  });
}

bool is_as_offered(const wire::v1::Transform& answer, const wire::v1::Transform& offered, std::uint16_t life_type,
                   std::uint16_t life_duration) {
  const auto values = [](const wire::v1::Transform& transform) {
    std::vector<std::pair<std::uint16_t, std::optional<std::uint64_t>>> list;
    list.reserve(transform.attributes.size());
    for (const wire::Attribute& each : transform.attributes) list.emplace_back(each.type, wire::v1::number_of(each));
    std::ranges::sort(list);
    return list;
  };
  if (answer.id != offered.id || values(answer) != values(offered)) return false;
  const Life theirs = life_of(answer, life_type, life_duration), ours = life_of(offered, life_type, life_duration);
  return theirs.seconds == ours.seconds && theirs.kilobytes == ours.kilobytes;
}

bool is_accepted(const Life& life, const AcceptedLife& accepted) {
  if (!life.is_sound) return false;
  const auto seconds = [](Minutes minutes) { return static_cast<std::uint64_t>(Seconds{minutes}.count()); };
  if (life.seconds && (*life.seconds < seconds(accepted.least) || *life.seconds > seconds(accepted.most))) return false;
  if (!life.kilobytes) return true;
  return accepted.lifesize && *life.kilobytes >= accepted.lifesize->least && *life.kilobytes <= accepted.lifesize->most;
}

}  // namespace adit::ike::v1
