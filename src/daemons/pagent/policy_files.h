#pragma once
// From pagent.conf to policies: which stacks it names, the files of each, and what those files say.

#include <optional>
#include <string>
#include <vector>

#include "policy/diagnostic.h"

namespace adit::daemons::pagent {

struct StackPolicy {
  StackName stack;
  std::string files;             ///< as the log names them
  policy::PolicyPointer policy;  ///< null: the diagnostics say why not
  std::size_t errors = 0;
};

/// One for each stack that the configuration names; what is wrong with a file is logged. Nothing when pagent.conf
/// itself is wrong.
std::optional<std::vector<StackPolicy>> read_policies(const std::string& configuration);

}  // namespace adit::daemons::pagent
