// Many initiators for one responder, over a real UDP socket: each is an engine of its own with an identity and an inner
// address of its own, so that the responder keeps every SA. Prints how many handshakes were completed and how long they
// took.
//
// usage: handshake_load POLICY-FILE LOCAL-ADDRESS REMOTE-ADDRESS COUNT AT-ONCE

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <unordered_map>

#include "ike/engine/engine.h"
#include "policy/diagnostic.h"

namespace {

using namespace adit;
using namespace std::chrono_literals;

constexpr std::uint16_t ports[] = {500, 4500};
constexpr std::size_t marker_size = 4;  // of zeros, before IKE on port 4500 (RFC 3948 §2.2)
constexpr auto patience = 20s;          // for the whole of what is outstanding

class SystemRandom : public Random {
 public:
  void fill(MutableBytes octets) override {
    for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(device_());
  }

 private:
  std::mt19937_64 device_{std::random_device{}()};
};

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "handshake_load: {}\n", why);
  std::exit(1);
}

Instant now() {
  return Instant{std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

/// The policy as it is in the file, with another local identity and another inner address for each initiator.
policy::PolicyPointer policy_of(const policy::PolicySnapshot& base, unsigned number) {
  policy::PolicySnapshot own = base;
  own.key_exchange.rules.at(0).local_identity = {IdentityType::fqdn, ByteString{}};
  append(own.key_exchange.rules[0].local_identity.value, as_bytes(fmt::format("host{}.example.org", number)));
  for (policy::Filter& filter : own.filter.filters) {
    if (filter.local_start == nullptr) continue;
    auto start = *filter.local_start;
    start.local_identity.reset();
    filter.local_start = std::make_shared<policy::LocalStart>(start);
  }
  const IpRange address = IpRange::of(IpAddress::v4(0x0a800000u + number));  // 10.128.0.0 and on
  own.local_dyn_vpn.at(0).local.addresses = address;
  return std::make_shared<policy::PolicySnapshot>(std::move(own));
}

class Initiator {
 public:
  Initiator(policy::PolicyPointer policy, Random& random)
      : engine_{ike::EngineOptions{}, random}, policy_{std::move(policy)} {}

  template <class Send>
  void start(Send&& send) {
    perform(engine_.handle(ike::PolicyInstalled{policy_}, now()), send);
    perform(engine_.handle(ike::StackUp{policy_->stack}, now()), send);
    perform(engine_.handle(ike::ActivateRule{policy_->stack, policy_->local_dyn_vpn.at(0).name}, now()), send);
  }
  template <class Send>
  void receive(ike::Input input, Send&& send) {
    perform(engine_.handle(std::move(input), now()), send);
  }
  bool is_done() const { return done_; }
  const ike::Engine& engine() const { return engine_; }

 private:
  template <class Send>
  void perform(ike::Step step, Send&& send) {
    for (ike::Datagram& datagram : step.send) send(datagram);
    for (ike::StackRequest& request : step.stack) {
      const auto* install = std::get_if<contract::InstallChildSa>(&request);
      if (install == nullptr) continue;
      done_ = true;
      perform(engine_.handle(contract::InstallResult{install->stack, install->name, std::nullopt}, now()), send);
    }
  }

  ike::Engine engine_;
  policy::PolicyPointer policy_;
  bool done_ = false;
};

std::uint64_t initiator_spi(Bytes message) {
  std::uint64_t spi = 0;
  for (const std::uint8_t octet : message.first(8)) spi = spi << 8 | octet;
  return spi;
}

/// One UDP socket on port 500 and one on 4500, for IKE alone.
class Sockets {
 public:
  explicit Sockets(const IpAddress& local) : local_{local} {
    for (std::size_t i = 0; i < 2; ++i) {
      waiting_[i] = {socket(AF_INET, SOCK_DGRAM, 0), POLLIN, 0};
      const sockaddr_in here = address_of({local, ports[i]});
      if (bind(waiting_[i].fd, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0)
        give_up("cannot bind UDP 500 and 4500");
    }
  }

  void send(const ike::Datagram& datagram) const {
    const bool floated = datagram.local.port == ports[1];
    ByteString octets(floated ? marker_size : 0);
    append(octets, datagram.octets);
    const sockaddr_in to = address_of(datagram.remote);
    sendto(waiting_[floated ? 1 : 0].fd, octets.data(), octets.size(), 0, reinterpret_cast<const sockaddr*>(&to),
           sizeof to);
  }

  /// The next datagram of IKE; nothing after a second without one.
  std::optional<ike::Datagram> receive(const IpAddress& remote) {
    if (poll(waiting_, 2, 1000) <= 0) return std::nullopt;
    for (std::size_t i = 0; i < 2; ++i) {
      if ((waiting_[i].revents & POLLIN) == 0) continue;
      std::uint8_t octets[4096];
      const ssize_t size = recv(waiting_[i].fd, octets, sizeof octets, 0);
      const std::size_t skip = i == 1 ? marker_size : 0;
      if (size < static_cast<ssize_t>(skip + 28)) return ike::Datagram{};
      return ike::Datagram{{"load"}, {local_, ports[i]}, {remote, ports[i]}, ByteString(octets + skip, octets + size)};
    }
    return ike::Datagram{};
  }

 private:
  static sockaddr_in address_of(const Endpoint& endpoint) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    std::memcpy(&address.sin_addr, endpoint.address.octets().data(), 4);
    return address;
  }

  IpAddress local_;
  pollfd waiting_[2];
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) give_up("usage: handshake_load POLICY-FILE LOCAL-ADDRESS REMOTE-ADDRESS COUNT AT-ONCE");
  std::ifstream file{argv[1]};
  const policy::SourceFile source{argv[1], {std::istreambuf_iterator<char>{file}, {}}};
  const policy::ParseResult parsed = policy::parse_policy({"load"}, nullptr, &source);
  if (!parsed.policy) give_up(policy::render(parsed.diagnostics, std::span{&source, 1}));
  const IpAddress local = *IpAddress::parse(argv[2]), remote = *IpAddress::parse(argv[3]);
  const unsigned count = static_cast<unsigned>(std::atoi(argv[4])), at_once = static_cast<unsigned>(std::atoi(argv[5]));

  SystemRandom random;
  Sockets sockets{local};
  std::unordered_map<std::uint64_t, std::unique_ptr<Initiator>> running;
  std::uint64_t started_spi = 0;
  const auto send = [&](const ike::Datagram& datagram) {
    started_spi = initiator_spi(datagram.octets);
    sockets.send(datagram);
  };
  unsigned started = 0, completed = 0;
  const auto begun = std::chrono::steady_clock::now();
  while (completed < count) {
    while (started < count && running.size() < at_once) {
      auto initiator = std::make_unique<Initiator>(policy_of(*parsed.policy, started++), random);
      started_spi = 0;
      initiator->start(send);
      if (started_spi == 0) give_up("an initiator did not start");
      running.emplace(started_spi, std::move(initiator));
    }
    auto datagram = sockets.receive(remote);
    if (!datagram) {
      if (std::chrono::steady_clock::now() - begun > patience + count * 5ms)
        give_up(fmt::format("only {} of {} completed", completed, count));
      for (auto& [spi, initiator] : running) initiator->receive(ike::TimePassed{}, send);
      continue;
    }
    if (datagram->octets.empty()) continue;
    const auto found = running.find(initiator_spi(datagram->octets));
    if (found == running.end()) continue;
    found->second->receive(*std::move(datagram), send);
    if (found->second->is_done()) {
      ++completed;
      running.erase(found);
    }
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
  fmt::print("{} handshakes in {:.3f} s\n", completed, taken.count());
}
