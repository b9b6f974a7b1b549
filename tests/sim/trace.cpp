#include "sim/trace.h"

#include <fmt/format.h>

#include <algorithm>

namespace adit::sim {

void Trace::note(std::string_view who, std::string_view what) {
  if (left_ == 0 && !sink_) return;
  const double seconds = static_cast<double>(clockwork_.now().time_since_epoch().count()) / Duration::period::den;
  std::string line = fmt::format("{:>12.6f} {:<4} {}", seconds, who, what);
  if (sink_) sink_(line);
  if (left_ == 0) return;
  if (left_ != SIZE_MAX) --left_;
  lines_.push_back(std::move(line));
  if (lines_.size() <= most_lines) return;
  lines_.pop_front();
  ++forgotten_;
}

void Trace::stop_soon(std::string_view why) {
  note("!!", why);
  left_ = std::min(left_, lines_after);
}

std::string Trace::text() const {
  std::string text = fmt::format("the last {} events, {} before them left out:\n", lines_.size(), forgotten_);
  for (const std::string& line : lines_) text += line + "\n";
  return text;
}

}  // namespace adit::sim
