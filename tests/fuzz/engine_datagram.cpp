// Whatever arrives, an engine stays whole: no crash, no SA that nobody proved, bounded work. The input is a script:
// each step is one octet that says what to do, and what it needs. Genuine messages of a peer that knows the key are
// mixed with changed ones and with octets from nowhere.

#include <cstdlib>
#include <deque>

#include "base/reader.h"
#include "ike/engine/engine.h"

namespace {

using namespace adit;
using namespace adit::ike;

class FixedRandom final : public Random {
 public:
  explicit FixedRandom(std::uint8_t seed) : state_{seed} {}
  void fill(MutableBytes octets) override {
    for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>((state_ = state_ * 1103515245 + 12345) >> 16);
  }

 private:
  std::uint32_t state_;
};

policy::PolicyPointer make_policy(const std::string& stack, const IpAddress& local, const IpAddress& remote) {
  policy::PolicySnapshot snapshot;
  snapshot.stack = {stack};
  policy::DynVpnAction vpn{.name = "gold"};
  vpn.offers = {{.name = "gcm", .encryption = EncryptionId::aes_gcm_16, .key_bits = 128, .at = {}}};
  policy::Filter outbound{.rule = "hosts", .extension = 1};
  outbound.direction = policy::Direction::outbound;
  outbound.action = policy::FilterAction::ipsec;
  outbound.vpn = std::make_shared<const policy::DynVpnAction>(vpn);
  outbound.source = IpRange::of(local);
  outbound.destination = IpRange::of(remote);
  policy::LocalStart start;
  start.allow_on_demand = true;
  outbound.local_start = std::make_shared<const policy::LocalStart>(start);
  snapshot.filter.filters = {outbound};
  policy::KeyExchangeAction action{.name = "exchange"};
  action.how_to_initiate = policy::HowToInitiate::ikev2;
  action.allow_nat = true;
  action.offers = {{.name = "offer",
                    .encryption = EncryptionId::aes_gcm_16,
                    .key_bits = 128,
                    .prf = PrfId::hmac_sha2_256,
                    .group = GroupId::curve25519,
                    .at = {}}};
  const auto identity_of = [](const IpAddress& address) {
    return Identity{IdentityType::ipv4_addr, {address.octets().begin(), address.octets().end()}};
  };
  policy::KeyExchangeRule rule;
  rule.name = "peer";
  rule.local_identity = identity_of(local);
  rule.remote_identity = {.type = IdentityType::ipv4_addr, .exact = identity_of(remote)};
  rule.action = std::make_shared<const policy::KeyExchangeAction>(action);
  rule.shared_key = Secret{as_bytes("of both")};
  snapshot.key_exchange.rules = {rule};
  return std::make_shared<const policy::PolicySnapshot>(std::move(snapshot));
}

struct Party {
  Party(std::string name, const IpAddress& own, const IpAddress& other, std::uint8_t seed)
      : stack{std::move(name)}, local{own}, remote{other}, random{seed}, engine{{.cookie_threshold = 4}, random} {
    feed(PolicyInstalled{make_policy(stack.text, local, remote)});
    feed(StackUp{stack});
  }
  void feed(Input input) {
    std::deque<Input> inputs;
    inputs.push_back(std::move(input));
    while (!inputs.empty()) {
      const Step step = engine.handle(std::move(inputs.front()), now);
      inputs.pop_front();
      for (const Datagram& datagram : step.send) out.push_back(datagram);
      for (const StackRequest& request : step.stack) {
        if (const auto* install = std::get_if<contract::InstallChildSa>(&request)) {
          inputs.push_back(contract::InstallResult{install->stack, install->name, std::nullopt});
        }
      }
    }
  }

  StackName stack;
  IpAddress local, remote;
  FixedRandom random;
  Engine engine;
  Instant now{Seconds{1}};
  std::deque<Datagram> out;
};

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  constexpr int most_steps = 64;
  const IpAddress here = IpAddress::v4(0xc6336401);
  const IpAddress there = IpAddress::v4(0xc6336402);
  Party ours{"ours", here, there, 1};
  Party peer{"peer", there, here, 2};
  Reader script{Bytes{octets, size}};
  const auto arrive = [](Party& to, const Datagram& sent) {
    to.feed(Datagram{to.stack, sent.remote, sent.local, sent.octets});
  };
  for (int step = 0; step < most_steps && script.more(); ++step) {
    switch (script.u8("what") % 8) {
      case 0:  // the peer begins
        peer.feed(contract::Acquire{peer.stack, "hosts", {.source = there, .destination = here, .protocol = 17}});
        break;
      case 1:  // we begin
        ours.feed(contract::Acquire{ours.stack, "hosts", {.source = here, .destination = there, .protocol = 17}});
        break;
      case 2:  // what the peer said arrives
        if (peer.out.empty()) break;
        arrive(ours, peer.out.front());
        peer.out.pop_front();
        break;
      case 3:  // what we said arrives
        if (ours.out.empty()) break;
        arrive(peer, ours.out.front());
        ours.out.pop_front();
        break;
      case 4: {  // what the peer said arrives changed, and stays to arrive as it was
        const std::size_t at = script.u16("where");
        const std::uint8_t change = script.u8("change");
        if (peer.out.empty()) break;
        Datagram changed = peer.out.front();
        changed.octets[at % changed.octets.size()] ^= change;
        arrive(ours, changed);
        break;
      }
      case 5: {  // octets from nowhere
        const std::size_t length = script.u16("length");
        const Bytes stray = script.take(std::min(length, script.remaining()), "stray");
        ours.feed(Datagram{ours.stack, {here, 500}, {there, 500}, {stray.begin(), stray.end()}});
        break;
      }
      case 6:  // time passes
        for (Party* party : {&ours, &peer}) {
          party->now += Seconds{script.u8("seconds")};
          party->feed(TimePassed{});
        }
        break;
      default:
        ours.feed(DeactivateIkeTunnel{ours.stack, std::nullopt});
    }
    const Statistics statistics = ours.engine.statistics();
    require(ours.engine.ike_tunnels(ours.stack).size() <= statistics.ike_sas);
    require(statistics.half_open <= statistics.ike_sas);
    if (const auto due = ours.engine.next_deadline()) require(*due > Instant{});
  }
  return 0;
}
