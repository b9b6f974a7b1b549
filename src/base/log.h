#pragma once
// Where a process writes its LogRecords. The shell's: pure code hands records out instead.

#include <string>

#include "base/catalogue.h"

namespace adit::log {

struct Options {
  std::string program;
  Severity least = Severity::info;
  bool json = false;  ///< one JSON object a line, for log collectors
  std::string file;   ///< appended to; empty: standard error
};

/// Called once, before the first write. Throws std::runtime_error when the file cannot be opened.
void open(const Options& options);
void write(const LogRecord& record);

}  // namespace adit::log
