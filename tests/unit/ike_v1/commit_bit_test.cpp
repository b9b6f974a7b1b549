// The commit bit (RFC 2408 §3.1): a peer that sets it says CONNECTED when it has the SAs, and nothing is sent with them
// before. Adit sets it never, so one end is played here with the functions of both.

#include "lone_end.h"

namespace adit::ike {
namespace {

struct CommitBitV1 : testing::Test {
  End us{v1_east(), Role::initiator, 5}, peer{v1_west(), Role::responder, 6};

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

// Shows RFC 2408 3.1-8, 3.1-9.
TEST_F(CommitBitV1, HoldsAnInitiatorUntilConnected) {
  peer.receive(us.begun_quick_mode());
  us.receive(committing(peer.sent()));
  EXPECT_FALSE(us.has_installed());
  peer.receive(us.sent());
  EXPECT_TRUE(peer.tells_to_send()) << "message 3 is not held back: the peer waits for it";
  us.receive(connected(peer, id_of(us), v1::first_iv(peer.sa, id_of(us))));
  EXPECT_TRUE(us.has_installed());
  EXPECT_TRUE(us.step.send.empty());
}

TEST_F(CommitBitV1, TakesAConnectedInTheChainOfItsQuickMode) {
  peer.receive(us.begun_quick_mode());
  us.receive(committing(peer.sent()));
  us.step.send.clear();
  us.receive(connected(peer, id_of(us), us.sa.quick_modes.front()->iv));
  EXPECT_TRUE(us.has_installed());
}

// Shows RFC 2408 3.1-9.
TEST_F(CommitBitV1, IsNotReleasedByAConnectedOfAnotherQuickMode) {
  peer.receive(us.begun_quick_mode());
  us.receive(committing(peer.sent()));
  const MessageId other{id_of(us).value() + 1};
  us.receive(connected(peer, other, v1::first_iv(peer.sa, other)));
  EXPECT_FALSE(us.has_installed());
}

// Shows RFC 2408 3.1-8.
TEST_F(CommitBitV1, HoldsAResponderUntilConnected) {
  us.sa.role = Role::responder;
  peer.sa.role = Role::initiator;
  us.receive(committing(peer.begun_quick_mode()));
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

// Shows RFC 2408 3.1-8.
TEST_F(CommitBitV1, HoldsAResponderThatHearsOfItInTheLastMessage) {
  us.sa.role = Role::responder;
  peer.sa.role = Role::initiator;
  us.receive(peer.begun_quick_mode());
  peer.receive(us.sent());
  ASSERT_TRUE(peer.has_installed());
  peer.stack_has(peer.sa.children.front().name);
  us.receive(committing(peer.sent()));
  EXPECT_TRUE(us.has_installed()) << "it receives";
  EXPECT_FALSE(us.tells_to_send());
  us.receive(connected(peer, id_of(us), v1::first_iv(peer.sa, id_of(us))));
  EXPECT_TRUE(us.tells_to_send());
}

TEST_F(CommitBitV1, HoldsNobodyWhoseConnectedIsLost) {
  peer.receive(us.begun_quick_mode());
  us.receive(committing(peer.sent()));
  us.pass(Seconds{9});
  EXPECT_FALSE(us.has_installed());
  us.pass(Seconds{1});
  EXPECT_TRUE(us.has_installed());
}

}  // namespace
}  // namespace adit::ike
