#include "policy/agreement/manual.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "policy/agreement/differences.h"
#include "policy/agreement/representative.h"
#include "policy/match.h"

namespace adit::policy::agreement {
namespace {

std::string end_text(const std::optional<IpAddress>& address) { return address ? address->to_string() : "Any"; }

std::string ends_text(const ManVpnAction& tunnel) {
  return fmt::format("{} to {}", end_text(tunnel.local), end_text(tunnel.remote));
}

/// Any stands for each packet's own address.
bool may_be_one(const std::optional<IpAddress>& one, const std::optional<IpAddress>& other) {
  return !one || !other || *one == *other;
}

bool are_ends_crossed(const ManVpnAction& here, const ManVpnAction& there) {
  return here.family == there.family && may_be_one(here.local, there.remote) && may_be_one(here.remote, there.local);
}

bool is_spi_crossed(const ManVpnAction& sender, const ManVpnAction& receiver) {
  return sender.outbound_spi.value() == receiver.inbound_spi.value();
}

/// The tunnel that was meant: the ends decide, and of several the SPI; where no ends fit, the SPI alone. Null: none.
const ManVpnAction* counterpart(const ManVpnAction& tunnel, const FilterPolicy& receiver) {
  const ManVpnAction* found = nullptr;
  unsigned best = 0;
  for (const auto& other : manual_tunnels(receiver)) {
    const unsigned fit = (are_ends_crossed(tunnel, *other) ? 2U : 0U) + (is_spi_crossed(tunnel, *other) ? 1U : 0U);
    if (fit <= best) continue;
    best = fit;
    found = other.get();
  }
  return found;
}

Attributes attributes_of(const ManVpnAction& tunnel) {
  return {{"protocol", tunnel.around_esp ? "AH and ESP"
                       : tunnel.ah       ? "AH"
                                         : "ESP"},
          {"cipher", to_string(tunnel.encryption, tunnel.key_bits)},
          {"integrity", to_string(tunnel.integrity)},
          {"mode", tunnel.how_to_encap == EncapsulationChoice::transport ? "Transport" : "Tunnel"}};
}

std::string differing_spis(const ManVpnAction& here, const ManVpnAction& there) {
  std::string text;
  const auto compare = [&text](std::string_view of, InboundSpi in_here, OutboundSpi out_here, InboundSpi in_there,
                               OutboundSpi out_there) {
    if (out_here.value() != in_there.value()) {
      text += fmt::format("{}{}outbound {} here, inbound {} there", text.empty() ? "" : "; ", of, out_here.value(),
                          in_there.value());
    }
    if (in_here.value() != out_there.value()) {
      text += fmt::format("{}{}inbound {} here, outbound {} there", text.empty() ? "" : "; ", of, in_here.value(),
                          out_there.value());
    }
  };
  compare("", here.inbound_spi, here.outbound_spi, there.inbound_spi, there.outbound_spi);
  if (here.around_esp && there.around_esp) {  // else the protection differs
    const auto &ours = *here.around_esp, &theirs = *there.around_esp;
    compare("AH's ", ours.inbound, ours.outbound, theirs.inbound, theirs.outbound);
  }
  return text;
}

std::string spis_text(const ManVpnAction& tunnel) {
  const auto text = [](std::string_view of, OutboundSpi outbound, InboundSpi inbound) {
    return fmt::format("{}outbound {}, inbound {}", of, outbound.value(), inbound.value());
  };
  std::string own = text("", tunnel.outbound_spi, tunnel.inbound_spi);
  if (!tunnel.around_esp) return own;
  return own + "; " + text("AH's ", tunnel.around_esp->outbound, tunnel.around_esp->inbound);
}

std::string differing_keys(const ManVpnAction& here, const ManVpnAction& there) {
  std::string text;
  const auto compare = [&text](const Secret& one, const Secret& other, std::string_view what) {
    if (SecretView{one} == SecretView{other}) return;
    text += fmt::format("{}{}", text.empty() ? "" : "; ", what);
  };
  compare(here.outbound.encryption, there.inbound.encryption, "EncryptOutboundKey here is not EncryptInboundKey there");
  compare(here.outbound.integrity, there.inbound.integrity, "AuthOutboundKey here is not AuthInboundKey there");
  compare(here.inbound.encryption, there.outbound.encryption, "EncryptInboundKey here is not EncryptOutboundKey there");
  compare(here.inbound.integrity, there.outbound.integrity, "AuthInboundKey here is not AuthOutboundKey there");
  return text;
}

bool takes_all_of(const Filter& inbound, const Filter& outbound) {
  return inbound.source.contains(outbound.source) && inbound.destination.contains(outbound.destination) &&
         (inbound.service.protocol == IpProtocol::any || inbound.service.protocol == outbound.service.protocol) &&
         inbound.service.source_ports.contains(outbound.service.source_ports) &&
         inbound.service.destination_ports.contains(outbound.service.destination_ports);
}

std::string traffic_text(const Filter& filter) {
  return fmt::format("{} here, {} there", filter.local_selector().to_string(), filter.remote_selector().to_string());
}

/// What of the traffic is not taken there; empty when all is.
std::string untaken(const Filter& outbound, const ManVpnAction& there, const FilterPolicy& receiver) {
  const PacketSelectors packet{.source = representative(outbound.source),
                               .destination = representative(outbound.destination),
                               .protocol = outbound.service.protocol,
                               .source_port = outbound.service.source_ports.first,
                               .destination_port = outbound.service.destination_ports.first};
  const Filter* first = nullptr;
  // Whether a packet is for the host itself or to be forwarded, the policy does not tell.
  for (const bool routed : {false, true}) {
    const Filter* match = first_match(receiver, packet, {.direction = Direction::inbound, .routed = routed});
    if (match == nullptr) continue;
    first = match;
    if (match->manual.get() == &there) break;
  }
  if (first == nullptr) return fmt::format("{}: no IpFilterRule there takes it", traffic_text(outbound));
  if (first->manual.get() != &there) {
    return fmt::format("{}: IpFilterRule {} comes first there, and does not lead to IpManVpnAction {}",
                       traffic_text(outbound), first->rule, there.name);
  }
  const auto takes_it = [&](const Filter& filter) {
    return filter.manual.get() == &there && filter.direction == Direction::inbound && takes_all_of(filter, outbound);
  };
  if (std::ranges::any_of(receiver.filters, takes_it)) return {};
  return fmt::format("{}: IpFilterRule {} there takes {} to {} alone", traffic_text(outbound), first->rule,
                     first->source.to_string(), first->destination.to_string());
}

}  // namespace

std::vector<std::shared_ptr<const ManVpnAction>> manual_tunnels(const FilterPolicy& policy) {
  std::vector<std::shared_ptr<const ManVpnAction>> tunnels;
  std::set<const ManVpnAction*> seen;
  for (const Filter& filter : policy.filters) {
    if (filter.manual == nullptr || !filter.manual->is_installed) continue;
    if (seen.insert(filter.manual.get()).second) tunnels.push_back(filter.manual);
  }
  return tunnels;
}

Outcome play_manual(const PolicySnapshot& sender, const ManVpnAction& tunnel, const PolicySnapshot& receiver) {
  Outcome outcome{.tunnel = fmt::format("IpManVpnAction {}", tunnel.name),
                  .when = {},
                  .at = tunnel.at,
                  .is_manual = true,
                  .version = {},
                  .ends = ends_text(tunnel),
                  .steps = {}};
  const ManVpnAction* there = counterpart(tunnel, receiver.filter);
  const auto step = [&](std::string what, std::string difference, std::string agreed) {
    const bool is_agreed = difference.empty();
    outcome.steps.push_back({.what = std::move(what),
                             .agreed = is_agreed,
                             .result = is_agreed ? std::move(agreed) : std::move(difference),
                             .initiator = tunnel.at,
                             .responder = there == nullptr ? std::nullopt : std::optional{there->at}});
    return is_agreed;
  };
  const bool has_tunnels = !manual_tunnels(receiver.filter).empty();
  std::string apart;
  if (there == nullptr) {
    apart = has_tunnels ? fmt::format("no IpManVpnAction there is from {} to {}", end_text(tunnel.remote),
                                      end_text(tunnel.local))
                        : "no IpManVpnAction is installed there";
  } else if (!are_ends_crossed(tunnel, *there)) {
    apart = fmt::format("{} here; IpManVpnAction {} there, of the same SPI, is {}", ends_text(tunnel), there->name,
                        ends_text(*there));
  }
  if (!step("ends", apart, there == nullptr ? "" : fmt::format("IpManVpnAction {} there", there->name))) return outcome;

  const Attributes here = attributes_of(tunnel);
  if (!step("SPIs", differing_spis(tunnel, *there), spis_text(tunnel)) ||
      !step("protection", differences(here, attributes_of(*there)), listed(here)) ||
      !step("keys", differing_keys(tunnel, *there), "the same")) {
    return outcome;
  }
  for (const Filter& filter : sender.filter.filters) {
    if (filter.manual.get() != &tunnel || filter.direction != Direction::outbound) continue;
    if (!step("traffic", untaken(filter, *there, receiver.filter), traffic_text(filter))) return outcome;
  }
  const auto word = [](const ManVpnAction& one) { return one.active ? "Yes" : "No"; };
  step("Active", "", fmt::format("{} here, {} there", word(tunnel), word(*there)));
  return outcome;
}

}  // namespace adit::policy::agreement
