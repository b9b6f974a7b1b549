#pragma once
// Outcomes that every command of `ipsec` shares, with the exit statuses of its manual.

#include <chrono>
#include <string>

#include "base/time.h"
#include "tools/ipsec/run.h"

namespace adit::tools::ipsec {

inline constexpr int nothing_done = 1;
inline constexpr int wrong_words = 2;
inline constexpr int no_daemon = 3;

inline Outcome failed(std::string reason, int exit_status) { return {{}, "ipsec: " + reason + "\n", exit_status}; }

inline Heading heading(const StackName& stack, std::string primary, std::string function, std::string source) {
  return {.stack = stack.text,
          .now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()),
          .primary = std::move(primary),
          .function = std::move(function),
          .source = std::move(source),
          .available = {},
          .further = {}};
}

}  // namespace adit::tools::ipsec
