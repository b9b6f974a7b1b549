// nftables decides about real packets as the search in policy does. Policies and packets are by chance; which filter
// decided is read from the counters of the filters.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <map>
#include <thread>

#include "policy/filter_index.h"
#include "random_policy.h"
#include "stack/nftables_ruleset.h"
#include "stack/packet_selectors.h"
#include "stack/user/file_descriptor.h"
#include "stack/user/filter_counts.h"
#include "stack/user/nftables_transaction.h"
#include "stack/user/socket_address.h"
#include "two_hosts.h"

namespace adit::test {
namespace {

using policy::Direction;
using policy::Filter;
using policy::FilterAction;
using stack::user::FileDescriptor;

/// On what the test sends, so that nothing of the kernel's own is counted.
constexpr int test_mark = 0x7e57;

constexpr uid_t not_its_user = 65534;

/// Before the rules: only what the test sends; after them: nothing but what goes to the data plane, so that no packet
/// is answered.
constexpr const char* surroundings =
    "table inet probe {\n"
    "  chain departure { type filter hook output priority raw; meta mark != 0x7e57 drop\n }\n"
    "  chain input { type filter hook input priority 100; drop\n }\n"
    "  chain forward { type filter hook forward priority 100;\n"
    "    oifname adit0r meta mark 0xad170003 accept\n"
    "    drop\n }\n"
    "  chain postrouting { type filter hook postrouting priority 100;\n"
    "    oifname adit0 meta mark 0xad170001 accept\n"
    "    oifname adit0r meta mark 0xad170003 accept\n"
    "    drop\n }\n"
    "}\n";

std::string nftables(const std::string& text) {
  auto printed = stack::user::run_nftables(text);
  if (!printed) throw std::runtime_error{printed.error()};
  return std::move(*printed);
}

/// A host with an interface to the outside, of a security class, and one to a net behind it; and who sends to it.
class World {
 public:
  World() {
    const auto must = [](NetworkNamespace& space, const std::string& command) {
      if (space.shell(command) != 0) throw std::runtime_error{command};
    };
    must(host_, fmt::format("ip link add wan0 address 02:00:00:00:00:01 type veth peer name far0 netns {}",
                            outside_.holder()));
    must(host_, fmt::format("ip link add lan0 type veth peer name behind0 netns {}", outside_.holder()));
    must(outside_,
         "sysctl -w net.ipv6.conf.all.disable_ipv6=1 && ip link set far0 arp off up && ip link set behind0 arp off up");
    must(
        host_,
        "ip link set lan0 arp off up && ip link set wan0 arp off up && "
        "sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 "
        "net.ipv4.conf.wan0.rp_filter=0 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.wan0.send_redirects=0 && "
        "ip addr add 10.0.255.1/32 dev lo && ip route add 10.1.0.0/16 dev wan0 && ip route add 10.2.0.0/16 dev lan0 && "
        "ip route add local 10.0.0.0/16 dev lo && ip -6 route add local 2001:db8:0::/48 dev lo && "
        "ip -6 route add 2001:db8:1::/48 dev wan0 && ip -6 route add 2001:db8:2::/48 dev lan0");
    // In the place of the data plane's devices.
    for (const auto& [device, mark] : {std::pair{"adit0", "0xad170001"}, std::pair{"adit0r", "0xad170003"}}) {
      must(host_, fmt::format("ip link add {0} type veth peer name {0} netns {1} && ip link set {0} arp off up", device,
                              outside_.holder()));
      must(outside_, fmt::format("ip link set {} arp off up", device));
      for (const char* ip : {"ip", "ip -6"}) {
        must(host_, fmt::format("{0} rule add fwmark {2} lookup {2} && {0} route add default dev {1} table {2}", ip,
                                device, mark));
      }
    }
    host_.run([] { nftables(surroundings); });
    outside_.run([this] {
      far_ = FileDescriptor{socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)};
      far_index_ = static_cast<int>(if_nametoindex("far0"));
    });
    host_.run([this] {
      // ESP and AH of the user that the data plane runs as are its own.
      setfsuid(not_its_user);
      for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
        const bool is_v4 = family == IpFamily::v4;
        FileDescriptor socket{::socket(is_v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW)};
        const int on = 1;
        if (!is_v4) setsockopt(socket.number(), IPPROTO_IPV6, IPV6_HDRINCL, &on, sizeof on);
        setsockopt(socket.number(), SOL_SOCKET, SO_MARK, &test_mark, sizeof test_mark);
        (is_v4 ? raw_v4_ : raw_v6_) = std::move(socket);
      }
      setfsuid(geteuid());
    });
  }

  NetworkNamespace& host() { return host_; }

