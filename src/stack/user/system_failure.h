#pragma once
// A system call that failed: what was attempted, and why it did not work.

#include <cerrno>
#include <string>
#include <system_error>

namespace adit::stack::user {

struct SystemFailure {
  std::string attempted;  ///< "bind UDP port 500"
  std::error_code reason;

  /// The failure of the call that has just returned.
  static SystemFailure last(std::string attempted) {
    return {std::move(attempted), std::error_code{errno, std::generic_category()}};
  }
  /// `bind UDP port 500: Address already in use`
  std::string to_string() const { return attempted + ": " + reason.message(); }
};

}  // namespace adit::stack::user
