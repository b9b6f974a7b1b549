#pragma once
// The policy files of one stack: given by name, or by pagent.conf as pagent finds them.

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "policy/diagnostic.h"

namespace adit::tools::policy_command {

struct StackFiles {
  std::optional<policy::SourceFile> common, own;
};

/// A file's text; the error names the file.
std::expected<policy::SourceFile, std::string> read_source(const std::string& path);

/// What pagent.conf names for a stack, relative paths from the folder of the file that names them; the first stack
/// where `stack` is empty. The error is ready to print.
std::expected<StackFiles, std::string> files_of_stack(const std::string& pagent_conf, const std::string& stack);

}  // namespace adit::tools::policy_command
