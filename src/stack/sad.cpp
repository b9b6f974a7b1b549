#include "stack/sad.h"

#include <algorithm>

namespace adit::stack {

contract::InstallResult Sad::add(const contract::InstallChildSa& install, Instant now) {
  const auto refuse = [&](std::string why) {
    return contract::InstallResult{.stack = install.stack, .name = install.name, .refused = std::move(why)};
  };
  if (pairs_.contains(install.name)) return refuse("this SA is installed already");
  const std::uint64_t key = inbound_key(install.transforms.protocol, install.inbound_spi.value());
  if (inbound_.contains(key)) return refuse("its inbound SPI is in use");
  if (install.ah && inbound_.contains(inbound_key(contract::SaProtocol::ah, install.ah->inbound_spi.value()))) {
    return refuse("its inbound SPI of AH is in use");
  }
  auto made = ChildSa::make(install, now);
  if (!made) return refuse(std::move(made).error());

  ChildSa& added = **made;
  inbound_.emplace(key, &added.inbound);
  if (added.around) {
    inbound_.emplace(inbound_key(contract::SaProtocol::ah, added.around->inbound.spi), &added.around->inbound);
  }
  pairs_.emplace(install.name, Installed{.sa = *std::move(made), .stack = install.stack});
  if (added.inbound.sending == Sending::begun) put_in_search_order(added);
  let_one_send(install.name);
  ++epoch_;
  return {.stack = install.stack, .name = install.name, .refused = std::nullopt};
}

void Sad::put_in_search_order(ChildSa& pair) {
  // Of two generations that begin out of order, the newer stays first: behind the last of those newer than this one.
  const auto newer = std::find_if(search_order_.rbegin(), search_order_.rend(), [&](const ChildSa* sa) {
    return sa->name.tunnel == pair.name.tunnel && sa->name.kind == pair.name.kind &&
           sa->name.generation > pair.name.generation;
  });
  search_order_.insert(newer.base(), &pair);
}

/// A tunnel that has pairs sends: when none of them does of itself, on the oldest that awaits the peer, which the peer
/// has had the longest time to install; when none does that either, on the newest that was retired. Only until another
/// begins: the peer may not have the one that awaits it.
void Sad::let_one_send(const contract::ChildSaName& of_tunnel) {
  bool one_sends = false;
  ChildSa *stands_in = nullptr, *awaits = nullptr, *retired = nullptr;
  contract::ChildSaName first = of_tunnel, last = of_tunnel;
  first.generation = 0;
  last.generation = UINT32_MAX;
  const auto end = pairs_.upper_bound(last);
  for (auto at = pairs_.lower_bound(first); at != end; ++at) {  // the newest last
    ChildSa* pair = at->second.sa.get();
    switch (pair->inbound.sending) {
      case Sending::begun:
        one_sends = true;
        break;
      case Sending::awaits_word:
        break;
      case Sending::awaits_peer:
        if (std::erase(search_order_, pair) != 0) stands_in = pair;
        if (awaits == nullptr) awaits = pair;
        break;
      case Sending::retired:
        std::erase(search_order_, pair);
        retired = pair;
        break;
    }
  }
  if (one_sends) return;
  if (stands_in != nullptr) return put_in_search_order(*stands_in);
  if (awaits != nullptr) return put_in_search_order(*awaits);
  if (retired != nullptr) search_order_.push_back(retired);
}

void Sad::begin_sending(ChildSa& pair) {
  pair.inbound.sending = Sending::begun;
  std::erase(search_order_, &pair);
  put_in_search_order(pair);
  let_one_send(pair.name);
  ++epoch_;
}

bool Sad::begin_sending(const contract::ChildSaName& name) {
  const auto found = pairs_.find(name);
  if (found == pairs_.end()) return false;
  if (found->second.sa->inbound.sending == Sending::awaits_word) begin_sending(*found->second.sa);
  return true;
}

bool Sad::retire(const contract::ChildSaName& name) {
  const auto found = pairs_.find(name);
  if (found == pairs_.end()) return false;
  ChildSa& pair = *found->second.sa;
  std::erase(search_order_, &pair);
  pair.inbound.sending = Sending::retired;
  let_one_send(name);
  ++epoch_;
  return true;
}

bool Sad::remove(const contract::ChildSaName& name) {
  const auto found = pairs_.find(name);
  if (found == pairs_.end()) return false;
  ChildSa* pair = found->second.sa.get();
  inbound_.erase(inbound_key(pair->protocol, pair->inbound.spi));
  if (pair->around) inbound_.erase(inbound_key(contract::SaProtocol::ah, pair->around->inbound.spi));
  std::erase(search_order_, pair);
  pairs_.erase(found);
  let_one_send(name);
  ++epoch_;
  return true;
}

bool Sad::move_peer(const contract::ChildSaName& name, const Endpoint& to) {
  const auto found = pairs_.find(name);
  if (found == pairs_.end()) return false;
  const OutboundSa& out = found->second.sa->outbound;
  if (!out.is_udp || to.port == 0 || to.address.family() != out.local.address.family()) return false;
  found->second.sa->outbound.remote = to;
  found->second.sa->inbound.remote = to;
  ++epoch_;
  return true;
}

InboundSa* Sad::find_inbound(contract::SaProtocol protocol, InboundSpi spi) {
  const auto found = inbound_.find(inbound_key(protocol, spi.value()));
  return found == inbound_.end() ? nullptr : found->second;
}

OutboundSa* Sad::find_outbound(const PacketSelectors& packet) {
  if (const auto remembered = flows_.find(packet, epoch_)) return remembered->sa;
  const auto found = std::ranges::find_if(search_order_, [&](const ChildSa* sa) { return sa->carries(packet); });
  OutboundSa* sa = found == search_order_.end() ? nullptr : &(*found)->outbound;
  flows_.remember(packet, epoch_, {.sa = sa});
  return sa;
}

OutboundSa* Sad::select_outbound(const PacketSelectors& packet, std::string_view filter_rule) {
  const auto found = std::ranges::find_if(search_order_, [&](const ChildSa* sa) {
    return !sa->name.is_manual() && sa->filter_rule == filter_rule && sa->carries(packet);
  });
  return found == search_order_.end() ? nullptr : &(*found)->outbound;
}

OutboundSa* Sad::select_manual(const PacketSelectors& packet, std::string_view vpn_action) {
  const auto found = std::ranges::find_if(search_order_, [&](const ChildSa* sa) {
    return sa->name.is_manual() && sa->vpn_action == vpn_action && sa->carries(packet);
  });
  return found == search_order_.end() ? nullptr : &(*found)->outbound;
}

std::vector<Sad::Reached> Sad::collect_limits(Instant now) {
  std::vector<Reached> reached;
  std::vector<contract::ChildSaName> ended;
  for (auto& [name, pair] : pairs_) {
    const bool hard = pair.sa->hard_limit_reached(now);
    const bool soft = !pair.sa->soft_reported && pair.sa->soft_limit_reached();
    if (!hard && !soft) continue;
    pair.sa->soft_reported = true;
    reached.push_back({.limit = {.stack = pair.stack, .name = name, .hard = hard}, .counters = counters_of(pair, now)});
    if (hard) ended.push_back(name);
  }
  for (const contract::ChildSaName& name : ended) remove(name);
  return reached;
}

contract::ChildSaCounters Sad::counters_of(const Installed& pair, Instant now) const {
  const InboundSa& in = pair.sa->inbound;
  const OutboundSa& out = pair.sa->outbound;
  contract::ChildSaCounters counters{.stack = pair.stack,
                                     .name = pair.sa->name,
                                     .inbound_packets = in.packets,
                                     .inbound_octets = in.octets,
                                     .outbound_packets = out.packets,
                                     .outbound_octets = out.octets,
                                     .replayed = in.replayed,
                                     .not_authentic = in.not_authentic,
                                     .since_last_inbound = std::nullopt};
  if (pair.sa->around) {
    counters.replayed += pair.sa->around->inbound.replayed;
    counters.not_authentic += pair.sa->around->inbound.not_authentic;
  }
  if (in.last_packet) counters.since_last_inbound = std::chrono::duration_cast<Seconds>(now - *in.last_packet);
  return counters;
}

std::optional<contract::ChildSaCounters> Sad::counters(const contract::ChildSaName& name, Instant now) const {
  const auto found = pairs_.find(name);
  if (found == pairs_.end()) return std::nullopt;
  return counters_of(found->second, now);
}

std::vector<contract::ChildSaCounters> Sad::all_counters(Instant now) const {
  std::vector<contract::ChildSaCounters> all;
  all.reserve(pairs_.size());
  for (const auto& [name, pair] : pairs_) all.push_back(counters_of(pair, now));
  return all;
}

const ChildSa* Sad::find(const contract::ChildSaName& name) const {
  const auto found = pairs_.find(name);
  return found == pairs_.end() ? nullptr : found->second.sa.get();
}

}  // namespace adit::stack
