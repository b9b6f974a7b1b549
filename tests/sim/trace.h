#pragma once
// What happened, as readable lines: the last few hundred, for the message of a failure. At the first breach the trace
// stops a little later, so that what led to it is still there.

#include <cstddef>
#include <deque>
#include <functional>
#include <string>

#include "sim/clockwork.h"

namespace adit::sim {

class Trace {
 public:
  static constexpr std::size_t most_lines = 400;  // a screenful or ten: what a person reads
  static constexpr std::size_t lines_after = 40;  // of the first breach
  explicit Trace(const Clockwork& clockwork) : clockwork_{clockwork} {}

  void note(std::string_view who, std::string_view what);
  /// A breach: noted, and the end of the trace comes near.
  void stop_soon(std::string_view why);
  /// Each line goes there as well, from now on and without end.
  void copy_to(std::function<void(const std::string&)> sink) { sink_ = std::move(sink); }

  std::string text() const;

 private:
  const Clockwork& clockwork_;
  std::deque<std::string> lines_;
  std::size_t forgotten_ = 0, left_ = SIZE_MAX;
  std::function<void(const std::string&)> sink_;
};

}  // namespace adit::sim
