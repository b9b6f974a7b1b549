#include "ike/v2/nat_detection.h"

#include "crypto/digest.h"

namespace adit::ike::v2 {

ByteString nat_detection_hash(IkeSpi spi_i, IkeSpi spi_r, const Endpoint& endpoint) {
  Writer spis;
  spis.u64(spi_i.value());
  spis.u64(spi_r.value());
  Writer port;
  port.u16(endpoint.port);
  const crypto::Sha1Digest digest = crypto::sha1({spis.written(), endpoint.address.octets(), port.written()});
  return {digest.begin(), digest.end()};
}

void add_nat_detection(wire::Payloads& payloads, IkeSpi spi_i, IkeSpi spi_r, const Endpoint& local,
                       const Endpoint& remote, Appearance appearance) {
  constexpr std::uint16_t no_port = 0;  // nothing is sent from there
  const Endpoint source = appearance == Appearance::behind_nat ? Endpoint{local.address, no_port} : local;
  payloads.add(wire::Notify{.type = wire::NotifyType::nat_detection_source_ip,
                            .data = nat_detection_hash(spi_i, spi_r, source)});
  payloads.add(wire::Notify{.type = wire::NotifyType::nat_detection_destination_ip,
                            .data = nat_detection_hash(spi_i, spi_r, remote)});
}

NatFindings detect_nat(const wire::Payloads& payloads, IkeSpi spi_i, IkeSpi spi_r, const Endpoint& local,
                       const Endpoint& remote) {
  NatFindings found;
  const wire::Notify* destination = payloads.find(wire::NotifyType::nat_detection_destination_ip);
  if (destination == nullptr || payloads.find(wire::NotifyType::nat_detection_source_ip) == nullptr) return found;
  found.supported = true;
  found.local = destination->data != nat_detection_hash(spi_i, spi_r, local);
  // A peer that does not know which of its addresses is used sends the hashes of several: one that fits is enough.
  const ByteString expected = nat_detection_hash(spi_i, spi_r, remote);
  found.remote = true;
  for (const wire::Payload& payload : payloads.items()) {
    const auto* notify = std::get_if<wire::Notify>(&payload.body);
    if (notify == nullptr || notify->type != wire::NotifyType::nat_detection_source_ip) continue;
    if (notify->data == expected) found.remote = false;
  }
  return found;
}

}  // namespace adit::ike::v2
