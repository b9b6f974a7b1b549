#include "rpc/stack_messages.h"

#include "rpc/common_messages.h"
#include "rpc/overloaded.h"

namespace adit::rpc {
namespace {

constexpr std::size_t longest_key = 128;  // octets for one direction; the longest of the tables is 64
constexpr bool is_reserved(std::uint32_t spi) { return spi <= 255; }  // RFC 4303 §2.1, RFC 4302 §2.4

void write(const contract::DirectionKeys& from, v1::DirectionKeys& to) {
  to.set_encryption(as_string(from.encryption.reveal()));
  to.set_integrity(as_string(from.integrity.reveal()));
}

contract::DirectionKeys read(Intake& in, const v1::DirectionKeys& from) {
  in.require(from.encryption().size() <= longest_key, "encryption key");
  in.require(from.integrity().size() <= longest_key, "integrity key");
  if (in.failed()) return {};
  return {Secret{as_bytes(from.encryption())}, Secret{as_bytes(from.integrity())}};
}

void write(const contract::AroundEsp& from, v1::AroundEsp& to) {
  to.set_inbound_spi(from.inbound_spi.value());
  to.set_outbound_spi(from.outbound_spi.value());
  to.set_inbound(as_string(from.inbound.reveal()));
  to.set_outbound(as_string(from.outbound.reveal()));
}

contract::AroundEsp read(Intake& in, const v1::AroundEsp& from) {
  in.require(from.inbound().size() <= longest_key && from.outbound().size() <= longest_key, "integrity key");
  in.require(!is_reserved(from.inbound_spi()) && !is_reserved(from.outbound_spi()), "SPI");
  if (in.failed()) return {};
  return {.inbound_spi = InboundSpi{from.inbound_spi()},
          .outbound_spi = OutboundSpi{from.outbound_spi()},
          .inbound = Secret{as_bytes(from.inbound())},
          .outbound = Secret{as_bytes(from.outbound())}};
}

void write(const contract::Lifetimes& from, v1::Lifetimes& to) {
  if (from.hard) to.set_hard_seconds(static_cast<std::uint64_t>(from.hard->count()));
  if (from.soft_octets) to.set_soft_octets(*from.soft_octets);
  if (from.hard_octets) to.set_hard_octets(*from.hard_octets);
}

contract::Lifetimes read(Intake& in, const v1::Lifetimes& from) {
  contract::Lifetimes lifetimes;
  if (from.has_hard_seconds()) lifetimes.hard = in.duration<Seconds>(from.hard_seconds(), "hard lifetime");
  if (from.has_soft_octets()) lifetimes.soft_octets = from.soft_octets();
  if (from.has_hard_octets()) lifetimes.hard_octets = from.hard_octets();
  return lifetimes;
}

void write(const contract::InstallChildSa& from, v1::InstallChildSa& to) {
  rpc::write(from.name, *to.mutable_name());
  to.set_parent(from.parent.value());
  rpc::write(from.transforms, *to.mutable_transforms());
  to.set_mode(choice<v1::EncapsulationMode>(from.mode));
  to.set_inbound_spi(from.inbound_spi.value());
  to.set_outbound_spi(from.outbound_spi.value());
  write(from.inbound, *to.mutable_inbound());
  write(from.outbound, *to.mutable_outbound());
  to.set_local(as_string(from.local.octets()));
  to.set_remote(as_string(from.remote.octets()));
  rpc::write(from.local_ts, *to.mutable_local_ts());
  rpc::write(from.remote_ts, *to.mutable_remote_ts());
  if (from.udp) rpc::write(*from.udp, *to.mutable_udp());
  write(from.lifetimes, *to.mutable_lifetimes());
  to.set_df(choice<v1::DfPolicy>(from.df));
  to.set_copy_dscp(from.copy_dscp);
  to.set_filter_rule(from.filter_rule);
  to.set_vpn_action(from.vpn_action);
  to.set_local_dyn_vpn_rule(from.local_dyn_vpn_rule);
  to.set_sending(static_cast<v1::SendingBegins>(std::to_underlying(from.sending)));
  if (from.ah) write(*from.ah, *to.mutable_ah());
  to.set_is_ike_v1(from.ike_version == contract::IkeVersion::v1);
}

contract::InstallChildSa read(Intake& in, const v1::InstallChildSa& from) {
  contract::InstallChildSa install;
  install.name = rpc::read(in, from.name());
  install.parent = IkeTunnelId{from.parent()};
  install.transforms = rpc::read(in, from.transforms());
  install.mode = in.choice(from.mode(), contract::EncapsulationMode::transport, "encapsulation mode");
  install.inbound_spi = InboundSpi{from.inbound_spi()};
  install.outbound_spi = OutboundSpi{from.outbound_spi()};
  install.inbound = read(in, from.inbound());
  install.outbound = read(in, from.outbound());
  install.local = in.address(from.local(), "local security endpoint");
  install.remote = in.address(from.remote(), "remote security endpoint");
  install.local_ts = rpc::read(in, from.local_ts());
  install.remote_ts = rpc::read(in, from.remote_ts());
  if (from.has_udp()) install.udp = rpc::read(in, from.udp());
  install.lifetimes = read(in, from.lifetimes());
  install.df = in.choice(from.df(), contract::DfPolicy::set, "DF");
  install.copy_dscp = from.copy_dscp();
  in.require(v1::SendingBegins_IsValid(from.sending()), "when sending begins");
  install.sending = static_cast<contract::SendingBegins>(from.sending());
  if (from.has_ah()) install.ah = read(in, from.ah());
  if (from.is_ike_v1()) install.ike_version = contract::IkeVersion::v1;
  install.filter_rule = in.text(from.filter_rule(), "IpFilterRule");
  install.vpn_action = in.text(from.vpn_action(), "IpDynVpnAction");
  install.local_dyn_vpn_rule = in.text(from.local_dyn_vpn_rule(), "LocalDynVpnRule");
  in.require(!is_reserved(from.inbound_spi()) && !is_reserved(from.outbound_spi()), "SPI");
  const bool is_around = install.transforms.around_esp != IntegrityId::none;
  in.require(is_around == install.ah.has_value(), "AH around ESP");
  in.require(!is_around || (install.transforms.protocol == contract::SaProtocol::esp && !install.udp), "AH around ESP");
  in.require(install.local.family() == install.remote.family(), "families of the security endpoints");
  in.require(!install.local_ts.empty() && !install.remote_ts.empty(), "traffic selectors");
  return install;
}

void write(const contract::ChildSaCounters& from, v1::ChildSaCounters& to) {
  rpc::write(from.name, *to.mutable_name());
  to.set_inbound_packets(from.inbound_packets);
  to.set_inbound_octets(from.inbound_octets);
  to.set_outbound_packets(from.outbound_packets);
  to.set_outbound_octets(from.outbound_octets);
  to.set_replayed(from.replayed);
  to.set_not_authentic(from.not_authentic);
  if (from.since_last_inbound) {
    to.set_since_last_inbound_seconds(static_cast<std::uint64_t>(from.since_last_inbound->count()));
  }
}

contract::ChildSaCounters read(Intake& in, const v1::ChildSaCounters& from) {
  contract::ChildSaCounters counters{
      .stack = {},
      .name = rpc::read(in, from.name()),
      .inbound_packets = from.inbound_packets(),
      .inbound_octets = from.inbound_octets(),
      .outbound_packets = from.outbound_packets(),
      .outbound_octets = from.outbound_octets(),
      .replayed = from.replayed(),
      .not_authentic = from.not_authentic(),
      .since_last_inbound = {},
  };
  if (from.has_since_last_inbound_seconds()) {
    counters.since_last_inbound = in.duration<Seconds>(from.since_last_inbound_seconds(), "time since inbound traffic");
  }
  return counters;
}

/// The value, with the stack that its message came from.
template <class Domain, class T>
std::expected<Domain, Malformed> of_stack(Intake& in, T value, const StackName& stack) {
  value.stack = stack;
  return in.finish(Domain{std::move(value)});
}

}  // namespace

void write(const ike::StackRequest& from, v1::StackRequest& to) {
  std::visit(Overloaded{
                 [&](const contract::InstallChildSa& install) { write(install, *to.mutable_install()); },
                 [&](const contract::RemoveChildSa& remove) { write(remove.name, *to.mutable_remove()); },
                 [&](const contract::RetireChildSa& retire) { write(retire.name, *to.mutable_retire()); },
                 [&](const contract::BeginSending& begin) { write(begin.name, *to.mutable_begin_sending()); },
                 [&](const contract::MovePeer& move) {
                   rpc::write(move.name, *to.mutable_move_peer()->mutable_name());
                   rpc::write(move.to, *to.mutable_move_peer()->mutable_from());
                 },
                 [&](const ike::QueryCounters& query) { write(query.name, *to.mutable_query_counters()); },
             },
             from);
}

std::expected<ike::StackRequest, Malformed> from_message(const v1::StackRequest& message, const StackName& stack) {
  Intake in;
  switch (message.request_case()) {
    case v1::StackRequest::kInstall:
      return of_stack<ike::StackRequest>(in, read(in, message.install()), stack);
    case v1::StackRequest::kRemove:
      return of_stack<ike::StackRequest>(in, contract::RemoveChildSa{{}, read(in, message.remove())}, stack);
    case v1::StackRequest::kRetire:
      return of_stack<ike::StackRequest>(in, contract::RetireChildSa{{}, read(in, message.retire())}, stack);
    case v1::StackRequest::kBeginSending:
      return of_stack<ike::StackRequest>(in, contract::BeginSending{{}, read(in, message.begin_sending())}, stack);
    case v1::StackRequest::kMovePeer:
      return of_stack<ike::StackRequest>(
          in, contract::MovePeer{{}, read(in, message.move_peer().name()), read(in, message.move_peer().from())},
          stack);
    case v1::StackRequest::kQueryCounters:
      return of_stack<ike::StackRequest>(in, ike::QueryCounters{{}, read(in, message.query_counters())}, stack);
    default:
      return std::unexpected{Malformed{"request"}};
  }
}

void write(const StackEvent& from, v1::StackEvent& to) {
  std::visit(Overloaded{
                 [&](const contract::InstallResult& result) {
                   write(result.name, *to.mutable_installed()->mutable_name());
                   if (result.refused) to.mutable_installed()->set_refused(*result.refused);
                 },
                 [&](const contract::Acquire& acquire) {
                   to.mutable_acquire()->set_filter_rule(acquire.filter_rule);
                   write(acquire.packet, *to.mutable_acquire()->mutable_packet());
                 },
                 [&](const contract::LifetimeReached& reached) {
                   write(reached.name, *to.mutable_lifetime()->mutable_name());
                   to.mutable_lifetime()->set_hard(reached.hard);
                 },
                 [&](const contract::ChildSaCounters& counters) { write(counters, *to.mutable_counters()); },
                 [&](const contract::PeerMoved& moved) {
                   write(moved.name, *to.mutable_peer_moved()->mutable_name());
                   write(moved.from, *to.mutable_peer_moved()->mutable_from());
                 },
             },
             from);
}

std::expected<StackEvent, Malformed> from_message(const v1::StackEvent& message, const StackName& stack) {
  Intake in;
  switch (message.event_case()) {
    case v1::StackEvent::kInstalled: {
      contract::InstallResult result{{}, read(in, message.installed().name()), {}};
      if (message.installed().has_refused()) result.refused = in.text(message.installed().refused(), "reason");
      return of_stack<StackEvent>(in, std::move(result), stack);
    }
    case v1::StackEvent::kAcquire: {
      const v1::Acquire& acquire = message.acquire();
      return of_stack<StackEvent>(
          in, contract::Acquire{{}, in.text(acquire.filter_rule(), "IpFilterRule"), read(in, acquire.packet())}, stack);
    }
    case v1::StackEvent::kLifetime: {
      const v1::LifetimeReached& reached = message.lifetime();
      return of_stack<StackEvent>(in, contract::LifetimeReached{{}, read(in, reached.name()), reached.hard()}, stack);
    }
    case v1::StackEvent::kCounters:
      return of_stack<StackEvent>(in, read(in, message.counters()), stack);
    case v1::StackEvent::kPeerMoved: {
      const v1::PeerMoved& moved = message.peer_moved();
      return of_stack<StackEvent>(in, contract::PeerMoved{{}, read(in, moved.name()), read(in, moved.from())}, stack);
    }
    default:
      return std::unexpected{Malformed{"event"}};
  }
}

}  // namespace adit::rpc
