#pragma once
// Domain types that every service speaks of, to and from their messages (common.proto).

#include "adit/v1/common.pb.h"
#include "base/identity.h"
#include "contract/child_sa.h"
#include "rpc/intake.h"

namespace adit::rpc {

void write(const IpRange& from, v1::IpRange& to);
void write(const PortRange& from, v1::PortRange& to);
void write(const Endpoint& from, v1::Endpoint& to);
void write(const TrafficSelector& from, v1::TrafficSelector& to);
void write(const PacketSelectors& from, v1::PacketSelectors& to);
void write(const Identity& from, v1::Identity& to);
void write(const contract::ChildSaName& from, v1::ChildSaName& to);
void write(const contract::ChildTransforms& from, v1::ChildTransforms& to);
void write(const contract::UdpEncapsulation& from, v1::UdpEncapsulation& to);
void write(const TrafficSelectors& from, google::protobuf::RepeatedPtrField<v1::TrafficSelector>& to);

IpRange read(Intake& in, const v1::IpRange& from);
PortRange read(Intake& in, const v1::PortRange& from);
Endpoint read(Intake& in, const v1::Endpoint& from);
TrafficSelector read(Intake& in, const v1::TrafficSelector& from);
PacketSelectors read(Intake& in, const v1::PacketSelectors& from);
Identity read(Intake& in, const v1::Identity& from);
contract::ChildSaName read(Intake& in, const v1::ChildSaName& from);
contract::ChildTransforms read(Intake& in, const v1::ChildTransforms& from);
contract::UdpEncapsulation read(Intake& in, const v1::UdpEncapsulation& from);
TrafficSelectors read(Intake& in, const google::protobuf::RepeatedPtrField<v1::TrafficSelector>& from);

/// Algorithms by their IANA numbers: only those that Adit knows come through.
EncryptionId read_encryption(Intake& in, std::uint32_t from);
IntegrityId read_integrity(Intake& in, std::uint32_t from);
GroupId read_group(Intake& in, std::uint32_t from);
PrfId read_prf(Intake& in, std::uint32_t from);
AuthMethod read_auth_method(Intake& in, std::uint32_t from);

}  // namespace adit::rpc
