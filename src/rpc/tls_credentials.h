#pragma once
// What one end of a mutual TLS connection proves itself with, and whom it believes: PEM texts.

#include <cstdint>
#include <string>
#include <vector>

namespace adit::rpc {

struct TlsCredentials {
  std::string certificate_chain;
  std::string private_key;
  std::string trusted;  ///< authorities that the peer's chain must end in
  bool operator==(const TlsCredentials&) const = default;
};

/// Where a server of TLS listens.
struct TlsListening {
  std::vector<std::string> addresses;  ///< none: all of both families
  std::uint16_t port = 0;              ///< 0: one that is free
  bool operator==(const TlsListening&) const = default;
};

/// Leaves TLS 1.3 as the only version that can come about. Called before the first use of TLS in a process: gRPC takes
/// its list of ciphers for older versions once, from the environment.
void allow_only_tls_1_3();

}  // namespace adit::rpc
