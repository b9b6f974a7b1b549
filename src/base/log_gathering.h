#pragma once
// What a thread writes to the log while it does one thing: so that doing it again can be silent about what has been
// told.

#include <cstdint>
#include <span>
#include <vector>

#include "base/catalogue.h"

namespace adit::log {

class Gathering {
 public:
  enum class Mode : std::uint8_t { tells, keeps_back };

  /// From here to finish(), or the end of its life, what this thread writes is gathered, and written or not. One at a
  /// time in a thread.
  explicit Gathering(Mode mode);
  ~Gathering();
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  std::vector<LogRecord> finish();

  /// Of write(): false when the record is kept back.
  static bool tells(const LogRecord& record);

 private:
  Mode mode_;
  std::vector<LogRecord> records_;
};

/// Those of the records that were not among the ones told before.
std::vector<LogRecord> news_among(std::span<const LogRecord> records, std::span<const LogRecord> told);

}  // namespace adit::log
