#pragma once
// Wipes what a message holds of secrets once it has been read or sent. What gRPC itself keeps of it meanwhile, in its
// buffers and TLS records, is out of our hands: no core dump and no swap file of pagent shows it (confinement).

#include <cstring>

#include "adit/v1/central.pb.h"
#include "adit/v1/policy.pb.h"

namespace adit::rpc {

inline void wipe(std::string& octets) {
  explicit_bzero(octets.data(), octets.size());
  octets.clear();
}

inline void wipe(v1::RetrievedPolicy& message) { wipe(*message.mutable_source()); }

/// The shared keys, and the keys of manual tunnels.
inline void wipe(v1::PolicyChange& message) {
  if (!message.has_installed()) return;
  v1::PolicySnapshot& policy = *message.mutable_installed();
  for (v1::KeyExchangeRule& rule : *policy.mutable_key_exchange()->mutable_rules()) wipe(*rule.mutable_shared_key());
  for (v1::ManVpnAction& action : *policy.mutable_filter()->mutable_man_vpn_actions()) {
    wipe(*action.mutable_inbound_encryption_key());
    wipe(*action.mutable_inbound_integrity_key());
    wipe(*action.mutable_outbound_encryption_key());
    wipe(*action.mutable_outbound_integrity_key());
  }
}

}  // namespace adit::rpc