  bool send(Way way, const ByteString& packet, const PacketSelectors& selectors) const {
    return way == Way::local_out ? send_from_here(packet, selectors.destination)
                                 : send_from_outside(packet, selectors.source.family());
  }

 private:
  bool send_from_outside(const ByteString& packet, IpFamily family) const {
    const std::uint16_t type = family == IpFamily::v4 ? ETH_P_IP : ETH_P_IPV6;
    ByteString frame{
        2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, static_cast<std::uint8_t>(type >> 8), static_cast<std::uint8_t>(type)};
    frame.insert(frame.end(), packet.begin(), packet.end());
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = far_index_;
    const auto* name = reinterpret_cast<const sockaddr*>(&to);
    return sendto(far_.number(), frame.data(), frame.size(), 0, name, sizeof to) == static_cast<ssize_t>(frame.size());
  }

  bool send_from_here(const ByteString& packet, const IpAddress& destination) const {
    sockaddr_storage name{};
    const socklen_t size = stack::user::write_name(name, destination, 0);
    const FileDescriptor& socket = destination.is_v4() ? raw_v4_ : raw_v6_;
    // What the rules drop, the sender is told of: EPERM.
    return sendto(socket.number(), packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&name), size) ==
               static_cast<ssize_t>(packet.size()) ||
           errno == EPERM;
  }

  NetworkNamespace host_, outside_;
  FileDescriptor far_, raw_v4_, raw_v6_;
  int far_index_ = 0;
};

/// How many packets have left by a device of this namespace.
std::uint64_t sent_by(std::string_view device) {
  ifaddrs* listed = nullptr;
  if (getifaddrs(&listed) != 0) throw std::runtime_error{"getifaddrs"};
  const std::unique_ptr<ifaddrs, decltype([](ifaddrs* list) { freeifaddrs(list); })> owner{listed};
  for (const ifaddrs* one = listed; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_PACKET || device != one->ifa_name) continue;
    return static_cast<const rtnl_link_stats*>(one->ifa_data)->tx_packets;
  }
  throw std::runtime_error{std::string{device}};
}

struct Sent {
  Way way{};
  PacketSelectors selectors;
};

/// What becomes of a packet.
struct Expected {
  std::vector<const Filter*> counted;  ///< the filters that count it: one for each search; or null
  bool is_steered = false;             ///< to the data plane
};

bool protects(const Filter* filter) { return filter != nullptr && filter->action == FilterAction::ipsec; }

/// A packet that is forwarded in clear comes in as the rules for what comes in have it; or, to be protected, as the
/// first rule for what leaves does, whichever stands first.
Expected expected_of_forwarded(const policy::FilterIndex& index, const policy::FilterPolicy& policy,
                               const PacketSelectors& packet) {
  constexpr policy::PacketPath comes{.direction = Direction::inbound, .routed = true, .security_class = outer_class};
  constexpr policy::PacketPath leaves{.direction = Direction::outbound, .routed = true};
  const auto first = std::ranges::find_if(policy.filters, [&](const Filter& filter) {
    return policy::matches(filter, packet, comes) || (protects(&filter) && policy::matches(filter, packet, leaves));
  });
  if (first == policy.filters.end()) return {{nullptr}};
  const bool is_counted = first->direction == Direction::inbound;
  if (is_counted && first->action != FilterAction::permit) return {{&*first}};
  const Filter* out = index.first_match(packet, leaves);
  Expected expected{.counted = {out}, .is_steered = protects(out)};
  // Denied before fragments are put together, which is before it is forwarded: counted there alone.
  const bool is_early = out != nullptr && out->fragments_only && out->action == FilterAction::deny;
  if (is_counted && !is_early) expected.counted.push_back(&*first);
  return expected;
}

Expected expected(const policy::FilterIndex& index, const policy::FilterPolicy& policy, const Sent& sent) {
  const PacketSelectors& packet = sent.selectors;
  const bool is_outer = packet.protocol == IpProtocol::esp || packet.protocol == IpProtocol::ah;
  switch (sent.way) {
    case Way::local_in:
      if (is_outer && !policy.pre_decap) return {};  // the data plane's
      return {{index.first_match(packet, {.direction = Direction::inbound, .security_class = outer_class})}};
    case Way::local_out: {
      const IpRange outside = packet.destination.is_v4() ? IpRange::of_prefix(*IpAddress::parse("10.1.0.0"), 16)
                                                         : IpRange::of_prefix(*IpAddress::parse("2001:db8:1::"), 48);
      const std::uint8_t by = outside.contains(packet.destination) ? outer_class : 0;
      const Filter* out = index.first_match(packet, {.direction = Direction::outbound, .security_class = by});
      return {.counted = {out}, .is_steered = protects(out)};
    }
    case Way::routed:
      return expected_of_forwarded(index, policy, packet);
  }
  std::unreachable();
}

