#pragma once
// The folder in which a daemon has its sockets, and nobody else may write (rpc/socket_paths.h).

#include <expected>
#include <string>

namespace adit::daemons {

/// Makes it where it is missing, as open to read as the folder around it. An error, for the operator, when it cannot be
/// made or others could put a socket of theirs there.
std::expected<void, std::string> make_socket_folder(const std::string& path);

}  // namespace adit::daemons
