#pragma once
// The names of the daemons' sockets in the socket folder (--socket-dir): one place, for those who serve and those who
// connect.

#include <optional>
#include <string>
#include <string_view>

#include "base/strong_id.h"

namespace adit::rpc {

inline constexpr const char* default_socket_folder = "/run/adit";

// In it each daemon has a folder in which it alone may write: who connects to a name there reaches that daemon or
// nobody, also while it is down. gRPC does not tell a client who serves a socket.
inline std::string pagent_folder(const std::string& folder) { return folder + "/pagent"; }
inline std::string iked_folder(const std::string& folder) { return folder + "/iked"; }
inline std::string stacks_folder(const std::string& folder) { return folder + "/stack"; }

/// For iked; stacks have their own: each gets the keys that it needs, and no others.
inline std::string pagent_socket(const std::string& folder) { return pagent_folder(folder) + "/pagent.sock"; }
inline std::string pagent_stack_socket(const std::string& folder) {
  return pagent_folder(folder) + "/pagent-stacks.sock";
}
inline std::string iked_socket(const std::string& folder) { return iked_folder(folder) + "/iked.sock"; }
inline std::string stack_socket(const std::string& folder, const StackName& stack) {
  return stacks_folder(folder) + "/stack-" + stack.text + ".sock";
}
inline std::string stack_operator_socket(const std::string& folder, const StackName& stack) {
  return stacks_folder(folder) + "/operator-" + stack.text + ".sock";
}
inline std::string ike_channel_socket(const std::string& folder, const StackName& stack) {
  return stacks_folder(folder) + "/ike-" + stack.text + ".sock";
}

/// The stack whose stack_socket() has this file name; nothing for another file.
inline std::optional<StackName> stack_of_socket(std::string_view file_name) {
  constexpr std::string_view prefix = "stack-", suffix = ".sock";
  if (!file_name.starts_with(prefix) || !file_name.ends_with(suffix)) return std::nullopt;
  if (file_name.size() <= prefix.size() + suffix.size()) return std::nullopt;
  return StackName{std::string{file_name.substr(prefix.size(), file_name.size() - prefix.size() - suffix.size())}};
}

}  // namespace adit::rpc
