#include "policy/agreement/differences.h"

#include <fmt/format.h>

#include <limits>

namespace adit::policy::agreement {

std::string differences(const Attributes& here, const Attributes& there) {
  std::string text;
  for (std::size_t i = 0; i < here.size() && i < there.size(); ++i) {
    if (here[i] == there[i]) continue;
    text += fmt::format("{}{}: {} here, {} there", text.empty() ? "" : "; ", here[i].first, here[i].second,
                        there[i].second);
  }
  return text;
}

std::size_t count_differences(const Attributes& here, const Attributes& there) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < here.size() && i < there.size(); ++i)
    if (here[i] != there[i]) ++count;
  return count;
}

std::pair<std::size_t, std::size_t> nearest_pair(const std::vector<Attributes>& here,
                                                 const std::vector<Attributes>& there) {
  std::pair<std::size_t, std::size_t> best{0, 0};
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (std::size_t i = 0; i < here.size(); ++i) {
    for (std::size_t j = 0; j < there.size(); ++j) {
      const std::size_t count = count_differences(here[i], there[j]);
      if (count >= fewest) continue;
      fewest = count;
      best = {i, j};
    }
  }
  return best;
}

std::string listed(const Attributes& attributes) {
  std::string text;
  for (const auto& [name, value] : attributes) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
  return text;
}

}  // namespace adit::policy::agreement
