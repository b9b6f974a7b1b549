#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <stdexcept>

#include "base/log_gathering.h"

namespace adit::log {
namespace {

std::shared_ptr<spdlog::logger> logger;  // NOLINT: one a process, set before any thread starts
bool as_json = false;                    // NOLINT: likewise

spdlog::level::level_enum level_of(Severity severity) {
  switch (severity) {
    case Severity::debug:
      return spdlog::level::debug;
    case Severity::info:
      return spdlog::level::info;
    case Severity::warning:
      return spdlog::level::warn;
    case Severity::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string json_string(std::string_view value) {
  std::string text = "\"";
  for (const char character : value) {
    const auto octet = static_cast<unsigned char>(character);
    if (octet < 0x20 || octet == '"' || octet == '\\' || octet >= 0x7f) {
      text += fmt::format("\\u{:04x}", octet);
    } else {
      text += character;
    }
  }
  return text + "\"";
}

std::string to_json(const LogRecord& record) {
  std::string text =
      fmt::format("\"id\":{},\"text\":{}", json_string(row_of(record.message).id), json_string(record.to_string()));
  for (const LogRecord::Field& field : record.fields)
    text += fmt::format(",{}:{}", json_string(field.name), json_string(field.value));
  return text;
}

}  // namespace

void open(const Options& options) try {
  spdlog::sink_ptr sink;
  if (options.file.empty()) {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  } else {
    sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
  }
  as_json = options.json;
  logger = std::make_shared<spdlog::logger>(options.program, sink);
  logger->set_level(level_of(options.least));
  logger->flush_on(spdlog::level::debug);
  logger->set_pattern(
      as_json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","program":"%n","severity":"%l",%v})" : "%Y-%m-%d %H:%M:%S.%e %n %v",
      as_json ? spdlog::pattern_time_type::utc : spdlog::pattern_time_type::local);
} catch (const spdlog::spdlog_ex& failure) {
  throw std::runtime_error{failure.what()};
}

void write(const LogRecord& record) {
  if (!Gathering::tells(record) || !logger) return;
  const auto level = level_of(row_of(record.message).severity);
  if (!logger->should_log(level)) return;
  logger->log(level, "{}", as_json ? to_json(record) : record.to_string());
}

}  // namespace adit::log
