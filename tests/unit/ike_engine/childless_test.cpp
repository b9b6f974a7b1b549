// An IKE SA without a Child SA (RFC 6023): announced by the responder, asked for only where it was announced.

#include <algorithm>

#include "hand_made_peer.h"

namespace adit::ike {
namespace {

using wire::ExchangeType;
using wire::NotifyType;
using wire::PayloadType;

bool is_of_the_child(PayloadType type) {
  return type == PayloadType::security_association || type == PayloadType::traffic_selectors_initiator ||
         type == PayloadType::traffic_selectors_responder;
}

/// Those of IKE_AUTH that prove who is there.
wire::Payloads proof_alone(HandMadePeer& peer) {
  wire::Payloads proof;
  const wire::Payloads whole = peer.auth_payloads();
  for (const wire::Payload& payload : whole.items()) {
    if (!is_of_the_child(payload.type)) proof.add(payload.type, payload.body);
  }
  return proof;
}

bool asks_for_child(const Said& said) {
  return std::ranges::any_of(said.payloads.items(),
                             [](const wire::Payload& payload) { return is_of_the_child(payload.type); });
}

TEST(Childless, IsAnnouncedByTheResponderAlone) {  // RFC 6023 §3
  Host host{west(), {}, 2};
  HandMadePeer peer{host, Role::initiator};
  const std::vector<Said> said = peer.begin(peer.init_payloads());
  ASSERT_EQ(said.size(), 1u);
  ASSERT_TRUE(said.front().has(NotifyType::childless_ikev2_supported));
  EXPECT_TRUE(said.front().payloads.find(NotifyType::childless_ikev2_supported)->data.empty());

  Host asking{west(), {}, 2};
  HandMadePeer responder{asking, Role::responder};
  asking.feed(ActivateRule{asking.stack(), "net-to-net"});
  EXPECT_FALSE(responder.take_one().has(NotifyType::childless_ikev2_supported));
}

TEST(Childless, IkeAuthSetsUpTheIkeSaAloneAndTheChildComesLater) {  // RFC 6023 §3
  Host host{west(), {}, 2};
  HandMadePeer peer{host, Role::initiator};
  peer.begin(peer.init_payloads());
  const std::vector<Said> said = peer.ask(ExchangeType::ike_auth, proof_alone(peer));
  ASSERT_EQ(said.size(), 1u);
  EXPECT_NE(said.front().payloads.find<wire::Authentication>(), nullptr) << host.told();
  EXPECT_FALSE(asks_for_child(said.front()));
  EXPECT_EQ(said.front().payloads.find_error(), nullptr);
  EXPECT_EQ(host.ike().size(), 1u);
  EXPECT_TRUE(host.installed.empty());

  wire::Payloads request;
  const wire::Payloads child = peer.child_payloads();
  request.add(*child.find<wire::SecurityAssociation>());
  request.add(wire::Nonce{ByteString(32, 0x44)});
  for (const wire::Payload& payload : child.items()) {
    if (payload.type != PayloadType::security_association) request.add(payload.type, payload.body);
  }
  EXPECT_EQ(peer.ask(ExchangeType::create_child_sa, request).size(), 1u);
  EXPECT_EQ(host.installed.size(), 1u) << host.told();
}

TEST(Childless, IkeAuthWithSelectorsButNoProposalIsMalformed) {
  Host host{west(), {}, 2};
  HandMadePeer peer{host, Role::initiator};
  peer.begin(peer.init_payloads());
  wire::Payloads half;
  const wire::Payloads whole = peer.auth_payloads();
  for (const wire::Payload& payload : whole.items()) {
    if (payload.type != PayloadType::security_association) half.add(payload.type, payload.body);
  }
  const std::vector<Said> said = peer.ask(ExchangeType::ike_auth, half);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(said.front().has(NotifyType::invalid_syntax));
  EXPECT_TRUE(host.ike().empty());
}

TEST(Childless, ReauthenticationOfAnUnusedIkeSaWorksBetweenTwoOfUs) {
  TwoEngines net;
  net.activate();
  net.east_host.feed(DeactivateDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  ASSERT_EQ(net.east_host.ike().size(), 1u);
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{10});
  ASSERT_EQ(net.east_host.ike().size(), 1u) << net.east_host.told();
  EXPECT_EQ(net.east_host.ike().front().generation, 2u);
  EXPECT_EQ(net.west_host.ike().size(), 1u) << net.west_host.told();
  EXPECT_TRUE(net.east_host.installed.empty());
}

TEST(Childless, IkeAuthIsNotSentToAPeerThatHasNotAnnouncedIt) {  // RFC 6023 §3
  for (const bool announced : {false, true}) {
    SCOPED_TRACE(announced);
    Host host{west(), {}, 2};
    HandMadePeer peer{host, Role::responder};
    peer.establish_as_responder();
    host.feed(DeactivateDynamicTunnel{host.stack(), std::nullopt});
    peer.answer(peer.take_one(), {});
    ASSERT_TRUE(host.installed.empty());
    host.feed(RefreshIkeTunnel{host.stack(), std::nullopt});
    HandMadePeer again{host, Role::responder, 33};
    if (announced) {
      again.announce = [](wire::Payloads& payloads) {
        payloads.add(wire::Notify{.type = NotifyType::childless_ikev2_supported});
      };
    }
    again.answer_init(again.take_one());
    const std::vector<Said> said = again.take();
    if (announced) {
      ASSERT_EQ(said.size(), 1u) << host.told();
      EXPECT_FALSE(asks_for_child(said.front()));
      EXPECT_EQ(said.front().header.exchange, ExchangeType::ike_auth);
      continue;
    }
    EXPECT_TRUE(said.empty());
    EXPECT_TRUE(host.has_told(CatalogueId::negotiation_failed)) << host.told();
    EXPECT_EQ(host.ike().size(), 1u) << "the old one stays";
  }
}

}  // namespace
}  // namespace adit::ike
