#pragma once
// Carries out what the operator asked for, and says it: the report on standard output, why not on standard error.

#include <string>

#include "tools/ipsec/report/arguments.h"

namespace adit::tools::ipsec {

struct Outcome {
  std::string report;   ///< for standard output
  std::string problem;  ///< for standard error
  int exit_status = 0;
};

Outcome run(const Arguments& arguments);

}  // namespace adit::tools::ipsec
