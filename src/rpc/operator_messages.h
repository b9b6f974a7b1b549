#pragma once
// What `ipsec` shows, to and from its messages (operator.proto).

#include "adit/v1/operator.pb.h"
#include "rpc/intake.h"
#include "rpc/operator_views.h"

namespace adit::rpc {

void write(const ike::IkeTunnelView& from, v1::IkeTunnel& to);
void write(const ike::DynamicTunnelView& from, v1::DynamicTunnel& to);
void write(const InstalledTunnel& from, v1::InstalledTunnel& to);
void write(const ManualTunnelView& from, v1::ManualTunnel& to);
void write(const InstalledFilters& from, v1::ShowFiltersResponse& to);
void write(const InterfaceView& from, v1::Interface& to);
void write(const NamedAnswer& from, v1::OperatorAnswer& to);

std::expected<ike::IkeTunnelView, Malformed> from_message(const v1::IkeTunnel& message);
std::expected<ike::DynamicTunnelView, Malformed> from_message(const v1::DynamicTunnel& message);
std::expected<InstalledTunnel, Malformed> from_message(const v1::InstalledTunnel& message);
std::expected<ManualTunnelView, Malformed> from_message(const v1::ManualTunnel& message);
std::expected<InstalledFilters, Malformed> from_message(const v1::ShowFiltersResponse& message);
std::expected<InterfaceView, Malformed> from_message(const v1::Interface& message);
std::expected<NamedAnswer, Malformed> from_message(const v1::OperatorAnswer& message);

}  // namespace adit::rpc
