#include "stack/drop.h"

#include <numeric>
#include <utility>

namespace adit::stack {

std::string_view to_string(Drop reason) {
  static constexpr std::array<std::string_view, drop_reasons> names = {
      "not dropped",
      "no SA",
      "malformed",
      "too long",
      "fragment",
      "unsupported header",
      "not between the SA's ends",
      "replayed",
      "not authentic",
      "bad padding",
      "bad next header",
      "dummy",
      "selectors violated",
      "congestion lost",
      "sequence numbers exhausted",
      "byte limit reached",
      "not AH around its ESP",
  };
  static_assert(std::to_underlying(Drop::not_around_esp) + 1 == drop_reasons);
  return names[static_cast<std::size_t>(reason)];
}

std::uint64_t DropCounters::total() const {
  return std::accumulate(counts_.begin() + 1, counts_.end(), std::uint64_t{0});
}

}  // namespace adit::stack
