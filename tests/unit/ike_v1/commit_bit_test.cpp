// The commit bit (RFC 2408 §3.1): a peer that sets it says CONNECTED when it has the SAs, and nothing is sent with them
// before. Adit sets it never, so one end is played here with the functions of both.

#include "ike/v1/messages.h"
#include "ike/v1/quick_mode.h"
#include "ike/v1/receive.h"
#include "ike/v1/timing.h"
#include "v1_pair.h"

namespace adit::ike {
namespace {

/// A shard of one SA.
class Lone final : public v1::Shard {
 public:
  explicit Lone(policy::PolicyPointer policy) : policy_{std::move(policy)} {}
  policy::PolicyPointer policy_of(const StackName&) const override { return policy_; }
  InboundSpi draw_inbound_spi() override { return InboundSpi{++last_spi_}; }
  void release(InboundSpi) override {}
  DynamicTunnelId number_dynamic_tunnel() override { return DynamicTunnelId{1}; }
  contract::ChildSaName next_generation(DynamicTunnelId tunnel) override { return {tunnel, 2}; }
  std::optional<Instant> vpn_life_end(DynamicTunnelId) const override { return std::nullopt; }
  std::size_t room_for_unproved(const v1::Phase1Sa&) const override { return SIZE_MAX; }
  void ask(v1::Phase1Sa&, std::variant<contract::Sign, contract::Verify>) override {}
  void authenticated(v1::Phase1Sa&, Contact) override {}
  v1::Phase1Sa* sibling_of(const v1::Phase1Sa&) override { return nullptr; }
  bool knows_path(const v1::Phase1Sa&) const override { return false; }
  void child_added(const v1::Phase1Sa&, const v2::ChildSa&) override {}
  void child_removed(const v1::Phase1Sa&, const v2::ChildSa&, v2::Ending) override {}
  std::vector<std::pair<v1::Phase1Sa*, v2::ChildSa*>> same_traffic(const v1::Phase1Sa&,
                                                                   const policy::SelectorPair&) override {
    return {};
  }
  void remove_later(contract::RemoveChildSa) override {}
  void inherit(v1::Phase1Sa&, v1::Phase1Sa&) override {}
  void refresh(v1::Phase1Sa&) override {}
  void touch(const v1::Phase1Sa&) override {}
  void wish_failed(const v1::Phase1Sa&, DynamicTunnelId, v2::Ending) override {}

 private:
  policy::PolicyPointer policy_;
  std::uint32_t last_spi_ = 0x1000;
};

/// One end of a phase 1 SA that is up.
struct End {
  End(const Side& side, Role role, std::uint64_t seed) : policy{make_v1_policy(side, {})}, shard{policy}, random{seed} {
    sa.stack = {side.name};
    sa.role = role;
    sa.state = v1::Phase1State::established;
    sa.initiator_cookie = IkeSpi{1};
    sa.responder_cookie = IkeSpi{2};
    sa.local = {address(side.address), 500};
    sa.remote = {address(side.peer_address), 500};
    sa.rule = v2::share(policy, &policy->key_exchange.rules.front());
    sa.choice = {.encryption = EncryptionId::aes_cbc, .key_bits = 256, .hash = PrfId::hmac_sha2_256};
    sa.skeyid_a = sa.skeyid_d = sa.cipher_key = Secret{ByteString(32, 7)};
    sa.iv = ByteString(16, 9);
    sa.has_keys = true;
    sa.local_identity = identity_of(side.address);
    sa.remote_identity = identity_of(side.peer_address);
  }
  v1::Turn turn() { return {now, random, options, step, statistics, shard}; }
  void receive(const ByteString& octets) {
    const Datagram datagram{.stack = sa.stack, .local = sa.local, .remote = sa.remote, .octets = octets};
    v1::Turn current = turn();
    v1::receive(current, sa, datagram, *wire::v1::Header::parse(octets));
  }
  void pass(Duration time) {
    now += time;
    v1::Turn current = turn();
    v1::timer_due(current, sa);
  }
  /// The one datagram that was sent since.
  ByteString sent() {
    EXPECT_EQ(step.send.size(), 1u);
    ByteString octets = step.send.empty() ? ByteString{} : step.send.front().octets;
    step.send.clear();
    return octets;
  }
  bool has_installed() const {
    return std::ranges::any_of(
        step.stack, [](const auto& request) { return std::holds_alternative<contract::InstallChildSa>(request); });
  }

