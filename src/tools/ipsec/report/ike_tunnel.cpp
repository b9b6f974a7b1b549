#include <fmt/format.h>

#include "tools/ipsec/report/tunnels.h"
#include "tools/ipsec/report/values.h"

namespace adit::tools::ipsec {
namespace {

std::string_view name_of(ike::IkeState state) {
  switch (state) {
    case ike::IkeState::init:
      return "INIT";
    case ike::IkeState::wait_sa:
      return "WAIT SA";
    case ike::IkeState::in_ke:
      return "IN KE";
    case ike::IkeState::wait_ke:
      return "WAIT KE";
    case ike::IkeState::done:
      return "DONE";
    case ike::IkeState::expired:
      return "EXPIRED";
    case ike::IkeState::half_closed:
      return "HALF-CLOSED";
  }
  return not_applicable;
}

template <class Id>
std::string display_of(Id id) {
  const auto* facts = find(id);
  return facts == nullptr ? std::string{not_applicable} : std::string{facts->display};
}

std::string nat_level(const ike::IkeTunnelView& tunnel) {
  if (!tunnel.allow_nat) return "None";
  return tunnel.version == 1 ? "RFC" : "IKEV2";
}

std::string mode_text(const std::optional<ike::ExchangeMode>& mode) {
  if (!mode) return not_applicable;
  return *mode == ike::ExchangeMode::main ? "Main" : "Aggressive";
}

}  // namespace

std::string name_of(IkeTunnelId tunnel) { return fmt::format("K{}", tunnel.value()); }
std::string name_of(DynamicTunnelId tunnel) { return fmt::format("Y{}", tunnel.value()); }
std::string name_of(ManualTunnelId tunnel) { return fmt::format("M{}", tunnel.value()); }

bool has_napt_in_front_of_remote(const ike::IkeTunnelView& tunnel) {
  return tunnel.nat_remote && tunnel.remote.port != 4500;
}

Entry ike_tunnel_entry(const ike::IkeTunnelView& tunnel) {
  const EncryptionFacts* encryption = find(tunnel.encryption);
  const auto identity_type = [](const auto& identity) {
    return identity ? adit::name_of(identity->type) : not_applicable;
  };
  const auto identity_value = [](const auto& identity) { return identity ? identity->to_string() : not_applicable; };
  const auto method = [](const auto& chosen) { return chosen ? to_string(*chosen) : not_applicable; };
  Entry entry;
  entry.add("TunnelID", name_of(tunnel.tunnel))
      .add("Generation", std::to_string(tunnel.generation))
      .add("IKEVersion", fmt::format("{}.0", tunnel.version))
      .row("KeyExchangeRuleName", tunnel.rule)
      .row("KeyExchangeActionName", tunnel.action)
      .row("LocalEndPoint", tunnel.local.address.to_string())
      .row("LocalIDType", identity_type(tunnel.local_identity))
      .row("LocalID", identity_value(tunnel.local_identity))
      .row("RemoteEndPoint", tunnel.remote.address.to_string())
      .row("RemoteIDType", identity_type(tunnel.remote_identity))
      .row("RemoteID", identity_value(tunnel.remote_identity))
      .row("ExchangeMode", mode_text(tunnel.mode))
      .add("State", std::string{name_of(tunnel.state)})
      // IKEv1 has one hash, for all that IKEv2 has a PRF and an integrity algorithm for.
      .row("AuthenticationAlgorithm",
           tunnel.mode && tunnel.prf ? display_of(*tunnel.prf) : display_of(tunnel.integrity))
      .add("EncryptionAlgorithm", display_of(tunnel.encryption))
      .part("KeyLength",
            encryption != nullptr && encryption->has_key_length ? std::to_string(tunnel.key_bits) : not_applicable)
      .add("PseudoRandomFunction", tunnel.prf ? display_of(*tunnel.prf) : not_applicable)
      .add("DiffieHellmanGroup",
           tunnel.group == GroupId::none ? not_applicable : std::to_string(static_cast<unsigned>(tunnel.group)))
      .row("LocalAuthenticationMethod", method(tunnel.local_auth))
      .add("RemoteAuthenticationMethod", method(tunnel.remote_auth))
      .row("InitiatorCookie", cookie_text(tunnel.initiator_spi))
      .add("ResponderCookie", cookie_text(tunnel.responder_spi))
      .row("Lifesize", lifesize_text(tunnel.lifesize_kbytes))
      .add("CurrentByteCount", fmt::format("{}b", tunnel.octets))
      .row("Lifetime", minutes_text(tunnel.lifetime))
      .add("LifetimeRefresh", time_text(tunnel.refresh_at))
      .add("LifetimeExpires", time_text(tunnel.expires_at))
      .row("ReauthInterval", minutes_text(tunnel.reauth_interval))
      .add("ReauthTime", time_text(tunnel.reauth_at))
      .row("Role", tunnel.role == ike::Role::initiator ? "Initiator" : "Responder")
      .row("AssociatedDynamicTunnels", std::to_string(tunnel.dynamic_tunnels))
      .row("NATTSupportLevel", nat_level(tunnel))
      .add("NATInFrntLclScEndPnt", yes_no(tunnel.nat_local))
      .add("NATInFrntRmtScEndPnt", yes_no(tunnel.nat_remote))
      .row("zOSCanInitiateP1SA", yes_no(!has_napt_in_front_of_remote(tunnel)))
      .add("AllowNat", yes_no(tunnel.allow_nat))
      .add("RmtNAPTDetected", yes_no(has_napt_in_front_of_remote(tunnel)))
      .add("RmtUdpEncapPort",
           tunnel.nat_local || tunnel.nat_remote ? std::to_string(tunnel.remote.port) : not_applicable);
  return entry;
}

}  // namespace adit::tools::ipsec
