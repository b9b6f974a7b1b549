#include "rpc/tls_credentials.h"

#include <cstdlib>

namespace adit::rpc {

void allow_only_tls_1_3() {
  // A cipher of TLS 1.2 that needs a pre-shared key, which nobody sets: older versions have no cipher in common with
  // any peer, while the suites of TLS 1.3 are not in this list's power (SSL_CTX_set_cipher_list(3)).
  ::setenv("GRPC_SSL_CIPHER_SUITES", "PSK-AES256-GCM-SHA384", 1);
}

}  // namespace adit::rpc
