// What a responder that holds the keys may answer wrongly, and what becomes of the IKE SA (RFC 7296 §2.21).

#include "odd_responder.h"

namespace adit::ike {
namespace {

using wire::NotifyType;
using wire::PayloadType;

struct East : Host {
  East() : Host{east(), {}, 1} { now = Instant{Seconds{1000}}; }
};

TEST(OddResponder, GetsItsTunnelWhenItBehaves) {
  East east;
  OddResponder peer{east};
  peer.answer(peer.proof_and_child());
  EXPECT_EQ(east.installed.size(), 1u) << east.told();
}

TEST(OddResponder, WhoseIkeAuthResponseProvesNothingIsToldSo) {
  wire::Payloads no_auth;
  no_auth.add(PayloadType::identification_responder, wire::Identification{identity_of(west().address)});
  const struct {
    const char* name;
    PayloadType first;
    ByteString inside;
    const char* told;
  } cases[] = {
      {"nothing", PayloadType::none, {}, "no IDr"},
      {"no AUTH", PayloadType::identification_responder, wire::build_inner(no_auth).octets, "no AUTH"},
      {"malformed", PayloadType::identification_responder, {0, 0, 0, 99}, "no IDr"},
      {"critical and not known", PayloadType{200}, {0, 0x80, 0, 4}, "no IDr"},
  };
  for (const auto& [name, first, inside, told] : cases) {
    SCOPED_TRACE(name);
    East east;
    OddResponder peer{east};
    peer.answer(first, inside);
    ASSERT_EQ(east.out.size(), 1u) << "it takes the SA to be up";
    EXPECT_NE(peer.request().find(NotifyType::authentication_failed), nullptr);
    EXPECT_NE(east.told().find(told), std::string::npos) << east.told();
    peer.answer(wire::Payloads{});
    EXPECT_TRUE(east.ike().empty());
    EXPECT_TRUE(east.children().empty());
  }
}

TEST(OddResponder, WithAnErrorBesideItsProofFailsTheIkeSaOrTheChildAlone) {  // RFC 7296 §2.21.2
  const struct {
    NotifyType type;
    bool fails;
  } cases[] = {
      {NotifyType::authentication_failed, true},
      {NotifyType::invalid_syntax, true},
      {NotifyType::unsupported_critical_payload, true},
      {NotifyType::no_proposal_chosen, false},
      {NotifyType::ts_unacceptable, false},
      {NotifyType::internal_address_failure, false},
      {NotifyType{8000}, false},
  };
  for (const auto& [type, fails] : cases) {
    SCOPED_TRACE(name_of(type));
    East east;
    OddResponder peer{east};
    wire::Payloads answer = peer.proof();
    answer.add(wire::Notify{.type = type});
    peer.answer(answer);
    EXPECT_EQ(east.ike().empty(), fails) << east.told();
    EXPECT_TRUE(east.installed.empty());
    EXPECT_TRUE(east.out.empty()) << "neither end has a Child SA";
    EXPECT_NE(east.told().find(name_of(type)), std::string::npos) << east.told();
  }
}

TEST(OddResponder, ThatSaysNothingOfTheChildIsToldToDropIt) {
  East east;
  OddResponder peer{east};
  peer.answer(peer.proof());
  ASSERT_EQ(east.ike().size(), 1u);
  ASSERT_EQ(east.out.size(), 1u);
  EXPECT_NE(peer.request().find<wire::Delete>(), nullptr);
}

TEST(OddResponder, ThatCannotReadARequestEndsTheIkeSa) {  // RFC 7296 §2.21.3
  East east;
  OddResponder peer{east};
  peer.answer(peer.proof_and_child());
  east.feed(DeactivateDynamicTunnel{east.stack(), std::nullopt});
  wire::Payloads answer;
  answer.add(wire::Notify{.type = NotifyType::invalid_syntax});
  peer.answer(answer);
  EXPECT_TRUE(east.ike().empty());
  EXPECT_TRUE(east.installed.empty());
  EXPECT_EQ(east.engine.next_deadline(), std::nullopt);
}

}  // namespace
}  // namespace adit::ike
