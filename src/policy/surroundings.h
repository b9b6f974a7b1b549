#pragma once
// What a policy names outside its text: key files, hosts by name. The shell answers; a policy that is only looked at
// may go without.

#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "base/ip_address.h"
#include "base/secret.h"

namespace adit::policy {

struct Surroundings {
  /// The text of the file that `named_in` names, a path relative to that file's folder or an absolute one; or why there
  /// is none. Not set: key files are not looked at, and the keys in them not known.
  std::function<std::expected<Secret, std::string>(const std::string& named_in, const std::string& path)> read_key_file;
  /// An address of a host, as its name stands in InitiateToLocation. Not set: names are not looked up.
  std::function<std::optional<IpAddress>(const std::string& host)> address_of;
};

}  // namespace adit::policy
