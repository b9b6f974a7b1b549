#include "base/log_gathering.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <unordered_set>
#include <utility>

namespace adit::log {
namespace {

thread_local Gathering* current = nullptr;  // NOLINT: what is gathered is what one thread writes

}  // namespace

Gathering::Gathering(Mode mode) : mode_{mode} { current = this; }
Gathering::~Gathering() {
  if (current == this) current = nullptr;
}

std::vector<LogRecord> Gathering::finish() {
  current = nullptr;
  return std::move(records_);
}

bool Gathering::tells(const LogRecord& record) {
  if (current == nullptr) return true;
  current->records_.push_back(record);
  return current->mode_ == Mode::tells;
}

std::vector<LogRecord> news_among(std::span<const LogRecord> records, std::span<const LogRecord> told) {
  std::unordered_set<std::string> known;  // a file may have as many mistakes as it has lines
  for (const LogRecord& record : told) known.insert(record.to_string());
  std::vector<LogRecord> news;
  std::ranges::copy_if(records, std::back_inserter(news),
                       [&known](const LogRecord& record) { return !known.contains(record.to_string()); });
  return news;
}

}  // namespace adit::log
