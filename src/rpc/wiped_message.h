#pragma once
// Wipes what a message holds of secrets once it has been read or sent. What gRPC itself keeps of it meanwhile, in its
// buffers and TLS records, is out of our hands: no core dump and no swap file of pagent shows it (confinement).

#include <cstring>

#include "adit/v1/central.pb.h"

namespace adit::rpc {

inline void wipe(v1::RetrievedPolicy& message) {
  std::string& octets = *message.mutable_source();
  explicit_bzero(octets.data(), octets.size());
  octets.clear();
}

}  // namespace adit::rpc
