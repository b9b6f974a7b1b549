#pragma once
// What one end of a mutual TLS connection proves itself with, and whom it believes: PEM texts.

#include <string>

namespace adit::rpc {

struct TlsCredentials {
  std::string certificate_chain;
  std::string private_key;
  std::string trusted;  ///< authorities that the peer's chain must end in
};

/// Leaves TLS 1.3 as the only version that can come about. Called before the first use of TLS in a process: gRPC takes
/// its list of ciphers for older versions once, from the environment.
void allow_only_tls_1_3();

}  // namespace adit::rpc
