// ipsec: the operator's command.

#include <fmt/format.h>

#include <cstdio>

#include "rpc/grpc_log.h"
#include "tools/ipsec/run.h"

int main(int argc, char** argv) {
  const auto arguments = adit::tools::ipsec::parse_arguments(argc, argv);
  if (!arguments) {
    fmt::print(arguments.error().exit_status == 0 ? stdout : stderr, "{}", arguments.error().text);
    return arguments.error().exit_status;
  }
  adit::rpc::silence_grpc_log();
  const auto outcome = adit::tools::ipsec::run(*arguments);
  fmt::print("{}", outcome.report);
  fmt::print(stderr, "{}", outcome.problem);
  return outcome.exit_status;
}
