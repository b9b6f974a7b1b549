#include "rpc/common_messages.h"

namespace adit::rpc {
namespace {

constexpr std::size_t longest_identity = 65535;  // an IKE payload holds no more
constexpr std::size_t most_selectors = 255;      // the count of a TS payload is one octet (RFC 7296 §3.13)
constexpr unsigned most_key_bits = 1024;         // no cipher of the tables comes near it

}  // namespace

void write(const IpRange& from, v1::IpRange& to) {
  to.set_first(as_string(from.first.octets()));
  to.set_last(as_string(from.last.octets()));
}

IpRange read(Intake& in, const v1::IpRange& from) {
  const IpRange range{in.address(from.first(), "first address"), in.address(from.last(), "last address")};
  in.require(range.first.family() == range.last.family() && range.first <= range.last, "address range");
  return range;
}

void write(const PortRange& from, v1::PortRange& to) {
  to.set_first(from.first);
  to.set_last(from.last);
}

PortRange read(Intake& in, const v1::PortRange& from) {
  const PortRange range{in.number<std::uint16_t>(from.first(), "first port"),
                        in.number<std::uint16_t>(from.last(), "last port")};
  in.require(range.is_opaque() || range.first <= range.last, "port range");
  return range;
}

void write(const Endpoint& from, v1::Endpoint& to) {
  to.set_address(as_string(from.address.octets()));
  to.set_port(from.port);
}

Endpoint read(Intake& in, const v1::Endpoint& from) {
  return {in.address(from.address(), "address"), in.number<std::uint16_t>(from.port(), "port")};
}

void write(const TrafficSelector& from, v1::TrafficSelector& to) {
  to.set_protocol(from.protocol);
  write(from.ports, *to.mutable_ports());
  write(from.addresses, *to.mutable_addresses());
}

TrafficSelector read(Intake& in, const v1::TrafficSelector& from) {
  return {in.number<std::uint8_t>(from.protocol(), "protocol"), read(in, from.ports()), read(in, from.addresses())};
}

void write(const TrafficSelectors& from, google::protobuf::RepeatedPtrField<v1::TrafficSelector>& to) {
  for (const TrafficSelector& selector : from) write(selector, *to.Add());
}

TrafficSelectors read(Intake& in, const google::protobuf::RepeatedPtrField<v1::TrafficSelector>& from) {
  TrafficSelectors selectors;
  in.bounded(from.size(), most_selectors, "traffic selectors");
  if (in.failed()) return selectors;
  for (const v1::TrafficSelector& selector : from) selectors.push_back(read(in, selector));
  return selectors;
}

void write(const PacketSelectors& from, v1::PacketSelectors& to) {
  to.set_source(as_string(from.source.octets()));
  to.set_destination(as_string(from.destination.octets()));
  to.set_protocol(from.protocol);
  to.set_source_port(from.source_port);
  to.set_destination_port(from.destination_port);
  to.set_ports_hidden(from.ports_hidden);
  to.set_is_fragment(from.is_fragment);
  to.set_opens_connection(from.opens_connection);
}

PacketSelectors read(Intake& in, const v1::PacketSelectors& from) {
  PacketSelectors packet{
      .source = in.address(from.source(), "source"),
      .destination = in.address(from.destination(), "destination"),
      .protocol = in.number<std::uint8_t>(from.protocol(), "protocol"),
      .source_port = in.number<std::uint16_t>(from.source_port(), "source port"),
      .destination_port = in.number<std::uint16_t>(from.destination_port(), "destination port"),
      .ports_hidden = from.ports_hidden(),
      .is_fragment = from.is_fragment(),
      .opens_connection = from.opens_connection(),
  };
  in.require(packet.source.family() == packet.destination.family(), "address families");
  return packet;
}

void write(const Identity& from, v1::Identity& to) {
  to.set_type(std::to_underlying(from.type));
  to.set_value(as_string(from.value));
}

Identity read(Intake& in, const v1::Identity& from) {
  return {in.known<IdentityType>(
              from.type(), [](IdentityType type) { return is_known(type); }, "identity type"),
          in.octets(from.value(), longest_identity, "identity")};
}

void write(const contract::ChildSaName& from, v1::ChildSaName& to) {
  to.set_tunnel(from.tunnel.value());
  to.set_generation(from.generation);
}

contract::ChildSaName read(Intake& in, const v1::ChildSaName& from) {
  in.require(from.tunnel() != 0, "tunnel number");
  in.require(from.generation() != 0, "generation");
  return {DynamicTunnelId{from.tunnel()}, from.generation()};
}

void write(const contract::ChildTransforms& from, v1::ChildTransforms& to) {
  to.set_protocol(std::to_underlying(from.protocol));
  to.set_encryption(std::to_underlying(from.encryption));
  to.set_key_bits(from.key_bits);
  to.set_integrity(std::to_underlying(from.integrity));
  to.set_extended_sequence_numbers(from.extended_sequence_numbers);
  to.set_around_esp(std::to_underlying(from.around_esp));
}

contract::ChildTransforms read(Intake& in, const v1::ChildTransforms& from) {
  using contract::SaProtocol;
  const auto is_protocol = [](SaProtocol protocol) {
    return protocol == SaProtocol::ah || protocol == SaProtocol::esp;
  };
  in.require(from.key_bits() <= most_key_bits, "key length");
  return {.protocol = in.known<SaProtocol>(from.protocol(), is_protocol, "protocol"),
          .encryption = read_encryption(in, from.encryption()),
          .key_bits = from.key_bits(),
          .integrity = read_integrity(in, from.integrity()),
          .extended_sequence_numbers = from.extended_sequence_numbers(),
          .around_esp = read_integrity(in, from.around_esp())};
}

void write(const contract::UdpEncapsulation& from, v1::UdpEncapsulation& to) {
  to.set_local_port(from.local_port);
  to.set_remote_port(from.remote_port);
}

contract::UdpEncapsulation read(Intake& in, const v1::UdpEncapsulation& from) {
  return {in.number<std::uint16_t>(from.local_port(), "local port"),
          in.number<std::uint16_t>(from.remote_port(), "remote port")};
}

EncryptionId read_encryption(Intake& in, std::uint32_t from) {
  const auto is_known = [](EncryptionId id) { return id == EncryptionId::none || find(id) != nullptr; };
  return in.known<EncryptionId>(from, is_known, "encryption");
}

IntegrityId read_integrity(Intake& in, std::uint32_t from) {
  const auto is_known = [](IntegrityId id) { return id == IntegrityId::none || find(id) != nullptr; };
  return in.known<IntegrityId>(from, is_known, "integrity");
}

GroupId read_group(Intake& in, std::uint32_t from) {
  const auto is_known = [](GroupId id) { return id == GroupId::none || find(id) != nullptr; };
  return in.known<GroupId>(from, is_known, "key exchange group");
}

PrfId read_prf(Intake& in, std::uint32_t from) {
  return in.known<PrfId>(from, [](PrfId id) { return find(id) != nullptr; }, "PRF");
}

AuthMethod read_auth_method(Intake& in, std::uint32_t from) {
  const auto is_known = [](AuthMethod method) {
    using enum AuthMethod;
    switch (method) {
      case rsa_signature:
      case shared_key:
      case dss_signature:
      case ecdsa_256:
      case ecdsa_384:
      case ecdsa_521:
      case null:
      case digital_signature:
        return true;
    }
    return false;
  };
  return in.known<AuthMethod>(from, is_known, "authentication method");
}

}  // namespace adit::rpc
