#include "sim/invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "ike/v1/quick_mode.h"

namespace adit::sim {
namespace {

using contract::InstallChildSa;

constexpr unsigned most_looks_idle = 50, most_looks_an_sa = 20;  // of an engine at the clock, within a second
constexpr std::size_t most_memory = 65536;                       // octets of one IKE SA while it works: a long message
constexpr std::size_t negotiations_an_sa = 2;                    // of Child SAs at a time: one of each side
// IKEv1 has no window: of one SA as many quick modes may wait for the peer, of either side.
constexpr std::size_t negotiations_a_v1_sa = ike::v1::most_quick_modes;
constexpr std::size_t most_spis = 2;  // of a negotiation: AH and ESP

struct Seen {
  std::vector<ike::DynamicTunnelView> rows;
  std::vector<ike::IkeTunnelView> tunnels;
  ike::Statistics statistics;
};

class Findings {
 public:
  explicit Findings(const Node& node) : node_{node} {}
  void demand(bool holds, const auto& what) {
    if (!holds) found_.push_back(node_.site().name + " " + what());
  }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  const Node& node_;
  std::vector<std::string> found_;
};

bool is_child(const ike::DynamicTunnelView& row) { return row.inbound_spi != InboundSpi{}; }  // and no negotiation

void check_pair(Findings& findings, const InstallChildSa& one, const InstallChildSa& other) {
  const auto demand = [&](bool holds, std::string_view what) {
    findings.demand(holds, [&] { return fmt::format("{}: {} differ from the peer's", text_of(one.name), what); });
  };
  demand(one.inbound_spi.value() == other.outbound_spi.value(), "SPIs");
  demand(one.inbound == other.outbound && one.outbound == other.inbound, "keys");
  demand(!(one.inbound == one.outbound), "keys of the two directions do not");
  demand(one.ah.has_value() == other.ah.has_value(), "protocols");
  if (one.ah && other.ah) {
    demand(one.ah->inbound_spi.value() == other.ah->outbound_spi.value() &&
               one.ah->outbound_spi.value() == other.ah->inbound_spi.value(),
           "SPIs of AH");
    demand(one.ah->inbound == other.ah->outbound && one.ah->outbound == other.ah->inbound, "keys of AH");
    demand(!(one.ah->inbound == one.ah->outbound), "AH's keys of the two directions do not");
  }
  demand(one.local_ts == other.remote_ts && one.remote_ts == other.local_ts, "selectors");
  demand(one.transforms == other.transforms, "transforms");
  demand(one.mode == other.mode, "modes");
  demand(one.udp.has_value() == other.udp.has_value(), "encapsulations");
}

const ike::DynamicTunnelView* find_row(const Seen& seen, const contract::ChildSaName& name) {
  const auto row =
      std::ranges::find_if(seen.rows, [&](const auto& view) { return view.name == name && is_child(view); });
  return row == seen.rows.end() ? nullptr : &*row;
}

/// The operator sees every SA that the stack has, and the stack has every SA that the operator sees as active.
void check_views(Findings& findings, const Node& node, const Seen& seen) {
  for (const auto& [name, pair] : node.installed()) {
    if (!node.is_up() || node.stack_model().is_to_be_removed(name) || node.is_leaving(name)) continue;
    const ike::DynamicTunnelView* row = find_row(seen, name);
    findings.demand(row != nullptr, [&] { return text_of(name) + " is in the stack, and no row shows it"; });
    const auto ah = pair.ah ? std::optional{ike::AhSpis{pair.ah->inbound_spi, pair.ah->outbound_spi}} : std::nullopt;
    findings.demand(row == nullptr || (row->inbound_spi == pair.inbound_spi && row->outbound_spi == pair.outbound_spi &&
                                       row->ah == ah),
                    [&] { return text_of(name) + " is shown with other SPIs than it has"; });
  }
  for (const ike::DynamicTunnelView& row : seen.rows) {
    const auto parent = std::ranges::find(seen.tunnels, row.parent, &ike::IkeTunnelView::tunnel);
    findings.demand(parent != seen.tunnels.end(), [&] {
      return fmt::format("{} hangs on K{}, which no row shows", text_of(row.name), row.parent.value());
    });
    if (row.state != ike::ChildState::active || !node.is_up()) continue;
    findings.demand(node.installed().contains(row.name),
                    [&] { return text_of(row.name) + " is shown as active, and the stack has it not"; });
  }
}

void check_timers(Findings& findings, const Node& node, const Seen& seen) {
  const bool wants_tunnels = std::ranges::any_of(node.policy().local_dyn_vpn, &policy::LocalDynVpnRule::auto_activate);
  findings.demand(seen.statistics.ike_sas != 0 || wants_tunnels || node.has_leaving_pairs() || !node.next_deadline(),
                  [] { return std::string{"has no SA, and a timer"}; });
  const std::size_t most = most_looks_idle + most_looks_an_sa * seen.statistics.ike_sas;
  findings.demand(node.looks_this_second() <= most,
                  [&] { return fmt::format("looks at the clock {} times a second", node.looks_this_second()); });
}

/// Nothing is kept but for what exists.
void check_bounds(Findings& findings, const Node& node, const Seen& seen) {
  const ike::Statistics& statistics = seen.statistics;
  const auto children = static_cast<std::size_t>(std::ranges::count_if(seen.rows, is_child));
  findings.demand(statistics.child_sas == children,
                  [&] { return fmt::format("counts {} Child SAs and shows {}", statistics.child_sas, children); });
  findings.demand(statistics.half_open <= 2 * node.options().half_open_limit,
                  [&] { return fmt::format("{} half-open IKE SAs", statistics.half_open); });
  const auto v1_sas = static_cast<std::size_t>(std::ranges::count(seen.tunnels, 1u, &ike::IkeTunnelView::version));
  const std::size_t negotiations = negotiations_an_sa * statistics.ike_sas + negotiations_a_v1_sa * v1_sas;
  const auto of_ah =
      static_cast<std::size_t>(std::ranges::count_if(seen.rows, [](const auto& row) { return row.ah.has_value(); }));
  findings.demand(statistics.inbound_spis <= children + of_ah + most_spis * negotiations, [&] {
    return fmt::format("keeps {} inbound SPIs for {} Child SAs", statistics.inbound_spis, children);
  });
  findings.demand(statistics.open_questions <= node.nss_model().open_questions(), [&] {
    return fmt::format("waits for {} answers of nssd, which owes {}", statistics.open_questions,
                       node.nss_model().open_questions());
  });
  for (const ike::IkeTunnelView& tunnel : seen.tunnels) {
    findings.demand(tunnel.memory <= most_memory,
                    [&] { return fmt::format("K{} holds {} octets", tunnel.tunnel.value(), tunnel.memory); });
  }
}

Seen look_at(const Node& node) { return {node.dynamic_tunnels(), node.ike_tunnels(), node.statistics()}; }

bool has_other_end(const ike::IkeTunnelView& tunnel, const Node& of, const Nodes& all) {
  return std::ranges::any_of(all, [&](const Node* other) {
    return other != &of && std::ranges::any_of(other->ike_tunnels(), [&](const ike::IkeTunnelView& view) {
             return view.initiator_spi == tunnel.initiator_spi && view.responder_spi == tunnel.responder_spi &&
                    view.role != tunnel.role;
           });
  });
}

}  // namespace

const InstallChildSa* counterpart_of(const InstallChildSa& pair, const Node& of, const Nodes& all) {
  for (const Node* other : all) {
    if (other == &of) continue;
    const StackModel::Pair* found = other->stack_model().find_inbound(InboundSpi{pair.outbound_spi.value()});
    if (found != nullptr) return &found->sa;
  }
  return nullptr;
}

std::vector<std::string> breaches_after_step(const Node& node, const Nodes& all) {
  Findings findings{node};
  for (const auto& [name, pair] : node.installed()) {
    if (const InstallChildSa* other = counterpart_of(pair, node, all)) check_pair(findings, pair, *other);
  }
  for (const std::string& breach : node.breaches()) findings.demand(false, [&] { return breach; });
  if (node.has_engine()) {
    const Seen seen = look_at(node);
    check_views(findings, node, seen);
    check_timers(findings, node, seen);
    check_bounds(findings, node, seen);
  }
  return findings.take();
}

std::vector<std::string> breaches_at_rest(const Node& node, const Nodes& all, Duplicates duplicates) {
  Findings findings{node};
  const Seen seen = look_at(node);
  for (const auto& [name, pair] : node.installed()) {
    findings.demand(counterpart_of(pair, node, all) != nullptr, [&] { return text_of(name) + " is orphaned"; });
    if (duplicates == Duplicates::allowed) continue;
    for (const auto& [other_name, other] : node.installed()) {
      findings.demand(other_name <= name || other.local_ts != pair.local_ts || other.remote_ts != pair.remote_ts, [&] {
        return fmt::format("{} and {} carry the same traffic", text_of(name), text_of(other_name));
      });
    }
  }
  for (const ike::DynamicTunnelView& row : seen.rows) {
    findings.demand(row.state == ike::ChildState::active, [&] {
      return fmt::format("{} of K{} is not settled, in state {}", text_of(row.name), row.parent.value(),
                         std::to_underlying(row.state));
    });
  }
  const auto of_ah = static_cast<std::size_t>(
      std::ranges::count_if(node.installed(), [](const auto& entry) { return entry.second.ah.has_value(); }));
  const std::size_t in_stack = node.installed().size() + of_ah;
  findings.demand(seen.statistics.inbound_spis == in_stack, [&] {
    return fmt::format("keeps {} inbound SPIs, its stack has {}", seen.statistics.inbound_spis, in_stack);
  });
  // An IKE SA that was refused waits, unseen, for the peer to repeat itself; not for long.
  findings.demand(seen.statistics.ike_sas == seen.tunnels.size(), [&] {
    return fmt::format("keeps {} IKE SAs, shows {}", seen.statistics.ike_sas, seen.tunnels.size());
  });
  findings.demand(seen.rows.size() == node.installed().size(), [&] {
    return fmt::format("shows {} dynamic tunnels, its stack has {}", seen.rows.size(), node.installed().size());
  });
  for (const ike::IkeTunnelView& tunnel : seen.tunnels) {
    findings.demand(tunnel.state == ike::IkeState::done, [&] {
      return fmt::format("K{} generation {} is not settled, in state {} as {}", tunnel.tunnel.value(),
                         tunnel.generation, std::to_underlying(tunnel.state),
                         tunnel.role == ike::Role::initiator ? "initiator" : "responder");
    });
    findings.demand(has_other_end(tunnel, node, all),
                    [&] { return fmt::format("K{} is orphaned", tunnel.tunnel.value()); });
  }
  return findings.take();
}

}  // namespace adit::sim
