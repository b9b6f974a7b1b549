#include "sim/traffic.h"

#include <fmt/format.h>

#include <algorithm>

namespace adit::sim {
namespace {

constexpr Duration acquire_pause = std::chrono::seconds{1};  // stackd tells of a flow once in a while
constexpr std::uint8_t host_octet = 7;
constexpr std::uint16_t client_port = 1024, server_port = 53;

std::string text_of(const Flow& flow) { return flow.from->site().name + ">" + flow.to->site().name; }

}  // namespace

TrafficCounts& TrafficCounts::operator+=(const TrafficCounts& other) {
  sent += other.sent;
  accepted += other.accepted;
  without_sa += other.without_sa;
  in_a_gap += other.in_a_gap;
  lost_in_replacement += other.lost_in_replacement;
  longest_window = std::max(longest_window, other.longest_window);
  replacements += other.replacements;
  return *this;
}

void Traffic::add(Node& from, Node& to, unsigned part) {
  auto flow = std::make_unique<Flow>();
  flow->number = flows_.size();
  flow->from = &from;
  flow->to = &to;
  flow->packet = {.source = address_in(from.site(), part, host_octet),
                  .destination = address_in(to.site(), part, host_octet),
                  .protocol = IpProtocol::udp,
                  .source_port = client_port,
                  .destination_port = server_port};
  flows_.push_back(std::move(flow));
}

void Traffic::begin() {
  has_begun_ = true;
  for (const auto& flow : flows_) {
    around_.clockwork.plan(around_.dice.between(Duration{0}, choices_.pause), [this, &flow = *flow] { tick(flow); });
  }
}

void Traffic::look_closely_at(const Node& node, const StackModel::Touched& touched) {
  if (!has_begun_) return;
  const Instant now = around_.clockwork.now();
  for (const auto& flow : flows_) {
    const bool goes_out = flow->from == &node;
    if (!goes_out && flow->to != &node) continue;
    const bool is_touched = goes_out ? carry(touched.local, touched.remote, flow->packet)
                                     : carry(touched.remote, touched.local, flow->packet);
    if (!is_touched) continue;
    flow->dense_until = now + choices_.dense_time;
    if (!flow->is_ticking) plan_tick(*flow);
  }
}

void Traffic::plan_tick(Flow& flow) {
  flow.is_ticking = true;
  around_.clockwork.plan(choices_.dense_pause, [this, &flow] {
    flow.is_ticking = false;
    send(flow);
    if (around_.clockwork.now() < flow.dense_until) plan_tick(flow);
  });
}

void Traffic::tick(Flow& flow) {
  if (around_.clockwork.now() >= flow.dense_until) send(flow);
  around_.clockwork.plan(choices_.pause, [this, &flow] { tick(flow); });
}

void Traffic::send(Flow& flow) {
  StackModel& stack = flow.from->stack_model();
  const StackModel::Choice choice = stack.choose_outbound(flow.packet);
  const Instant now = around_.clockwork.now();
  if (choice.pair == nullptr) {
    ++counts_.without_sa;
    if (choices_.keeps_sas && flow.accepted != 0) breach_(text_of(flow) + ": no SA is left for its packets");
    flow.last_used.reset();
    if (!choices_.starts_tunnels || now < flow.last_acquire + acquire_pause || flow.to->site().outside) return;
    flow.last_acquire = now;
    const bool has_one_peer = flow.from->policy().key_exchange.rules.size() == 1;
    flow.from->send_packet(flow.packet.source, flow.packet.destination,
                           has_one_peer ? "nets" : "nets-" + flow.to->site().name);
    return;
  }
  const contract::InstallChildSa& sa = choice.pair->sa;
  const StackModel::Pair* before = flow.last_used ? stack.find(*flow.last_used) : nullptr;
  if (before != nullptr && before != choice.pair) {
    ++counts_.replacements;
    const bool goes_back = before->sa.name.tunnel == sa.name.tunnel &&
                           before->sa.name.generation > sa.name.generation &&
                           before->sending == StackModel::Pair::Sending::begun;
    if (goes_back) {
      breach_(fmt::format("{}: {} carries traffic again, although {} is there", text_of(flow), sim::text_of(sa.name),
                          sim::text_of(before->sa.name)));
    }
  }
  flow.last_used = sa.name;
  flow.last_sent = now;
  ++counts_.sent;
  TestPacket packet{.flow = flow.number,
                    .number = ++flow.sent,
                    .sent = now,
                    .spi = sa.outbound_spi,
                    .key_digest = choice.pair->digest_out,
                    .selectors = flow.packet};
  if (choice.instead != nullptr) packet.instead = choice.instead->sa.outbound_spi;
  const Endpoint from{sa.local, sa.udp ? sa.udp->local_port : std::uint16_t{0}};
  const Endpoint to{sa.remote, sa.udp ? sa.udp->remote_port : std::uint16_t{0}};
  around_.network.send(Parcel{.from = from, .to = to, .content = packet});
}

void Traffic::take(Node& at, const Parcel& parcel) {
  const auto& packet = std::get<TestPacket>(parcel.content);
  Flow& flow = *flows_.at(packet.flow);
  switch (at.stack_model().take_in(packet, parcel.from)) {
    case StackModel::Verdict::accepted:
      ++counts_.accepted;
      ++flow.accepted;
      flow.last_accepted_sent = std::max(flow.last_accepted_sent, packet.sent);
      if (flow.last_lost && packet.sent > *flow.last_lost) close_window(flow);
      return;
    case StackModel::Verdict::no_sa:
      return lost(flow, at, packet);
    case StackModel::Verdict::wrong_key:
      return breach_(fmt::format("{}: the key of SPI {:08x} differs", text_of(flow), packet.spi.value()));
    case StackModel::Verdict::wrong_selectors:
      return breach_(fmt::format("{}: SPI {:08x} does not carry this packet", text_of(flow), packet.spi.value()));
  }
}

void Traffic::close_window(Flow& flow) {
  flow.first_lost.reset();
  flow.last_lost.reset();
  flow.window_told = false;
}

void Traffic::lost(Flow& flow, const Node& at, const TestPacket& packet) {
  const StackModel& stack = at.stack_model();
  const auto removed = stack.find_removed(InboundSpi{packet.spi.value()});
  // Too early: the receiver does not have the new SA yet, and has the one that it replaces. Too late: both have the new
  // one, and the receiver has not the old one any more.
  const bool too_early =
      !removed && packet.instead && stack.find_inbound(InboundSpi{packet.instead->value()}) != nullptr;
  const bool has_run_out = choices_.is_cut && removed && removed->ran_out;
  const bool too_late =
      removed && removed->was_replaced && !has_run_out && flow.from->stack_model().shares(flow.packet, stack);
  const bool was_there = choices_.keeps_sas && flow.accepted != 0;
  if (!too_early && !too_late && !was_there) {
    ++counts_.in_a_gap;
    // The ends have no SA in common: what is lost before it and after it is not one replacement.
    close_window(flow);
    return;
  }
  ++counts_.lost_in_replacement;
  if (!flow.first_lost) {
    around_.trace.note(flow.from->site().name,
                       fmt::format("{}: packet {} lost, SPI {:08x} {} there", text_of(flow), packet.number,
                                   packet.spi.value(), too_early ? "is not yet" : "is no longer"));
    flow.first_lost = packet.sent;
  }
  flow.last_lost = std::max(flow.last_lost.value_or(packet.sent), packet.sent);
  const Duration window = *flow.last_lost - *flow.first_lost;
  counts_.longest_window = std::max(counts_.longest_window, window);
  if (flow.window_told || (choices_.longest_window && window <= *choices_.longest_window)) return;
  flow.window_told = true;
  breach_(fmt::format("{}: packets lost while an SA is replaced, for {} ms", text_of(flow),
                      std::chrono::duration_cast<std::chrono::milliseconds>(window).count()));
}

std::vector<std::string> Traffic::stuck_for(Duration time) const {
  std::vector<std::string> found;
  const Instant since = around_.clockwork.now() - time;
  for (const auto& flow : flows_) {
    const StackModel::Pair* pair = flow->last_used ? flow->from->stack_model().find(*flow->last_used) : nullptr;
    if (pair == nullptr || pair->installed_at > since || flow->last_accepted_sent >= since) continue;
    if (flow->to->stack_model().find_inbound(InboundSpi{pair->sa.outbound_spi.value()}) == nullptr) continue;
    found.push_back(fmt::format("{}: {} is at both ends, and no packet comes through", text_of(*flow),
                                sim::text_of(*flow->last_used)));
  }
  return found;
}

}  // namespace adit::sim
