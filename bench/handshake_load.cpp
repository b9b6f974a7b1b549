// Many initiators for one responder, over a real UDP socket: each is an engine of its own with an identity and an inner
// address of its own, so that the responder keeps every SA. Prints how many handshakes were completed and how long they
// took.
//
// usage: handshake_load POLICY-FILE LOCAL-ADDRESS REMOTE-ADDRESS COUNT AT-ONCE

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <unordered_map>

#include "ike/engine/engine.h"
#include "policy/diagnostic.h"

namespace {

using namespace adit;
using namespace std::chrono_literals;

constexpr std::uint16_t ike_port = 500;
constexpr auto patience = 20s;  // for the whole of what is outstanding

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

int bound_socket(const char* address) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(ike_port);
  inet_pton(AF_INET, address, &here.sin_addr);
  if (bind(fd, reinterpret_cast<sockaddr*>(&here), sizeof here) != 0) give_up("cannot bind UDP 500");
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) give_up("usage: handshake_load POLICY-FILE LOCAL-ADDRESS REMOTE-ADDRESS COUNT AT-ONCE");
  std::ifstream file{argv[1]};
  const policy::SourceFile source{argv[1], {std::istreambuf_iterator<char>{file}, {}}};
  const policy::ParseResult parsed = policy::parse_policy({"load"}, nullptr, &source);
  if (!parsed.policy) give_up(policy::render(parsed.diagnostics, std::span{&source, 1}));
  const Endpoint local{*IpAddress::parse(argv[2]), ike_port}, remote{*IpAddress::parse(argv[3]), ike_port};
  const unsigned count = static_cast<unsigned>(std::atoi(argv[4])), at_once = static_cast<unsigned>(std::atoi(argv[5]));

  SystemRandom random;
  const int fd = bound_socket(argv[2]);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(ike_port);
  inet_pton(AF_INET, argv[3], &to.sin_addr);

  std::unordered_map<std::uint64_t, std::unique_ptr<Initiator>> running;
  std::unique_ptr<Initiator> starting;
  std::uint64_t started_spi = 0;
  const auto send = [&](const ike::Datagram& datagram) {
    started_spi = initiator_spi(datagram.octets);
    sendto(fd, datagram.octets.data(), datagram.octets.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
  };
  unsigned started = 0, completed = 0;
  const auto begun = std::chrono::steady_clock::now();
  while (completed < count) {
    while (started < count && running.size() < at_once) {
      starting = std::make_unique<Initiator>(policy_of(*parsed.policy, started++), random);
      started_spi = 0;
      starting->start(send);
      if (started_spi == 0) give_up("an initiator did not start");
      running.emplace(started_spi, std::move(starting));
    }
    pollfd waiting{fd, POLLIN, 0};
    if (poll(&waiting, 1, 1000) == 0) {
      if (std::chrono::steady_clock::now() - begun > patience + count * 5ms)
        give_up(fmt::format("only {} of {} completed", completed, count));
      for (auto& [spi, initiator] : running) initiator->receive(ike::TimePassed{}, send);
      continue;
    }
    std::uint8_t octets[4096];
    const ssize_t size = recv(fd, octets, sizeof octets, 0);
    if (size < 28) continue;
    const auto found = running.find(initiator_spi(Bytes{octets, static_cast<std::size_t>(size)}));
    if (found == running.end()) continue;
    found->second->receive(ike::Datagram{{"load"}, local, remote, ByteString(octets, octets + size)}, send);
    if (found->second->is_done()) {
      ++completed;
      running.erase(found);
    }
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
  fmt::print("{} handshakes in {:.3f} s\n", completed, taken.count());
  close(fd);
}
