#include "stack/security_association.h"

#include <algorithm>

#include "base/narrow.h"
#include "stack/authentication_header.h"

namespace adit::stack {
namespace {

Endpoint endpoint(const IpAddress& address, const std::optional<contract::UdpEncapsulation>& udp,
                  std::uint16_t contract::UdpEncapsulation::* port) {
  return {.address = address, .port = udp ? (*udp).*port : std::uint16_t{0}};
}

OctetLimits limits_of(const contract::Lifetimes& lifetimes) {
  return {.soft = lifetimes.soft_octets.value_or(UINT64_MAX), .hard = lifetimes.hard_octets.value_or(UINT64_MAX)};
}

/// What both directions take from their cipher.
template <class Sa>
void give_cipher(Sa& sa, std::unique_ptr<crypto::PacketCipher> cipher) {
  sa.iv_size = narrow<std::uint8_t>(cipher->iv_size());
  sa.icv_size = narrow<std::uint8_t>(cipher->icv_size());
  sa.alignment = narrow<std::uint8_t>(std::max<std::size_t>(cipher->block_size(), 4));  // RFC 4303 §2.4
  sa.cipher = cipher.get();
  sa.owned_cipher = std::move(cipher);
}

constexpr bool is_reserved(std::uint32_t spi) { return spi < 256; }

std::optional<std::string> objection_to_around(const contract::InstallChildSa& install) {
  if (install.ah.has_value() != (install.transforms.around_esp != IntegrityId::none)) {
    return "AH around ESP has an algorithm and SPIs";
  }
  if (!install.ah) return std::nullopt;
  if (install.transforms.protocol != contract::SaProtocol::esp) return "AH stands around ESP alone";
  if (install.udp) return "AH around ESP does not pass a NAT: it covers the addresses";
  if (is_reserved(install.ah->inbound_spi.value()) || is_reserved(install.ah->outbound_spi.value())) {
    return "SPIs below 256 are reserved (RFC 4302 section 2.4)";
  }
  return std::nullopt;
}

std::optional<std::string> objection_to(const contract::InstallChildSa& install) {
  if (install.transforms.protocol == contract::SaProtocol::ah && install.udp) {
    return "AH does not pass a NAT: it covers the addresses, and UDP encapsulation is for ESP (RFC 3948 section 1)";
  }
  if (auto objection = objection_to_around(install)) return objection;
  if (install.local.family() != install.remote.family()) return "the security endpoints are of two address families";
  if (is_reserved(install.inbound_spi.value()) || is_reserved(install.outbound_spi.value())) {
    return "SPIs below 256 are reserved (RFC 4303 section 2.1)";
  }
  if (std::max(install.local_ts.size(), install.remote_ts.size()) > most_traffic_selectors) {
    return "more than " + std::to_string(most_traffic_selectors) + " traffic selectors on a side";
  }
  if (!install.iv_seed.empty() && install.iv_seed.size() != std::size(crypto::PacketAlgorithms{}.iv_seed)) {
    return "an IV seed of " + std::to_string(install.iv_seed.size()) + " octets";
  }
  return std::nullopt;
}

AntiReplayWindow::Numbers numbers_of(const contract::InstallChildSa& install) {
  using enum AntiReplayWindow::Numbers;
  if (!install.anti_replay) return unchecked;
  return install.transforms.extended_sequence_numbers ? extended : plain;
}

Sending sending_of(contract::SendingBegins begins) {
  switch (begins) {
    case contract::SendingBegins::at_once:
      break;
    case contract::SendingBegins::when_peer_is_ready:
      return Sending::awaits_peer;
    case contract::SendingBegins::when_told:
      return Sending::awaits_word;
  }
  return Sending::begun;
}

std::uint8_t ah_size_of(const OutboundSa& ah, const contract::InstallChildSa& install) {
  return narrow<std::uint8_t>(ah_size(install.local.family(), std::size_t{ah.iv_size} + ah.icv_size));
}

/// Adds AH's SAs to the ESP pair that they stand around. False when the keys have a wrong size.
bool put_around(ChildSa& pair, const contract::InstallChildSa& install) {
  const crypto::PacketAlgorithms algorithms{.encryption = EncryptionId::none,
                                            .integrity = install.transforms.around_esp};
  auto sealing = crypto::PacketCipher::make(algorithms, {}, install.ah->outbound);
  auto opening = crypto::PacketCipher::make(algorithms, {}, install.ah->inbound);
  if (sealing == nullptr || opening == nullptr) return false;
  pair.around = std::make_unique<AroundEspSas>(numbers_of(install));

  OutboundSa& out = pair.around->outbound;
  give_cipher(out, std::move(sealing));
  out.spi = install.ah->outbound_spi.value();
  out.form = SaForm::ah_around_esp;
  out.ah_size = ah_size_of(out, install);
  out.extended = pair.outbound.extended;
  out.pair = &pair;
  pair.outbound.form = SaForm::esp_within_ah;
  pair.outbound.ah_size = out.ah_size;

  InboundSa& in = pair.around->inbound;
  give_cipher(in, std::move(opening));
  in.spi = install.ah->inbound_spi.value();
  in.form = SaForm::ah_around_esp;
  in.pair = &pair;
  pair.inbound.form = SaForm::esp_within_ah;
  return true;
}

}  // namespace

std::expected<std::unique_ptr<ChildSa>, std::string> ChildSa::make(const contract::InstallChildSa& install,
                                                                   Instant now) {
  if (auto objection = objection_to(install)) return std::unexpected{*std::move(objection)};
  const bool extended = install.transforms.extended_sequence_numbers;
  auto pair = std::make_unique<ChildSa>(numbers_of(install));

  const bool is_ah = install.transforms.protocol == contract::SaProtocol::ah;
  if (is_ah != (install.transforms.encryption == EncryptionId::none)) {
    return std::unexpected{is_ah ? "AH does not encrypt" : "ESP without encryption has ENCR_NULL"};
  }
  crypto::PacketAlgorithms algorithms{.encryption = install.transforms.encryption,
                                      .key_bits = install.transforms.key_bits,
                                      .integrity = install.transforms.integrity,
                                      .is_within_ah = install.ah.has_value()};
  std::ranges::copy_n(install.iv_seed.begin(), std::ssize(install.iv_seed), algorithms.iv_seed.begin());
  for (const auto& [keys, give] :
       {std::pair{&install.outbound,
                  +[](ChildSa& p, std::unique_ptr<crypto::PacketCipher> c) { give_cipher(p.outbound, std::move(c)); }},
        std::pair{&install.inbound, +[](ChildSa& p, std::unique_ptr<crypto::PacketCipher> c) {
                    give_cipher(p.inbound, std::move(c));
                  }}}) {
    auto cipher = crypto::PacketCipher::make(algorithms, keys->encryption, keys->integrity);
    if (cipher == nullptr) {
      return std::unexpected{install.transforms.to_string() + " cannot be done with keys of these sizes"};
    }
    give(*pair, std::move(cipher));
  }

  pair->name = install.name;
  pair->parent = install.parent;
  pair->protocol = install.transforms.protocol;
  pair->mode = install.mode;
  pair->local_ts = install.local_ts;
  pair->remote_ts = install.remote_ts;
  pair->filter_rule = install.filter_rule;
  pair->vpn_action = install.vpn_action;
  pair->installed = now;
  if (install.lifetimes.hard) pair->expires = now + *install.lifetimes.hard;

  OutboundSa& out = pair->outbound;
  out.spi = install.outbound_spi.value();
  // Without anti-replay the number on the wire rolls over (RFC 4303 §3.3.3): it is the low half of one that does not.
  out.last_sequence = extended || !install.anti_replay ? UINT64_MAX : UINT32_MAX;
  out.limits = limits_of(install.lifetimes);
  if (is_ah) {
    out.form = SaForm::ah;
    out.ah_size = ah_size_of(out, install);
  }
  out.extended = extended;
  out.is_tunnel = install.mode == contract::EncapsulationMode::tunnel;
  out.copy_dscp = install.copy_dscp;
  out.df = install.df;
  out.is_udp = install.udp.has_value();
  out.is_local_any = install.local.is_any();
  out.is_remote_any = install.remote.is_any();
  out.local = endpoint(install.local, install.udp, &contract::UdpEncapsulation::local_port);
  out.remote = endpoint(install.remote, install.udp, &contract::UdpEncapsulation::remote_port);
  out.pair = pair.get();

  InboundSa& in = pair->inbound;
  in.spi = install.inbound_spi.value();
  in.form = out.form;
  in.limits = out.limits;
  in.is_tunnel = out.is_tunnel;
  in.sending = sending_of(install.sending);
  in.remote = out.remote;
  in.pair = pair.get();
  if (install.ah && !put_around(*pair, install)) {
    return std::unexpected{install.transforms.to_string() + " cannot be done with keys of these sizes"};
  }
  return pair;
}

bool ChildSa::carries(const PacketSelectors& packet) const { return carry(local_ts, remote_ts, packet); }

bool ChildSa::may_have_carried(const PacketSelectors& packet) const { return carry(remote_ts, local_ts, packet); }

bool ChildSa::soft_limit_reached() const {
  return outbound.octets >= outbound.limits.soft || inbound.octets >= inbound.limits.soft ||
         outbound.sequence >= outbound.last_sequence - sequence_reserve;
}

bool ChildSa::hard_limit_reached(Instant now) const {
  return outbound.octets >= outbound.limits.hard || inbound.octets >= inbound.limits.hard ||
         outbound.sequence == outbound.last_sequence || (expires && now >= *expires);
}

}  // namespace adit::stack
