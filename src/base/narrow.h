#pragma once
// A number in a smaller type, when the code has made sure that it fits.

#include <cassert>
#include <concepts>
#include <utility>

namespace adit {

template <std::integral To, std::integral From>
constexpr To narrow(From value) {
  assert(std::in_range<To>(value));
  return static_cast<To>(value);
}

}  // namespace adit
