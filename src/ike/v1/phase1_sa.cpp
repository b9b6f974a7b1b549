#include "ike/v1/phase1_sa.h"

#include <algorithm>

namespace adit::ike::v1 {

std::optional<InboundSpi> inbound_spi(const ChildSa& child, contract::SaProtocol protocol) {
  if (child.transforms.protocol == protocol) return child.inbound_spi;
  return child.ah && protocol == contract::SaProtocol::ah ? std::optional{child.ah->inbound} : std::nullopt;
}

std::optional<OutboundSpi> outbound_spi(const ChildSa& child, contract::SaProtocol protocol) {
  if (child.transforms.protocol == protocol) return child.outbound_spi;
  return child.ah && protocol == contract::SaProtocol::ah ? std::optional{child.ah->outbound} : std::nullopt;
}

ChildSa* Phase1Sa::find_child(contract::ChildSaName name) {
  const auto found = std::ranges::find(children, name, &ChildSa::name);
  return found == children.end() ? nullptr : &*found;
}

ChildSa* Phase1Sa::find_child(contract::SaProtocol protocol, OutboundSpi spi) {
  const auto found =
      std::ranges::find_if(children, [&](const ChildSa& child) { return outbound_spi(child, protocol) == spi; });
  return found == children.end() ? nullptr : &*found;
}

QuickMode* Phase1Sa::find_quick_mode(MessageId id) {
  for (const auto& quick_mode : quick_modes) {
    if (quick_mode->id == id) return quick_mode.get();
  }
  return nullptr;
}

QuickMode* Phase1Sa::quick_mode_of(contract::ChildSaName name) {
  for (const auto& quick_mode : quick_modes) {
    if (quick_mode->state != QuickMode::State::done && quick_mode->wish.name == name) return quick_mode.get();
  }
  return nullptr;
}

std::size_t Phase1Sa::unproved_octets() const {
  // What message 1 left has its own bound: the half-open SAs, and largest_first_message.
  const bool is_answered =
      state == Phase1State::sa_answered || state == Phase1State::preparing_answer || state == Phase1State::answer_sent;
  if (!is_half_open(state) || is_answered || establishing == nullptr) return 0;
  std::size_t kept = last_received.size() + establishing->peer_proof.size();
  for (const contract::CertificatePayload& certificate : establishing->peer_certificates) {
    kept += certificate.data.size();
  }
  for (const ByteString& name : establishing->peer_authorities) kept += name.size();
  return kept;
}

}  // namespace adit::ike::v1
