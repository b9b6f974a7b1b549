#include "rpc/grpc_log.h"

#include <cstdlib>

namespace adit::rpc {

void silence_grpc_log() { ::setenv("GRPC_VERBOSITY", "NONE", 0); }

}  // namespace adit::rpc
