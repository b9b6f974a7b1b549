#pragma once
// gRPC writes lines of its own to standard error, in the middle of a daemon's log and in another form than its lines.

namespace adit::rpc {

/// Silences them, unless the operator asks for them with GRPC_VERBOSITY. Called before the first use of gRPC.
void silence_grpc_log();

}  // namespace adit::rpc
