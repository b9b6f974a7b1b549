#pragma once
// Runs nftables text in this thread's network namespace.

#include <expected>
#include <string>

namespace adit::stack::user {

/// All of it or nothing. @return what it printed, maps without their elements; or what libnftables says is wrong
std::expected<std::string, std::string> run_nftables(const std::string& text);

}  // namespace adit::stack::user
