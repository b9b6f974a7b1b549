#pragma once
// The log lines of a daemon's own life, in the words that every daemon uses.

#include <string>

namespace adit::daemons {

/// And tells the supervisor.
void log_ready(const std::string& daemon);
void log_stopped(const std::string& daemon);
void log_failure(const std::string& attempted, const std::string& reason);
void log_connected(const std::string& service, const std::string& address);
void log_lost(const std::string& service, const std::string& address, const std::string& reason);
void log_malformed(const std::string& service, const std::string& field);

}  // namespace adit::daemons
