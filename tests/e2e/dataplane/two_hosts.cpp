#include "two_hosts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <stdexcept>
#include <thread>

#include "stack/default_filter.h"
#include "stack/user/socket_address.h"

namespace adit::test {
namespace {

void must(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error{what};
}

ByteString pattern(std::size_t size, std::uint64_t seed) {
  ByteString octets(size);
  std::uint64_t state = seed * 2 + 1;
  for (std::uint8_t& octet : octets) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    octet = static_cast<std::uint8_t>(state >> 56);
  }
  return octets;
}

contract::DirectionKeys keys(const Protection& protection, std::uint64_t seed) {
  const EncryptionFacts* cipher = find(protection.encryption);
  const IntegrityFacts* mac = find(protection.integrity);
  std::size_t key = 0;
  if (cipher != nullptr) key = (cipher->has_key_length ? 16 : cipher->fixed_key_bits / 8) + cipher->salt;
  return {.encryption = Secret{pattern(key, seed)},
          .integrity = Secret{pattern(mac != nullptr ? mac->key : 0, seed + 1000)}};
}

}  // namespace

bool may_make_namespaces() { return geteuid() == 0 && access("/dev/net/tun", R_OK | W_OK) == 0; }

NetworkNamespace::NetworkNamespace() {
  int ready[2];
  must(pipe2(ready, O_CLOEXEC) == 0, "pipe");
  holder_ = fork();
  must(holder_ >= 0, "fork");
  if (holder_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char result = unshare(CLONE_NEWNET) == 0 ? 'y' : 'n';
    if (write(ready[1], &result, 1) != 1 || result == 'n') _exit(1);
    while (true) pause();
  }
  close(ready[1]);
  char result = 'n';
  const bool answered = read(ready[0], &result, 1) == 1;
  close(ready[0]);
  must(answered && result == 'y', "unshare");
  must(shell("ip link set lo up") == 0, "ip link set lo up");
}

NetworkNamespace::~NetworkNamespace() {
  kill(holder_, SIGKILL);
  waitpid(holder_, nullptr, 0);
}