std::string describe(const Filter& filter) {
  return fmt::format("{} {} {} [{}]: {} -> {}, protocol {}{}, ports {}-{} -> {}-{}{}{}", filter.rule,
                     filter.direction == Direction::inbound ? "in" : "out", static_cast<int>(filter.routing),
                     filter.security_class, filter.source.to_string(), filter.destination.to_string(),
                     filter.service.protocol, filter.service.opaque ? " opaque" : "", filter.service.source_ports.first,
                     filter.service.source_ports.last, filter.service.destination_ports.first,
                     filter.service.destination_ports.last, filter.fragments_only ? ", fragments" : "",
                     filter.connect == policy::ConnectQualifier::none ? "" : ", connect");
}

class Classification : public testing::Test {
 protected:
  void SetUp() override {
    if (!may_make_namespaces()) GTEST_SKIP() << "needs root and /dev/net/tun";
  }
};

/// The counts of the filters, once they are as many as `wanted` together; or after two seconds.
std::vector<stack::user::FilterCount> counts_of(std::size_t filters, std::uint64_t wanted) {
  for (int i = 0;; ++i) {
    auto counts = stack::user::read_filter_counts(filters);
    if (!counts) throw std::runtime_error{counts.error().to_string()};
    std::uint64_t sum = 0;
    for (const auto& count : *counts) sum += count.packets;
    if (sum >= wanted || i == 1000) return std::move(*counts);
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
}

/// Sends packets to a host with a policy. @return how many matches its filters should have counted
std::uint64_t compare(World& world, std::uint64_t seed, unsigned packets) {
  Random random{seed};
  auto snapshot = std::make_shared<policy::PolicySnapshot>();
  snapshot->filter = random_policy(random);
  const policy::FilterPolicy& policy = snapshot->filter;
  const policy::FilterIndex index{{snapshot, &snapshot->filter}};
  const stack::RulesetOptions options{.security_classes = {{"wan0", outer_class}}};
  nftables(stack::ruleset_for(*snapshot, options));

  std::uint64_t counted = 0;
  std::uint64_t sent = sent_by("adit0"), forwarded = sent_by("adit0r");  // what they should come to
  std::map<std::size_t, std::vector<std::string>> hits;                  // packets by the filter that should count them
  for (unsigned i = 0; i < packets; ++i) {
    const auto way = static_cast<Way>(below(random, 3));
    const ByteString packet = random_packet(random, way);
    const auto selectors = stack::read_selectors(packet);
    if (!selectors) throw std::runtime_error{to_hex(packet)};
    const Sent one{way, *selectors};
    if (!world.send(way, packet, *selectors)) throw std::runtime_error{to_hex(packet) + ": " + strerror(errno)};
    const Expected wanted = expected(index, policy, one);
    if (wanted.is_steered) ++(way == Way::local_out ? sent : forwarded);
    for (const Filter* filter : wanted.counted) {
      if (filter == nullptr) continue;
      hits[static_cast<std::size_t>(filter - policy.filters.data())].push_back(
          fmt::format("way {} {} {}", static_cast<int>(way), selectors->to_string(), to_hex(packet)));
      ++counted;
    }
  }
  const auto counts = counts_of(policy.filters.size(), counted);
  EXPECT_EQ(sent_by("adit0"), sent) << "seed " << seed;
  EXPECT_EQ(sent_by("adit0r"), forwarded) << "seed " << seed;
  for (std::size_t i = 0; i < policy.filters.size(); ++i) {
    const auto wanted = hits.find(i);
    const std::uint64_t want = wanted == hits.end() ? 0 : wanted->second.size();
    EXPECT_EQ(counts[i].packets, want) << "seed " << seed << ": " << describe(policy.filters[i])
                                       << (want == 0 ? "" : "\n" + fmt::format("{}", fmt::join(wanted->second, "\n")));
  }
  return counted;
}

TEST_F(Classification, NftablesAndThePolicyAgreeOnRealPackets) {
  World world;
  std::uint64_t counted = 0;
  constexpr unsigned policies = 100, packets = 1000;
  world.host().run([&] {
    for (std::uint64_t seed = 1; seed <= policies && !HasFailure(); ++seed) counted += compare(world, seed, packets);
    for (const char* device : {"adit0", "adit0r"}) {
      EXPECT_GT(sent_by(device), policies * packets / 200) << device << ": too few packets were to be protected";
    }
  });
  EXPECT_GT(counted, policies * packets / 4) << "too few packets hit a filter to show anything";
}

}  // namespace
}  // namespace adit::test
