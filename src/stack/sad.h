#pragma once
// The security association database of one stack (RFC 4301 §4.4.2). The data-plane thread owns it alone: it adds and
// removes between batches, so a pointer from it holds for the whole of a batch and not longer. SAs go when their
// lifetime is over (RFC 7296 §2.8); until then packets come in by each of those that have the same selectors (§2.8.1).

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "contract/child_sa.h"
#include "stack/flow_cache.h"
#include "stack/security_association.h"

namespace adit::stack {

class Sad {
 public:
  /// A pair more, or why not: its name or its inbound SPI is taken, or ChildSa::make refuses.
  contract::InstallResult add(const contract::InstallChildSa& install, Instant now);
  /// False when there is none of that name.
  bool remove(const contract::ChildSaName& name);
  /// It sends no more while its tunnel has another pair. False when there is none of that name.
  bool retire(const contract::ChildSaName& name);
  /// A pair that awaits iked's word sends from now on; another goes its way. False when there is none of that name.
  bool begin_sending(const contract::ChildSaName& name);
  /// The peer has sent on a pair that awaited it: now it sends. Removes nothing, so it may come in the midst of a
  /// batch.
  void begin_sending(ChildSa& pair);
  /// The peer is elsewhere now (RFC 7296 §2.23): what leaves for it goes there. False when there is none of that
  /// name, or the peer cannot be there: an SA without UDP encapsulation does not move, and none to the other family.
  bool move_peer(const contract::ChildSaName& name, const Endpoint& to);

  /// By SPI and protocol alone, as a unicast SA is found (RFC 4301 §4.1).
  InboundSa* find_inbound(contract::SaProtocol protocol, InboundSpi spi);
  /// The SA that carries a packet, remembered for its flow: the newest generation of its tunnel that sends, the newest
  /// tunnel first.
  OutboundSa* find_outbound(const PacketSelectors& packet);
  /// The same among the SAs of one filter rule, and without a memory: for callers that ask the policy first.
  OutboundSa* select_outbound(const PacketSelectors& packet, std::string_view filter_rule);
  /// The same of the manual tunnel of one IpManVpnAction.
  OutboundSa* select_manual(const PacketSelectors& packet, std::string_view vpn_action);

  /// Pairs at a limit: soft ones once, hard ones removed. With the counters that go with each report.
  struct Reached {
    contract::LifetimeReached limit;
    contract::ChildSaCounters counters;
  };
  std::vector<Reached> collect_limits(Instant now);
  /// Nothing when there is none of that name.
  std::optional<contract::ChildSaCounters> counters(const contract::ChildSaName& name, Instant now) const;
  std::vector<contract::ChildSaCounters> all_counters(Instant now) const;

  std::size_t size() const { return pairs_.size(); }
  const ChildSa* find(const contract::ChildSaName& name) const;
  /// Changes with every add, remove, retire and move, and when a pair begins to send: what was remembered under another
  /// epoch is void.
  std::uint64_t epoch() const { return epoch_; }

 private:
  struct Installed {
    std::unique_ptr<ChildSa> sa;
    StackName stack;
  };
  static std::uint64_t inbound_key(contract::SaProtocol protocol, std::uint32_t spi) {
    return std::uint64_t{static_cast<std::uint8_t>(protocol)} << 32 | spi;
  }
  contract::ChildSaCounters counters_of(const Installed& pair, Instant now) const;
  void put_in_search_order(ChildSa& pair);
  void let_one_send(const contract::ChildSaName& of_tunnel);

  std::map<contract::ChildSaName, Installed> pairs_;
  std::unordered_map<std::uint64_t, InboundSa*> inbound_;
  std::vector<ChildSa*> search_order_;  // of those that send; newest first
  FlowCache flows_;
  std::uint64_t epoch_ = 1;
};

}  // namespace adit::stack