void NetworkNamespace::run(const std::function<void()>& work) const {
  std::exception_ptr failure;
  std::thread{[&] {
    try {
      const int space = open(fmt::format("/proc/{}/ns/net", holder_).c_str(), O_RDONLY | O_CLOEXEC);
      must(space >= 0 && setns(space, CLONE_NEWNET) == 0, "setns");
      close(space);
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  }}.join();
  if (failure) std::rethrow_exception(failure);
}

int NetworkNamespace::shell(const std::string& command) const {
  const std::string words = fmt::format("nsenter --net=/proc/{}/ns/net sh -c '{}' > /dev/null 2>&1", holder_, command);
  const int status = std::system(words.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void Events::add(stack::user::Event event) {
  const std::scoped_lock lock{mutex_};
  events_.push_back(std::move(event));
  arrived_.notify_all();
}

IpAddress wire_address(unsigned host, IpFamily family) {
  return *IpAddress::parse(
      fmt::format(fmt::runtime(family == IpFamily::v4 ? "198.51.100.{}" : "2001:db8:100::{}"), host));
}
IpAddress inner_address(unsigned host, IpFamily family) {
  return *IpAddress::parse(fmt::format(fmt::runtime(family == IpFamily::v4 ? "10.{}.0.1" : "2001:db8:{}::1"), host));
}
IpAddress data_address(unsigned host, const Protection& protection) {
  return protection.mode == contract::EncapsulationMode::tunnel ? inner_address(host, protection.inner)
                                                                : wire_address(host, protection.outer);
}

IpRange data_range(unsigned host, const Protection& protection) {
  const IpAddress address = data_address(host, protection);
  return protection.net_bits == 0 ? IpRange::of(address) : IpRange::of_prefix(address, protection.net_bits);
}

Host::Host(unsigned number) : number_{number} {}
Host::~Host() { stop(); }

std::string Host::ike_socket() const { return fmt::format("/tmp/adit-dataplane-{}-{}.sock", getpid(), number_); }

void Host::start(stack::user::Options::AtStop at_stop, stack::UntilPolicy until_policy) {
  space_.run([this, at_stop, until_policy] {
    stack::user::Options options;
    options.stack.text = fmt::format("host{}", number_);
    options.ike_socket = ike_socket();
    options.at_stop = at_stop;
    options.security_classes = security_classes;
    options.until_policy = until_policy;
    auto started =
        stack::user::DataPlane::start(options, [this](stack::user::Event event) { events_.add(std::move(event)); });
    must(started.has_value(), started ? "" : started.error());
    plane_ = std::move(*started);
  });
}

void Host::stop() {
  if (plane_) space_.run([this] { plane_.reset(); });
}

void Host::set_policy(policy::PolicyPointer policy) {
  space_.run([&] {
    const auto done = plane_->set_policy(std::move(policy));
    must(done.has_value(), done ? "" : done.error());
  });
}

void Host::permit_everything() {
  auto snapshot = std::make_shared<policy::PolicySnapshot>();
  snapshot->filter = stack::default_filter(stack::UntilPolicy::permit);
  set_policy(std::move(snapshot));
}

contract::InstallResult Host::install(const Protection& protection, std::uint64_t tunnel, std::uint32_t generation,
                                      contract::SendingBegins sending) {
  const unsigned other = 3 - number_;
  const std::uint64_t seed = tunnel * 100 + generation * 10;
  const auto selector = [&](unsigned host) { return TrafficSelectors{{.addresses = data_range(host, protection)}}; };
  contract::InstallChildSa pair;
  pair.stack.text = fmt::format("host{}", number_);
  pair.name = {.tunnel = DynamicTunnelId{tunnel}, .generation = generation};
  pair.transforms = {.protocol = protection.is_ah() ? contract::SaProtocol::ah : contract::SaProtocol::esp,
                     .encryption = protection.encryption,
                     .key_bits = protection.is_ah() ? 0u : 128u,
                     .integrity = protection.integrity,
                     .extended_sequence_numbers = protection.extended};
  pair.mode = protection.mode;
  pair.inbound_spi = InboundSpi{static_cast<std::uint32_t>(seed * 1000 + number_)};
  pair.outbound_spi = OutboundSpi{static_cast<std::uint32_t>(seed * 1000 + other)};
  pair.inbound = keys(protection, seed + number_);
  pair.outbound = keys(protection, seed + other);
  if (protection.around != IntegrityId::none) {
    const auto key = [&](std::uint64_t of) {
      return Secret{ByteString(find(protection.around)->key, static_cast<std::uint8_t>(of))};
    };
    pair.transforms.around_esp = protection.around;
    pair.ah = {.inbound_spi = InboundSpi{static_cast<std::uint32_t>(seed * 1000 + 10 + number_)},
               .outbound_spi = OutboundSpi{static_cast<std::uint32_t>(seed * 1000 + 10 + other)},
               .inbound = key(seed + number_),
               .outbound = key(seed + other)};
  }
  pair.local = wire_address(number_, protection.outer);
  pair.remote = wire_address(other, protection.outer);
  pair.local_ts = selector(number_);
  pair.remote_ts = selector(other);
  if (protection.is_udp) pair.udp = contract::UdpEncapsulation{};
  pair.sending = sending;
  pair.filter_rule = protection.rule;
  pair.lifetimes = protection.lifetimes;

  std::promise<contract::InstallResult> answer;
  plane_->install(std::move(pair), [&](contract::InstallResult result) { answer.set_value(std::move(result)); });
  return answer.get_future().get();
}

void Host::remove(std::uint64_t tunnel, std::uint32_t generation) {
  plane_->remove(contract::RemoveChildSa{.name = {.tunnel = DynamicTunnelId{tunnel}, .generation = generation}});
}

contract::ChildSaCounters Host::counters(std::uint64_t tunnel) {
  std::promise<contract::ChildSaCounters> answer;
  plane_->query_counters([&](std::vector<contract::ChildSaCounters> all) {
    for (contract::ChildSaCounters& one : all) {
      if (one.name.tunnel.value() == tunnel) return answer.set_value(std::move(one));
    }
    answer.set_value({});
  });
  return answer.get_future().get();
}

std::string state_of(Host& host) {
  const stack::user::DataPlaneCounters counters = host.plane_counters();
  std::string text =
      fmt::format("host{}: tun reads {} writes {}, sends {} (failed {}), receives {}, ike {} {} dropped {}\n",
                  host.number(), counters.tun_reads, counters.tun_writes, counters.sends, counters.send_failures,
                  counters.receives, counters.ike_received, counters.ike_sent, counters.ike_dropped);
  for (std::size_t i = 0; i < stack::drop_reasons; ++i) {
    const auto reason = static_cast<stack::Drop>(i);
    if (counters.drops[reason] != 0)
      text += fmt::format("  {}: {}\n", stack::to_string(reason), counters.drops[reason]);
  }
  host.space().run([&] {
    for (const auto& filter : host.plane().filter_matches().value_or(std::vector<stack::user::FilterMatches>{})) {
      text += fmt::format("  {}.{} {}\n", filter.rule, filter.extension, filter.packets);
    }
  });
  return text;
}

policy::PolicyPointer policy_for(const Protection& protection, unsigned host, OnDemand on_demand) {
  using policy::Direction;
  auto snapshot = std::make_shared<policy::PolicySnapshot>();
  auto& filters = snapshot->filter.filters;
  const auto add = [&](policy::Filter filter) {
    filters.push_back(filter);
    std::swap(filter.source, filter.destination);
    std::swap(filter.service.source_ports, filter.service.destination_ports);
    filter.direction = Direction::inbound;
    filter.extension = 2;
    filters.push_back(std::move(filter));
  };
  const auto ports = [](std::uint16_t port) {
    return policy::ServiceSelector{
        .protocol = IpProtocol::udp, .source_ports = PortRange::of(port), .destination_ports = PortRange::of(port)};
  };
  for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    for (const std::uint16_t port : {std::uint16_t{500}, std::uint16_t{4500}}) {
      add({.rule = "IKE",
           .extension = 1,
           .direction = Direction::outbound,
           .source = IpRange::all(family),
           .destination = IpRange::all(family),
           .service = ports(port),
           .routing = policy::Routing::local,
           .action = policy::FilterAction::permit});
    }
  }
  add({.rule = "neighbours",
       .extension = 1,
       .direction = Direction::outbound,
       .source = IpRange::all(IpFamily::v6),
       .destination = IpRange::all(IpFamily::v6),
       .service = {.protocol = IpProtocol::icmpv6,
                   .source_ports = {133 << 8, 137 << 8 | 255},
                   .destination_ports = {133 << 8, 137 << 8 | 255}},
       .routing = policy::Routing::local,
       .action = policy::FilterAction::permit});
  auto start = std::make_shared<policy::LocalStart>();
  start->allow_on_demand = on_demand == OnDemand::yes;
  add({.rule = "nets",
       .extension = 1,
       .direction = Direction::outbound,
       .source = data_range(host, protection),
       .destination = data_range(3 - host, protection),
       .routing = policy::Routing::either,
       .action = policy::FilterAction::ipsec,
       .vpn = std::make_shared<policy::DynVpnAction>(),
       .local_start = start});
  return snapshot;
}

TwoHosts::TwoHosts(const Protection& protection, OnDemand on_demand) {
  const std::string join = fmt::format("ip link add wire type veth peer name wire netns {}", west.space().holder());
  must(east.space().shell(join) == 0, join);
  for (Host* host : {&east, &west}) {
    const unsigned here = host->number(), other = 3 - here;
    const std::string setup = fmt::format(
        "ip link set wire up && ip addr add 198.51.100.{0}/24 dev wire && "
        "ip addr add 2001:db8:100::{0}/64 dev wire nodad && ip addr add 10.{0}.0.1/32 dev lo && "
        "ip addr add 2001:db8:{0}::1/128 dev lo nodad && "
        "ip route add 10.{1}.0.0/24 via 198.51.100.{1} src 10.{0}.0.1 && "
        "ip -6 route add 2001:db8:{1}::/64 via 2001:db8:100::{1} src 2001:db8:{0}::1",
        here, other);
    must(host->space().shell(setup) == 0, setup);
    host->start();
    host->set_policy(policy_for(protection, here, on_demand));
  }
}

std::size_t transfer(Host& from, const IpAddress& source, Host& to, const IpAddress& destination, std::size_t octets) {
  constexpr std::uint16_t port = 7007;
  const int domain = source.is_v4() ? AF_INET : AF_INET6;
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  const ByteString block = pattern(1 << 20, 42);
  int listener = -1, sender = -1;
  to.space().run([&] {
    listener = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_storage name{};
    const socklen_t size = stack::user::write_name(name, destination, port);
    must(bind(listener, reinterpret_cast<sockaddr*>(&name), size) == 0 && listen(listener, 1) == 0, "listen");
  });
  from.space().run([&] {
    sender = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(sender, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_storage name{};
    socklen_t size = stack::user::write_name(name, source, 0);
    must(bind(sender, reinterpret_cast<sockaddr*>(&name), size) == 0, "bind");
  });
  std::size_t arrived = 0;
  std::thread receiver{[&] {
    const int taken = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (taken < 0) return;
    setsockopt(taken, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ByteString buffer(1 << 18);
    while (true) {
      const ssize_t got = recv(taken, buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      const auto count = static_cast<std::size_t>(got);
      std::size_t good = 0;
      while (good < count && buffer[good] == block[(arrived + good) % block.size()]) ++good;
      arrived += good;
      if (good != count) break;
    }
    close(taken);
  }};
  sockaddr_storage name{};
  const socklen_t size = stack::user::write_name(name, destination, port);
  if (connect(sender, reinterpret_cast<sockaddr*>(&name), size) == 0) {
    for (std::size_t sent = 0; sent < octets;) {
      const std::size_t at = sent % block.size();
      const ssize_t done = send(sender, &block[at], std::min(octets - sent, block.size() - at), MSG_NOSIGNAL);
      if (done <= 0) break;
      sent += static_cast<std::size_t>(done);
    }
  } else {
    shutdown(listener, SHUT_RDWR);
  }
  close(sender);
  receiver.join();
  close(listener);
  return arrived;
}

}  // namespace adit::test