  policy::PolicyPointer policy;
  Lone shard;
  CountingRandom random;
  EngineOptions options;
  Statistics statistics;
  Step step;
  Instant now{Seconds{1000}};
  v1::Phase1Sa sa;
};

struct CommitBitV1 : testing::Test {
  End us{v1_east(), Role::initiator, 5}, peer{v1_west(), Role::responder, 6};

  /// Message 1 of a quick mode that `from` begins.
  ByteString begun_by(End& from) {
    const policy::Filter& filter = from.policy->filter.filters.front();
    const policy::LocalDynVpnRule& rule = from.policy->local_dyn_vpn.front();
    from.sa.wishes.push_back({.name = {DynamicTunnelId{1}, 1},
                              .filter = v2::share(from.policy, &filter),
                              .traffic = policy::Traffic::of({.local = rule.local, .remote = rule.remote}),
                              .activation = Activation::command});
    v1::Turn current = from.turn();
    v1::go_on(current, from.sa);
    return from.sent();
  }
  /// As a peer sends it that commits: the flag is in the header, which nothing protects.
  static ByteString committing(ByteString octets) {
    constexpr std::size_t flags = 19;
    constexpr std::uint8_t commit = 2;
    octets[flags] |= commit;
    return octets;
  }
  ByteString connected(const End& from, MessageId id, ByteString iv) {
    wire::v1::Payloads payloads;
    payloads.add(wire::v1::Notify{.protocol = 3, .type = wire::v1::NotifyType::connected});
    return v1::sealed_with_hash(from.sa, v1::header_of(from.sa, wire::ExchangeType::informational_v1, id), payloads,
                                iv);
  }
  MessageId id_of(const End& end) { return end.sa.quick_modes.front()->id; }
};

TEST_F(CommitBitV1, HoldsAnInitiatorUntilConnected) {
  peer.receive(begun_by(us));
  us.receive(committing(peer.sent()));
  EXPECT_FALSE(us.has_installed());
  peer.receive(us.sent());
  EXPECT_TRUE(peer.has_installed()) << "message 3 is not held back: the peer waits for it";
  us.receive(connected(peer, id_of(us), v1::first_iv(peer.sa, id_of(us))));
  EXPECT_TRUE(us.has_installed());
  EXPECT_TRUE(us.step.send.empty());
}

TEST_F(CommitBitV1, TakesAConnectedInTheChainOfItsQuickMode) {
  peer.receive(begun_by(us));
  us.receive(committing(peer.sent()));
  us.step.send.clear();
  us.receive(connected(peer, id_of(us), us.sa.quick_modes.front()->iv));
  EXPECT_TRUE(us.has_installed());
}

TEST_F(CommitBitV1, IsNotReleasedByAConnectedOfAnotherQuickMode) {
  peer.receive(begun_by(us));
  us.receive(committing(peer.sent()));
  const MessageId other{id_of(us).value() + 1};
  us.receive(connected(peer, other, v1::first_iv(peer.sa, other)));
  EXPECT_FALSE(us.has_installed());
}

TEST_F(CommitBitV1, HoldsAResponderUntilConnected) {
  us.sa.role = Role::responder;
  peer.sa.role = Role::initiator;
  us.receive(committing(begun_by(peer)));
  peer.receive(us.sent());
  ASSERT_TRUE(peer.has_installed());
  v1::Turn current = peer.turn();
  v1::install_answered(current, peer.sa,
                       {.stack = peer.sa.stack, .name = peer.sa.children.front().name, .refused = std::nullopt});
  us.receive(peer.sent());
  EXPECT_FALSE(us.has_installed());
  us.receive(connected(peer, id_of(us), v1::first_iv(peer.sa, id_of(us))));
  EXPECT_TRUE(us.has_installed());
}

TEST_F(CommitBitV1, HoldsNobodyWhoseConnectedIsLost) {
  peer.receive(begun_by(us));
  us.receive(committing(peer.sent()));
  us.pass(Seconds{9});
  EXPECT_FALSE(us.has_installed());
  us.pass(Seconds{1});
  EXPECT_TRUE(us.has_installed());
}

}  // namespace
}  // namespace adit::ike
