#include "ike/v1/nat.h"

namespace adit::ike::v1 {

namespace {

/// HASH(CKY-I | CKY-R | IP | Port)
ByteString hash_of(const Phase1Sa& sa, const Endpoint& endpoint) {
  Writer cookies;
  cookies.u64(sa.initiator_cookie.value());
  cookies.u64(sa.responder_cookie.value());
  Writer port;
  port.u16(endpoint.port);
  return crypto::ike_v1_hash(sa.choice.hash, {cookies.written(), endpoint.address.octets(), port.written()});
}

}  // namespace

void add_nat_detection(wire::v1::Payloads& payloads, const Phase1Sa& sa) {
  if (sa.nat_traversal == NatTraversal::none) return;
  const auto type = payload_numbers(sa.nat_traversal).nat_detection;
  payloads.add(type, wire::v1::NatDetection{hash_of(sa, sa.remote)});
  // ForceUdpEncapsulation: the hash of a port that nobody sends from is one that a NAT has changed.
  constexpr std::uint16_t no_port = 0;
  const Endpoint apparent = sa.rule->action->force_udp_encapsulation ? Endpoint{sa.local.address, no_port} : sa.local;
  payloads.add(type, wire::v1::NatDetection{hash_of(sa, apparent)});
}

void heed_nat_detection(Phase1Sa& sa, const Received& message) {
  if (sa.nat_traversal == NatTraversal::none) return;
  const auto type = payload_numbers(sa.nat_traversal).nat_detection;
  std::vector<const ByteString*> hashes;
  for (const wire::v1::Payload& payload : message.chain.payloads.items()) {
    const auto* detection = std::get_if<wire::v1::NatDetection>(&payload.body);
    if (detection != nullptr && payload.type == type) hashes.push_back(&detection->value);
  }
  if (hashes.size() < 2) {  // both ends have to tell (RFC 3947 §3.2)
    sa.nat_traversal = NatTraversal::none;
    return;
  }
  sa.udp_forced = sa.rule->action->force_udp_encapsulation;
  sa.nat_local = *hashes.front() != hash_of(sa, message.datagram.local);
  // A peer that does not know which of its addresses is used sends the hashes of several: one that fits is enough.
  const ByteString expected = hash_of(sa, message.datagram.remote);
  sa.nat_remote = true;
  for (std::size_t i = 1; i < hashes.size(); ++i) {
    if (*hashes[i] == expected) sa.nat_remote = false;
  }
}

void float_port(Phase1Sa& sa) {
  // What began on port 4500 stays on the ports of the NAT (RFC 3947 §4).
  if (!sa.is_in_udp() || sa.local.port == nat_traversal_port) return;
  sa.local.port = nat_traversal_port;
  sa.remote.port = nat_traversal_port;
}

}  // namespace adit::ike::v1
