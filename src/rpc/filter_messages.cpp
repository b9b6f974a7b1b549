#include "rpc/filter_messages.h"

#include "rpc/common_messages.h"

namespace adit::rpc {
namespace {

void write(const policy::DataOffer& from, v1::DataOffer& to) {
  to.set_name(from.name);
  to.set_how_to_encap(choice<v1::EncapsulationChoice>(from.how_to_encap));
  to.set_ah(from.ah);
  to.set_encryption(std::to_underlying(from.encryption));
  to.set_key_bits(from.key_bits);
  to.set_integrity(std::to_underlying(from.integrity));
  to.set_lifetime_minutes(static_cast<std::uint32_t>(from.lifetime.count()));
  to.set_lifetime_least_minutes(static_cast<std::uint32_t>(from.lifetime_least.count()));
  to.set_lifetime_most_minutes(static_cast<std::uint32_t>(from.lifetime_most.count()));
  if (from.lifesize_kbytes) to.set_lifesize_kbytes(*from.lifesize_kbytes);
  if (from.lifesize_accepted) {
    to.mutable_lifesize_accepted()->set_least_kbytes(from.lifesize_accepted->least);
    to.mutable_lifesize_accepted()->set_most_kbytes(from.lifesize_accepted->most);
  }
  rpc::write(from.at, *to.mutable_at());
}

policy::DataOffer read(Intake& in, const v1::DataOffer& from) {
  policy::DataOffer offer{
      .name = in.text(from.name(), "IpDataOffer name"),
      .how_to_encap = in.choice(from.how_to_encap(), policy::EncapsulationChoice::either, "HowToEncap"),
      .ah = from.ah(),
      .encryption = read_encryption(in, from.encryption()),
      .key_bits = from.key_bits(),
      .integrity = read_integrity(in, from.integrity()),
      .lifetime = in.duration<Minutes>(from.lifetime_minutes(), "RefreshLifetimeProposed"),
      .lifetime_least = in.duration<Minutes>(from.lifetime_least_minutes(), "least RefreshLifetimeAccepted"),
      .lifetime_most = in.duration<Minutes>(from.lifetime_most_minutes(), "most RefreshLifetimeAccepted"),
      .at = rpc::read(in, from.at()),
  };
  if (from.has_lifesize_kbytes()) offer.lifesize_kbytes = from.lifesize_kbytes();
  if (from.has_lifesize_accepted()) {
    offer.lifesize_accepted = {.least = from.lifesize_accepted().least_kbytes(),
                               .most = from.lifesize_accepted().most_kbytes()};
  }
  return offer;
}

void write(const policy::ServiceSelector& from, v1::ServiceSelector& to) {
  to.set_protocol(from.protocol);
  to.set_opaque(from.opaque);
  rpc::write(from.source_ports, *to.mutable_source_ports());
  rpc::write(from.destination_ports, *to.mutable_destination_ports());
}

policy::ServiceSelector read(Intake& in, const v1::ServiceSelector& from) {
  return {.protocol = in.number<std::uint8_t>(from.protocol(), "protocol"),
          .opaque = from.opaque(),
          .source_ports = rpc::read(in, from.source_ports()),
          .destination_ports = rpc::read(in, from.destination_ports())};
}

}  // namespace

void write(const policy::SourceRange& from, v1::SourceRange& to) {
  to.set_file(from.file);
  to.set_line(from.line);
  to.set_column(from.column);
  to.set_length(from.length);
}

policy::SourceRange read(Intake& in, const v1::SourceRange& from) {
  return {in.text(from.file(), "file"), from.line(), from.column(), from.length()};
}

void write(const policy::IdentityPattern& from, v1::IdentityPattern& to) {
  to.set_type(std::to_underlying(from.type));
  to.set_text(from.text);
  if (from.exact) write(*from.exact, *to.mutable_exact());
  if (from.addresses) write(*from.addresses, *to.mutable_addresses());
}

policy::IdentityPattern read(Intake& in, const v1::IdentityPattern& from) {
  policy::IdentityPattern pattern{
      .type = in.known<IdentityType>(
          from.type(), [](IdentityType type) { return is_known(type); }, "identity type"),
      .text = in.text(from.text(), "identity pattern"),
      .exact = {},
      .addresses = {},
  };
  if (from.has_exact()) pattern.exact = read(in, from.exact());
  if (from.has_addresses()) pattern.addresses = read(in, from.addresses());
  return pattern;
}

void write(const policy::DynVpnAction& from, v1::DynVpnAction& to) {
  to.set_name(from.name);
  to.set_initiation(choice<v1::Initiation>(from.initiation));
  to.set_vpn_life_minutes(static_cast<std::uint32_t>(from.vpn_life.count()));
  to.set_initiate_with_pfs(std::to_underlying(from.initiate_with_pfs));
  for (const GroupId group : from.acceptable_pfs) to.add_acceptable_pfs(std::to_underlying(group));
  to.set_how_to_encap_ikev2(choice<v1::EncapsulationChoice>(from.how_to_encap_ikev2));
  to.set_df(choice<v1::DfPolicy>(from.df));
  to.set_copy_dscp(from.copy_dscp);
  for (const policy::DataOffer& offer : from.offers) write(offer, *to.add_offers());
  write(from.at, *to.mutable_at());
}

policy::DynVpnAction read(Intake& in, const v1::DynVpnAction& from) {
  policy::DynVpnAction action{
      .name = in.text(from.name(), "IpDynVpnAction name"),
      .initiation = in.choice(from.initiation(), policy::Initiation::either, "Initiation"),
      .vpn_life = in.duration<Minutes>(from.vpn_life_minutes(), "VpnLife"),
      .initiate_with_pfs = read_group(in, from.initiate_with_pfs()),
      .how_to_encap_ikev2 =
          in.choice(from.how_to_encap_ikev2(), policy::EncapsulationChoice::either, "HowToEncapIKEv2"),
      .df = in.choice(from.df(), policy::DfSetting::set, "PassthroughDF"),
      .copy_dscp = from.copy_dscp(),
      .at = read(in, from.at()),
  };
  in.bounded(from.acceptable_pfs_size(), most_offers, "AcceptablePfs");
  in.bounded(from.offers_size(), most_offers, "IpDataOffer");
  if (in.failed()) return action;
  for (const std::uint32_t group : from.acceptable_pfs()) action.acceptable_pfs.push_back(read_group(in, group));
  for (const v1::DataOffer& offer : from.offers()) action.offers.push_back(read(in, offer));
  return action;
}

void write(const policy::ManVpnAction& from, v1::ManVpnAction& to, ManualKeys keys) {
  to.set_name(from.name);
  to.set_active(from.active);
  if (from.local) to.set_local(as_string(from.local->octets()));
  if (from.remote) to.set_remote(as_string(from.remote->octets()));
  to.set_ipv6(from.family == IpFamily::v6);
  to.set_how_to_encap(choice<v1::EncapsulationChoice>(from.how_to_encap));
  to.set_ah(from.ah);
  to.set_encryption(std::to_underlying(from.encryption));
  to.set_key_bits(from.key_bits);
  to.set_integrity(std::to_underlying(from.integrity));
  to.set_inbound_spi(from.inbound_spi.value());
  to.set_outbound_spi(from.outbound_spi.value());
  if (from.around_esp) {
    to.set_ah_inbound_spi(from.around_esp->inbound.value());
    to.set_ah_outbound_spi(from.around_esp->outbound.value());
  }
  if (keys == ManualKeys::included) {
    to.set_inbound_encryption_key(as_string(from.inbound.encryption.reveal()));
    to.set_inbound_integrity_key(as_string(from.inbound.integrity.reveal()));
    to.set_outbound_encryption_key(as_string(from.outbound.encryption.reveal()));
    to.set_outbound_integrity_key(as_string(from.outbound.integrity.reveal()));
  }
  to.set_df(choice<v1::DfPolicy>(from.df));
  to.set_copy_dscp(from.copy_dscp);
  if (from.lifetime) to.set_lifetime_minutes(static_cast<std::uint32_t>(from.lifetime->count()));
  if (from.lifesize_kbytes) to.set_lifesize_kbytes(*from.lifesize_kbytes);
  to.set_is_installed(from.is_installed);
  write(from.at, *to.mutable_at());
}

policy::ManVpnAction read(Intake& in, const v1::ManVpnAction& from) {
  policy::ManVpnAction action;
  action.name = in.text(from.name(), "IpManVpnAction name");
  action.active = from.active();
  action.family = from.ipv6() ? IpFamily::v6 : IpFamily::v4;
  for (auto& [has, octets, address] : {std::tuple{from.has_local(), &from.local(), &action.local},
                                       std::tuple{from.has_remote(), &from.remote(), &action.remote}}) {
    if (!has) continue;
    *address = in.address(*octets, "security endpoint of an IpManVpnAction");
    in.require((*address)->family() == action.family, "address families of an IpManVpnAction");
  }
  action.how_to_encap = in.choice(from.how_to_encap(), policy::EncapsulationChoice::transport, "HowToEncap");
  action.ah = from.ah();
  action.encryption = read_encryption(in, from.encryption());
  action.key_bits = from.key_bits();
  action.integrity = read_integrity(in, from.integrity());
  action.inbound_spi = InboundSpi{from.inbound_spi()};
  action.outbound_spi = OutboundSpi{from.outbound_spi()};
  const bool is_bundle = action.ah && action.encryption != EncryptionId::none;
  in.require(is_bundle == (from.ah_inbound_spi() != 0) && is_bundle == (from.ah_outbound_spi() != 0),
             "AH around ESP of an IpManVpnAction");
  if (is_bundle) {
    action.around_esp = {.inbound = InboundSpi{from.ah_inbound_spi()}, .outbound = OutboundSpi{from.ah_outbound_spi()}};
  }
  action.inbound = {.encryption = Secret{as_bytes(from.inbound_encryption_key())},
                    .integrity = Secret{as_bytes(from.inbound_integrity_key())}};
  action.outbound = {.encryption = Secret{as_bytes(from.outbound_encryption_key())},
                     .integrity = Secret{as_bytes(from.outbound_integrity_key())}};
  action.df = in.choice(from.df(), policy::DfSetting::set, "PassthroughDF");
  action.copy_dscp = from.copy_dscp();
  if (from.has_lifetime_minutes()) action.lifetime = in.duration<Minutes>(from.lifetime_minutes(), "Lifetime");
  if (from.has_lifesize_kbytes()) action.lifesize_kbytes = from.lifesize_kbytes();
  action.is_installed = from.is_installed();
  action.at = read(in, from.at());
  return action;
}

void write(const policy::TimeCondition& from, v1::TimeCondition& to) {
  const auto seconds = [](policy::CalendarSeconds moment) { return std::int64_t{moment.time_since_epoch().count()}; };
  if (from.span) {
    to.mutable_span()->set_first(seconds(from.span->first));
    to.mutable_span()->set_last(seconds(from.span->last));
  }
  to.set_months(from.months);
  to.set_days(from.days);
  to.set_weekdays(from.weekdays);
  for (const policy::TimeCondition::DayTimes& times : from.times) {
    v1::TimeCondition::DayTimes& message = *to.add_times();
    message.set_first(static_cast<std::uint32_t>(times.first.count()));
    message.set_end(static_cast<std::uint32_t>(times.end.count()));
  }
  to.set_utc(from.zone == policy::TimeCondition::Zone::utc);
}

policy::TimeCondition read(Intake& in, const v1::TimeCondition& from) {
  // Years 0 to 9999, as they can be written: beyond, calendars end.
  constexpr std::int64_t first_second = -62'167'219'200, last_second = 253'402'387'200;
  constexpr std::uint32_t every_month = 0xfff, every_weekday = 0x7f, minutes_of_a_day = 1440;
  constexpr std::uint64_t every_day = (std::uint64_t{1} << 62) - 1;
  constexpr std::size_t most_times = 1000;  // of a line of 4096 octets
  policy::TimeCondition condition;
  if (from.has_span()) {
    const auto moment = [&in](std::int64_t second) {
      in.require(second >= first_second && second <= last_second, "ConditionTimeRange");
      return policy::CalendarSeconds{Seconds{in.failed() ? 0 : second}};
    };
    condition.span = {.first = moment(from.span().first()), .last = moment(from.span().last())};
  }
  in.require(from.months() <= every_month && from.weekdays() <= every_weekday && from.days() <= every_day,
             "masks of an IpTimeCondition");
  in.bounded(from.times_size(), most_times, "times of an IpTimeCondition");
  if (in.failed()) return condition;
  condition.months = static_cast<std::uint16_t>(from.months());
  condition.days = from.days();
  condition.weekdays = static_cast<std::uint8_t>(from.weekdays());
  for (const v1::TimeCondition::DayTimes& times : from.times()) {
    in.require(times.first() < minutes_of_a_day && times.end() <= minutes_of_a_day, "TimeOfDayRange");
    condition.times.push_back({.first = Minutes{times.first()}, .end = Minutes{times.end()}});
  }
  condition.zone = from.utc() ? policy::TimeCondition::Zone::utc : policy::TimeCondition::Zone::local;
  return condition;
}

void write(const policy::LocalStart& from, v1::LocalStart& to) {
  to.set_name(from.name);
  to.set_allow_on_demand(from.allow_on_demand);
  to.set_local_address(choice<v1::Granularity>(from.local_address));
  to.set_remote_address(choice<v1::Granularity>(from.remote_address));
  to.set_protocol(choice<v1::Granularity>(from.protocol));
  to.set_local_port(choice<v1::Granularity>(from.local_port));
  to.set_remote_port(choice<v1::Granularity>(from.remote_port));
  to.set_icmp_type(choice<v1::Granularity>(from.icmp_type));
  to.set_icmp_code(choice<v1::Granularity>(from.icmp_code));
  to.set_icmpv6_type(choice<v1::Granularity>(from.icmpv6_type));
  to.set_icmpv6_code(choice<v1::Granularity>(from.icmpv6_code));
  to.set_mipv6_type(choice<v1::Granularity>(from.mipv6_type));
  if (from.local_endpoint) to.set_local_endpoint(as_string(from.local_endpoint->octets()));
  if (from.remote_endpoint) to.set_remote_endpoint(as_string(from.remote_endpoint->octets()));
  if (from.unknown_host) to.set_unknown_host(*from.unknown_host);
  if (from.local_identity) write(*from.local_identity, *to.mutable_local_identity());
  if (from.remote_identity) write(*from.remote_identity, *to.mutable_remote_identity());
}

policy::LocalStart read(Intake& in, const v1::LocalStart& from) {
  using enum policy::Granularity;
  policy::LocalStart start{
      .name = in.text(from.name(), "IpLocalStartAction name"),
      .allow_on_demand = from.allow_on_demand(),
      .local_address = in.choice(from.local_address(), packet, "local address granularity"),
      .remote_address = in.choice(from.remote_address(), packet, "remote address granularity"),
      .protocol = in.choice(from.protocol(), packet, "protocol granularity"),
      .local_port = in.choice(from.local_port(), packet, "local port granularity"),
      .remote_port = in.choice(from.remote_port(), packet, "remote port granularity"),
      .icmp_type = in.choice(from.icmp_type(), packet, "ICMP type granularity"),
      .icmp_code = in.choice(from.icmp_code(), packet, "ICMP code granularity"),
      .icmpv6_type = in.choice(from.icmpv6_type(), packet, "ICMPv6 type granularity"),
      .icmpv6_code = in.choice(from.icmpv6_code(), packet, "ICMPv6 code granularity"),
      .mipv6_type = in.choice(from.mipv6_type(), packet, "MIPv6 type granularity"),
  };
  if (from.has_local_endpoint()) start.local_endpoint = in.address(from.local_endpoint(), "local endpoint");
  if (from.has_remote_endpoint()) start.remote_endpoint = in.address(from.remote_endpoint(), "remote endpoint");
  if (from.has_unknown_host()) start.unknown_host = in.text(from.unknown_host(), "InitiateToLocation");
  if (from.has_local_identity()) start.local_identity = read(in, from.local_identity());
  if (from.has_remote_identity()) start.remote_identity = read(in, from.remote_identity());
  return start;
}

void write(const policy::Filter& from, v1::Filter& to) {
  to.set_rule(from.rule);
  to.set_extension(from.extension);
  to.set_group(from.group);
  to.set_direction(choice<v1::Direction>(from.direction));
  write(from.source, *to.mutable_source());
  write(from.destination, *to.mutable_destination());
  write(from.service, *to.mutable_service());
  to.set_connect(choice<v1::ConnectQualifier>(from.connect));
  to.set_routing(choice<v1::Routing>(from.routing));
  to.set_fragments_only(from.fragments_only);
  to.set_security_class(from.security_class);
  to.set_action(choice<v1::FilterAction>(from.action));
  to.set_logging(choice<v1::FilterLogging>(from.logging));
  to.set_discard(choice<v1::DiscardAction>(from.discard));
  if (from.remote_identity) write(*from.remote_identity, *to.mutable_remote_identity());
  write(from.at, *to.mutable_at());
}

policy::Filter read(Intake& in, const v1::Filter& from) {
  policy::Filter filter{
      .rule = in.text(from.rule(), "IpFilterRule name"),
      .extension = from.extension(),
      .group = in.text(from.group(), "IpFilterGroup name"),
      .direction = in.choice(from.direction(), policy::Direction::outbound, "Direction"),
      .source = read(in, from.source()),
      .destination = read(in, from.destination()),
      .service = read(in, from.service()),
      .connect = in.choice(from.connect(), policy::ConnectQualifier::outbound, "connect qualifier"),
      .routing = in.choice(from.routing(), policy::Routing::either, "Routing"),
      .fragments_only = from.fragments_only(),
      .security_class = in.number<std::uint8_t>(from.security_class(), "SecurityClass"),
      .action = in.choice(from.action(), policy::FilterAction::ipsec, "filter action"),
      .logging = in.choice(from.logging(), policy::FilterLogging::deny, "filter logging"),
      .discard = in.choice(from.discard(), policy::DiscardAction::icmp, "DiscardAction"),
      .at = read(in, from.at()),
  };
  if (from.has_remote_identity()) filter.remote_identity = read(in, from.remote_identity());
  in.require(filter.source.family() == filter.destination.family(), "address families of a filter");
  return filter;
}

}  // namespace adit::rpc
