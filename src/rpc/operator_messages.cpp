#include "rpc/operator_messages.h"

#include "rpc/common_messages.h"
#include "rpc/policy_messages.h"

namespace adit::rpc {
namespace {

std::int64_t microseconds(Instant at) { return at.time_since_epoch().count(); }
Instant instant(std::int64_t count) { return Instant{Duration{count}}; }

void write(const ike::AhSpis& from, v1::AhSpis& to) {
  to.set_inbound(from.inbound.value());
  to.set_outbound(from.outbound.value());
}
ike::AhSpis read(const v1::AhSpis& from) {
  return {.inbound = InboundSpi{from.inbound()}, .outbound = OutboundSpi{from.outbound()}};
}

}  // namespace

void write(const ike::IkeTunnelView& from, v1::IkeTunnel& to) {
  to.set_tunnel(from.tunnel.value());
  to.set_generation(from.generation);
  to.set_version(from.version);
  if (from.mode) to.set_mode(choice<v1::IkeTunnel::ExchangeMode>(*from.mode));
  to.set_rule(from.rule);
  to.set_action(from.action);
  write(from.local, *to.mutable_local());
  write(from.remote, *to.mutable_remote());
  if (from.local_identity) write(*from.local_identity, *to.mutable_local_identity());
  if (from.remote_identity) write(*from.remote_identity, *to.mutable_remote_identity());
  to.set_state(choice<v1::IkeTunnel::State>(from.state));
  to.set_role(choice<v1::IkeTunnel::Role>(from.role));
  to.set_encryption(std::to_underlying(from.encryption));
  to.set_key_bits(from.key_bits);
  to.set_integrity(std::to_underlying(from.integrity));
  if (from.prf) to.set_prf(std::to_underlying(*from.prf));
  to.set_group(std::to_underlying(from.group));
  if (from.local_auth) to.set_local_auth(std::to_underlying(*from.local_auth));
  if (from.remote_auth) to.set_remote_auth(std::to_underlying(*from.remote_auth));
  to.set_initiator_spi(from.initiator_spi.value());
  to.set_responder_spi(from.responder_spi.value());
  if (from.lifesize_kbytes) to.set_lifesize_kbytes(*from.lifesize_kbytes);
  to.set_octets(from.octets);
  to.set_lifetime_minutes(static_cast<std::uint32_t>(from.lifetime.count()));
  if (from.refresh_at) to.set_refresh_at(microseconds(*from.refresh_at));
  if (from.expires_at) to.set_expires_at(microseconds(*from.expires_at));
  if (from.reauth_at) to.set_reauth_at(microseconds(*from.reauth_at));
  to.set_reauth_interval_minutes(static_cast<std::uint32_t>(from.reauth_interval.count()));
  to.set_dynamic_tunnels(from.dynamic_tunnels);
  to.set_allow_nat(from.allow_nat);
  to.set_nat_local(from.nat_local);
  to.set_nat_remote(from.nat_remote);
  to.set_memory(from.memory);
}

std::expected<ike::IkeTunnelView, Malformed> from_message(const v1::IkeTunnel& message) {
  Intake in;
  ike::IkeTunnelView view;
  view.tunnel = IkeTunnelId{message.tunnel()};
  view.generation = message.generation();
  view.version = message.version();
  if (message.mode() != v1::IkeTunnel::EXCHANGE_MODE_UNSPECIFIED) {
    view.mode = in.choice(message.mode(), ike::ExchangeMode::aggressive, "exchange mode");
  }
  view.rule = in.text(message.rule(), "KeyExchangeRule");
  view.action = in.text(message.action(), "KeyExchangeAction");
  view.local = read(in, message.local());
  view.remote = read(in, message.remote());
  if (message.has_local_identity()) view.local_identity = read(in, message.local_identity());
  if (message.has_remote_identity()) view.remote_identity = read(in, message.remote_identity());
  view.state = in.choice(message.state(), ike::IkeState::half_closed, "state");
  view.role = in.choice(message.role(), ike::Role::responder, "role");
  view.encryption = read_encryption(in, message.encryption());
  view.key_bits = message.key_bits();
  view.integrity = read_integrity(in, message.integrity());
  if (message.has_prf()) view.prf = read_prf(in, message.prf());
  view.group = read_group(in, message.group());
  if (message.has_local_auth()) view.local_auth = read_auth_method(in, message.local_auth());
  if (message.has_remote_auth()) view.remote_auth = read_auth_method(in, message.remote_auth());
  view.initiator_spi = IkeSpi{message.initiator_spi()};
  view.responder_spi = IkeSpi{message.responder_spi()};
  if (message.has_lifesize_kbytes()) view.lifesize_kbytes = message.lifesize_kbytes();
  view.octets = message.octets();
  view.lifetime = in.duration<Minutes>(message.lifetime_minutes(), "lifetime");
  if (message.has_refresh_at()) view.refresh_at = instant(message.refresh_at());
  if (message.has_expires_at()) view.expires_at = instant(message.expires_at());
  if (message.has_reauth_at()) view.reauth_at = instant(message.reauth_at());
  view.reauth_interval = in.duration<Minutes>(message.reauth_interval_minutes(), "reauthentication interval");
  view.dynamic_tunnels = message.dynamic_tunnels();
  view.allow_nat = message.allow_nat();
  view.nat_local = message.nat_local();
  view.nat_remote = message.nat_remote();
  view.memory = message.memory();
  return in.finish(std::move(view));
}

void write(const ike::DynamicTunnelView& from, v1::DynamicTunnel& to) {
  write(from.name, *to.mutable_name());
  to.set_parent(from.parent.value());
  to.set_version(from.version);
  to.set_filter_rule(from.filter_rule);
  to.set_vpn_action(from.vpn_action);
  to.set_local_dyn_vpn_rule(from.local_dyn_vpn_rule);
  to.set_state(choice<v1::DynamicTunnel::State>(from.state));
  to.set_activation(choice<v1::DynamicTunnel::Activation>(from.activation));
  to.set_mode(choice<v1::EncapsulationMode>(from.mode));
  to.set_local(as_string(from.local.octets()));
  to.set_remote(as_string(from.remote.octets()));
  write(from.local_ts, *to.mutable_local_ts());
  write(from.remote_ts, *to.mutable_remote_ts());
  write(from.transforms, *to.mutable_transforms());
  to.set_inbound_spi(from.inbound_spi.value());
  to.set_outbound_spi(from.outbound_spi.value());
  if (from.ah) write(*from.ah, *to.mutable_ah());
  if (from.lifesize_kbytes) to.set_lifesize_kbytes(*from.lifesize_kbytes);
  to.set_lifetime_minutes(static_cast<std::uint32_t>(from.lifetime.count()));
  if (from.refresh_at) to.set_refresh_at(microseconds(*from.refresh_at));
  if (from.expires_at) to.set_expires_at(microseconds(*from.expires_at));
  if (from.vpn_life_expires_at) to.set_vpn_life_expires_at(microseconds(*from.vpn_life_expires_at));
  to.set_group(std::to_underlying(from.group));
  if (from.udp) write(*from.udp, *to.mutable_udp());
}

std::expected<ike::DynamicTunnelView, Malformed> from_message(const v1::DynamicTunnel& message) {
  Intake in;
  ike::DynamicTunnelView view;
  view.name = read(in, message.name());
  view.parent = IkeTunnelId{message.parent()};
  view.version = message.version();
  view.filter_rule = in.text(message.filter_rule(), "IpFilterRule");
  view.vpn_action = in.text(message.vpn_action(), "IpDynVpnAction");
  view.local_dyn_vpn_rule = in.text(message.local_dyn_vpn_rule(), "LocalDynVpnRule");
  view.state = in.choice(message.state(), ike::ChildState::expired, "state");
  view.activation = in.choice(message.activation(), ike::Activation::remote, "activation");
  view.mode = in.choice(message.mode(), contract::EncapsulationMode::transport, "encapsulation mode");
  view.local = in.address(message.local(), "local security endpoint");
  view.remote = in.address(message.remote(), "remote security endpoint");
  view.local_ts = read(in, message.local_ts());
  view.remote_ts = read(in, message.remote_ts());
  view.transforms = read(in, message.transforms());
  view.inbound_spi = InboundSpi{message.inbound_spi()};
  view.outbound_spi = OutboundSpi{message.outbound_spi()};
  if (message.has_ah()) view.ah = read(message.ah());
  if (message.has_lifesize_kbytes()) view.lifesize_kbytes = message.lifesize_kbytes();
  view.lifetime = in.duration<Minutes>(message.lifetime_minutes(), "lifetime");
  if (message.has_refresh_at()) view.refresh_at = instant(message.refresh_at());
  if (message.has_expires_at()) view.expires_at = instant(message.expires_at());
  if (message.has_vpn_life_expires_at()) view.vpn_life_expires_at = instant(message.vpn_life_expires_at());
  view.group = read_group(in, message.group());
  if (message.has_udp()) view.udp = read(in, message.udp());
  return in.finish(std::move(view));
}

void write(const InstalledTunnel& from, v1::InstalledTunnel& to) {
  const contract::InstallChildSa& pair = from.pair;
  write(pair.name, *to.mutable_name());
  to.set_parent(pair.parent.value());
  write(pair.transforms, *to.mutable_transforms());
  to.set_mode(choice<v1::EncapsulationMode>(pair.mode));
  to.set_inbound_spi(pair.inbound_spi.value());
  to.set_outbound_spi(pair.outbound_spi.value());
  if (pair.ah) write(ike::AhSpis{.inbound = pair.ah->inbound_spi, .outbound = pair.ah->outbound_spi}, *to.mutable_ah());
  to.set_local(as_string(pair.local.octets()));
  to.set_remote(as_string(pair.remote.octets()));
  write(pair.local_ts, *to.mutable_local_ts());
  write(pair.remote_ts, *to.mutable_remote_ts());
  if (pair.udp) write(*pair.udp, *to.mutable_udp());
  if (pair.lifetimes.soft_octets) to.set_soft_octets(*pair.lifetimes.soft_octets);
  if (pair.lifetimes.hard_octets) to.set_hard_octets(*pair.lifetimes.hard_octets);
  to.set_df(choice<v1::DfPolicy>(pair.df));
  to.set_copy_dscp(pair.copy_dscp);
  to.set_filter_rule(pair.filter_rule);
  to.set_vpn_action(pair.vpn_action);
  to.set_local_dyn_vpn_rule(pair.local_dyn_vpn_rule);
  to.set_is_ike_v1(pair.ike_version == contract::IkeVersion::v1);
  if (from.expires_at) to.set_expires_at(microseconds(*from.expires_at));
  to.set_inbound_packets(from.counters.inbound_packets);
  to.set_inbound_octets(from.counters.inbound_octets);
  to.set_outbound_packets(from.counters.outbound_packets);
  to.set_outbound_octets(from.counters.outbound_octets);
  to.set_replayed(from.counters.replayed);
  to.set_not_authentic(from.counters.not_authentic);
}

std::expected<InstalledTunnel, Malformed> from_message(const v1::InstalledTunnel& message) {
  Intake in;
  InstalledTunnel tunnel;
  contract::InstallChildSa& pair = tunnel.pair;
  pair.name = read(in, message.name());
  pair.parent = IkeTunnelId{message.parent()};
  pair.transforms = read(in, message.transforms());
  pair.mode = in.choice(message.mode(), contract::EncapsulationMode::transport, "encapsulation mode");
  pair.inbound_spi = InboundSpi{message.inbound_spi()};
  pair.outbound_spi = OutboundSpi{message.outbound_spi()};
  if (message.has_ah()) {
    const ike::AhSpis spis = read(message.ah());
    pair.ah = {.inbound_spi = spis.inbound, .outbound_spi = spis.outbound};
  }
  pair.local = in.address(message.local(), "local security endpoint");
  pair.remote = in.address(message.remote(), "remote security endpoint");
  pair.local_ts = read(in, message.local_ts());
  pair.remote_ts = read(in, message.remote_ts());
  if (message.has_udp()) pair.udp = read(in, message.udp());
  if (message.has_soft_octets()) pair.lifetimes.soft_octets = message.soft_octets();
  if (message.has_hard_octets()) pair.lifetimes.hard_octets = message.hard_octets();
  pair.df = in.choice(message.df(), contract::DfPolicy::set, "DF");
  pair.copy_dscp = message.copy_dscp();
  pair.filter_rule = in.text(message.filter_rule(), "IpFilterRule");
  pair.vpn_action = in.text(message.vpn_action(), "IpDynVpnAction");
  pair.local_dyn_vpn_rule = in.text(message.local_dyn_vpn_rule(), "LocalDynVpnRule");
  if (message.is_ike_v1()) pair.ike_version = contract::IkeVersion::v1;
  if (message.has_expires_at()) tunnel.expires_at = instant(message.expires_at());
  tunnel.counters.name = pair.name;
  tunnel.counters.inbound_packets = message.inbound_packets();
  tunnel.counters.inbound_octets = message.inbound_octets();
  tunnel.counters.outbound_packets = message.outbound_packets();
  tunnel.counters.outbound_octets = message.outbound_octets();
  tunnel.counters.replayed = message.replayed();
  tunnel.counters.not_authentic = message.not_authentic();
  return in.finish(std::move(tunnel));
}

void write(const ManualTunnelView& from, v1::ManualTunnel& to) {
  to.set_tunnel(from.tunnel.value());
  write(from.action, *to.mutable_action(), ManualKeys::left_out);
  to.set_is_active(from.is_active);
  if (from.expires_at) to.set_expires_at(microseconds(*from.expires_at));
  to.set_inbound_packets(from.counters.inbound_packets);
  to.set_inbound_octets(from.counters.inbound_octets);
  to.set_outbound_packets(from.counters.outbound_packets);
  to.set_outbound_octets(from.counters.outbound_octets);
  to.set_not_authentic(from.counters.not_authentic);
}

std::expected<ManualTunnelView, Malformed> from_message(const v1::ManualTunnel& message) {
  Intake in;
  ManualTunnelView view{.tunnel = ManualTunnelId{message.tunnel()},
                        .action = read(in, message.action()),
                        .is_active = message.is_active()};
  if (message.has_expires_at()) view.expires_at = instant(message.expires_at());
  view.counters.inbound_packets = message.inbound_packets();
  view.counters.inbound_octets = message.inbound_octets();
  view.counters.outbound_packets = message.outbound_packets();
  view.counters.outbound_octets = message.outbound_octets();
  view.counters.not_authentic = message.not_authentic();
  return in.finish(std::move(view));
}

void write(const InstalledFilters& from, v1::ShowFiltersResponse& to) {
  write(from.default_filter, *to.mutable_default_filter());
  to.set_default_in_force(from.default_in_force);
  to.set_refused(from.refused);
  if (from.policy) write(*from.policy, *to.mutable_policy());
  to.set_nat_keep_alive_seconds(static_cast<std::uint32_t>(from.nat_keep_alive.count()));
  to.set_installed_at(microseconds(from.installed_at));
  for (const std::uint64_t count : from.matches) to.add_matches(count);
}

std::expected<InstalledFilters, Malformed> from_message(const v1::ShowFiltersResponse& message) {
  Intake in;
  InstalledFilters filters;
  filters.default_filter = read(in, message.default_filter());
  filters.default_in_force = message.default_in_force();
  filters.refused = in.text(message.refused(), "refused");
  if (message.has_policy()) filters.policy = read(in, message.policy());
  filters.nat_keep_alive = in.duration<Seconds>(message.nat_keep_alive_seconds(), "NatKeepAliveInterval");
  filters.installed_at = instant(message.installed_at());
  const auto in_force = static_cast<int>(filters.in_force().filters.size());
  in.require(message.matches_size() == 0 || message.matches_size() == in_force, "matches");
  if (!in.failed()) filters.matches.assign(message.matches().begin(), message.matches().end());
  return in.finish(std::move(filters));
}

void write(const InterfaceView& from, v1::Interface& to) {
  to.set_name(from.name);
  for (const IpAddress& address : from.addresses) *to.add_addresses() = as_text(address.octets());
  to.set_security_class(from.security_class);
}

std::expected<InterfaceView, Malformed> from_message(const v1::Interface& message) {
  Intake in;
  InterfaceView view{.name = in.text(message.name(), "name")};
  for (const std::string& octets : message.addresses()) view.addresses.push_back(in.address(octets, "address"));
  in.require(message.security_class() <= 255, "security class");
  view.security_class = static_cast<std::uint8_t>(message.security_class());
  return in.finish(std::move(view));
}

void write(const NamedAnswer& from, v1::OperatorAnswer& to) {
  to.set_subject(from.subject);
  to.set_status(choice<v1::OperatorAnswer::Status>(from.answer.status));
  to.set_detail(from.answer.detail);
}

std::expected<NamedAnswer, Malformed> from_message(const v1::OperatorAnswer& message) {
  Intake in;
  NamedAnswer named{.subject = in.text(message.subject(), "subject"),
                    .answer = {.status = in.choice(message.status(), ike::OperatorAnswer::Status::forbidden, "status"),
                               .detail = in.text(message.detail(), "detail")}};
  return in.finish(std::move(named));
}

}  // namespace adit::rpc
