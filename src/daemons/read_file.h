#pragma once
// A configuration or policy file, whole, with a bound on its size.

#include <expected>
#include <string>

namespace adit::daemons {

/// Octets of the largest file that is read.
inline constexpr std::size_t largest_file = std::size_t{64} * 1024 * 1024;

/// The file's text, or why not, as the operator is told.
std::expected<std::string, std::string> read_file(const std::string& path);

}  // namespace adit::daemons
