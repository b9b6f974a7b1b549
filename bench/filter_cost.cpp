// What a packet costs that leaves past 10, 1 000 and 8 000 filters that differ by ranges of ports: fails where the cost
// grows with their number. Real packets in a network namespace of its own: needs root.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "stack/nftables_ruleset.h"
#include "stack/user/nftables_transaction.h"

namespace adit {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t counts[] = {10, 1'000, 8'000};
/// Of the cost at the most filters to that at the fewest. Rules one after another cost 160 to 220 times as much.
constexpr double most_growth = 4;

std::uint16_t port(std::uint32_t number) { return static_cast<std::uint16_t>(number); }

/// How the filters differ; `packet` is the destination port of a packet that only the last of them matches.
struct Kind {
  const char* name;
  void (*set)(policy::Filter&, std::uint32_t number, std::uint32_t filters);
  std::uint16_t (*packet)(std::uint32_t filters);
};
constexpr Kind kinds[] = {
    {"a range of ports each",
     [](policy::Filter& filter, std::uint32_t i, std::uint32_t) {
       filter.service.destination_ports = {port(8 * i), port(8 * i + 5)};
     },
     [](std::uint32_t filters) { return port(8 * (filters - 1) + 2); }},
    {"ranges that all overlap",
     [](policy::Filter& filter, std::uint32_t i, std::uint32_t) {
       filter.service.destination_ports = {1, port(i + 10)};
     },
     [](std::uint32_t filters) { return port(filters + 9); }},
    {"of two protocols",
     [](policy::Filter& filter, std::uint32_t i, std::uint32_t filters) {
       filter.service.protocol = i % 2 == 0 && i + 1 != filters ? IpProtocol::tcp : IpProtocol::udp;
       filter.service.destination_ports = {port(8 * i), port(8 * i + 5)};
     },
     [](std::uint32_t filters) { return port(8 * (filters - 1) + 2); }},
};

policy::PolicySnapshot policy_of(const Kind& kind, std::uint32_t filters) {
  policy::PolicySnapshot snapshot;
  for (std::uint32_t i = 0; i < filters; ++i) {
    policy::Filter filter{.rule = fmt::format("rule{}", i),
                          .extension = 1,
                          .direction = policy::Direction::outbound,
                          .source = IpRange::all(IpFamily::v4),
                          .destination = IpRange::all(IpFamily::v4),
                          .service = {.protocol = IpProtocol::udp},
                          .action = policy::FilterAction::permit};
    kind.set(filter, i, filters);
    snapshot.filter.filters.push_back(std::move(filter));
  }
  return snapshot;
}

/// Nanoseconds of one send, the best of some rounds; nothing when packets do not leave.
std::optional<double> cost_of_a_packet(int socket, std::uint16_t destination_port) {
  constexpr int rounds = 7, packets = 5'000;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(destination_port);
  to.sin_addr.s_addr = htonl(0xc6120002);  // 198.18.0.2
  if (connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return std::nullopt;
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    for (int i = 0; i < packets; ++i) {
      if (send(socket, "x", 1, 0) != 1) return std::nullopt;
    }
    best = std::min(best, std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / packets);
  }
  return best;
}

int run() {
  if (unshare(CLONE_NEWNET) != 0) {
    std::perror("filter_cost: a network namespace is needed");
    return 1;
  }
  // Where packets go that have passed: the other end is not listening.
  if (std::system("ip link add sink type veth peer name other && ip addr add 198.18.0.1/24 dev sink && "
                  "ip link set sink arp off up") != 0) {
    return 1;
  }
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bool holds = true;
  for (const Kind& kind : kinds) {
    double fewest = 0;
    for (const std::uint32_t filters : counts) {
      if (const auto done = stack::user::run_nftables(stack::ruleset_for(policy_of(kind, filters), {})); !done) {
        fmt::print(stderr, "filter_cost: {}\n", done.error());
        return 1;
      }
      const auto cost = cost_of_a_packet(socket, kind.packet(filters));
      if (!cost) {
        fmt::print(stderr, "filter_cost: {} filters, {}: the packet does not pass\n", filters, kind.name);
        return 1;
      }
      if (fewest == 0) fewest = *cost;
      fmt::print("{:<28}{:>6} filters {:>8.0f} ns a packet\n", kind.name, filters, *cost);
      if (*cost <= most_growth * fewest) continue;
      fmt::print("{}: {:.1f} times the cost of {} filters\n", kind.name, *cost / fewest, counts[0]);
      holds = false;
    }
  }
  close(socket);
  return holds ? 0 : 1;
}

}  // namespace
}  // namespace adit

int main() { return adit::run(); }
