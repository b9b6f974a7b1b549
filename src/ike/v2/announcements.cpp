#include "ike/v2/announcements.h"

#include "ike/v2/nat_detection.h"

namespace adit::ike::v2 {

namespace {

constexpr std::size_t most_hashes = 16;        // of SIGNATURE_HASH_ALGORITHMS; the registry has 7
constexpr std::size_t most_authorities = 128;  // of all CERTREQs of a peer

}  // namespace

void announce(wire::Payloads& payloads, const IkeSa& sa) {
  if (sa.rule->action->allow_nat) {
    const bool is_forced = sa.rule->action->force_udp_encapsulation;
    add_nat_detection(payloads, sa.initiator_spi, sa.responder_spi, sa.local, sa.remote,
                      is_forced ? Appearance::behind_nat : Appearance::as_it_is);
  }
  payloads.add(wire::Notify{.type = wire::NotifyType::ikev2_fragmentation_supported});
  Writer hashes;
  for (const crypto::HashId hash :
       {crypto::HashId::sha2_256, crypto::HashId::sha2_384, crypto::HashId::sha2_512, crypto::HashId::identity}) {
    hashes.u16(std::to_underlying(hash));
  }
  payloads.add(wire::Notify{.type = wire::NotifyType::signature_hash_algorithms, .data = std::move(hashes).take()});
  // The responder says that it takes IKE_AUTH without a Child SA (RFC 6023 §3): the initiator may then do so.
  if (sa.role == Role::responder) {
    payloads.add(wire::Notify{.type = wire::NotifyType::childless_ikev2_supported});
  }
}

void heed_announcements(IkeSa& sa, const wire::Payloads& payloads, const Endpoint& local, const Endpoint& remote) {
  if (sa.rule->action->allow_nat) {
    // The hashes cover the SPIs of the message's own header: in the request the responder's is still zero.
    const IkeSpi spi_r = sa.role == Role::responder ? IkeSpi{} : sa.responder_spi;
    const NatFindings nat = detect_nat(payloads, sa.initiator_spi, spi_r, local, remote);
    sa.nat_local = nat.local;
    sa.nat_remote = nat.remote;
    sa.udp_forced = nat.supported && sa.rule->action->force_udp_encapsulation;
  }
  sa.peer_fragments = payloads.find(wire::NotifyType::ikev2_fragmentation_supported) != nullptr;
  sa.establishing->peer_may_be_childless = payloads.find(wire::NotifyType::childless_ikev2_supported) != nullptr;
  if (const wire::Notify* hashes = payloads.find(wire::NotifyType::signature_hash_algorithms)) {
    Reader in{hashes->data};
    while (in.remaining() >= sizeof(std::uint16_t) && sa.establishing->peer_hashes.size() < most_hashes) {
      sa.establishing->peer_hashes.push_back(static_cast<crypto::HashId>(in.u16("hash")));
    }
  }
  heed_certificate_requests(*sa.establishing, payloads);
}

wire::CertificateRequest certificate_request(const std::vector<ByteString>& key_hashes) {
  wire::CertificateRequest request{.encoding = std::to_underlying(contract::CertificateEncoding::x509_signature)};
  for (const ByteString& hash : key_hashes) append(request.authorities, hash);
  return request;
}

void heed_certificate_requests(Establishing& establishing, const wire::Payloads& payloads) {
  for (const wire::Payload& payload : payloads.items()) {
    if (const auto* notify = std::get_if<wire::Notify>(&payload.body)) {
      if (notify->type == wire::NotifyType::http_cert_lookup_supported) establishing.peer_takes_urls = true;
    }
    const auto* request = std::get_if<wire::CertificateRequest>(&payload.body);
    if (request == nullptr) continue;
    for (ByteString& hash : request->key_hashes()) {
      if (establishing.peer_authorities.size() < most_authorities) {
        establishing.peer_authorities.push_back(std::move(hash));
      }
    }
  }
}

}  // namespace adit::ike::v2
