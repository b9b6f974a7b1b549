// What a peer that holds the keys may say wrongly, and what becomes of its IKE SA (RFC 7296 §2.21).

#include <algorithm>

#include "odd_peer.h"

namespace adit::ike {
namespace {

using wire::ExchangeType;
using wire::NotifyType;
using wire::PayloadType;

struct West : Host {
  West() : Host{west(), {}, 2} {
    now = Instant{Seconds{1000}};
    feed(PolicyInstalled{make_policy(side)});
    feed(StackUp{stack()});
  }
  /// The reasons of refusals, as the operator reads them.
  std::vector<std::string> refusals() const {
    std::vector<std::string> reasons;
    for (const LogRecord& record : log) {
      if (record.message != CatalogueId::negotiation_failed) continue;
      for (const LogRecord::Field& field : record.fields) {
        if (field.name == "reason") reasons.push_back(field.value);
      }
    }
    return reasons;
  }
};

bool says(const std::optional<wire::Payloads>& answer, NotifyType type) {
  return answer && answer->find(type) != nullptr;
}

wire::Payloads with(NotifyType type) {
  wire::Payloads payloads;
  payloads.add(wire::Notify{.type = type});
  return payloads;
}

/// An SA payload whose length is a lie.
const ByteString malformed = {0, 0, 0, 200, 1, 2, 3, 4};

TEST(OddPeer, ComesUpWhenItBehaves) {
  West west;
  OddPeer peer{west};
  const auto answer = peer.ask(ExchangeType::ike_auth, peer.auth_request());
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find<wire::Authentication>(), nullptr) << west.told();
  EXPECT_EQ(west.installed.size(), 1u);
}

TEST(OddPeer, MaySignAnIdentityWithReservedOctetsThatAreNotZero) {  // RFC 7296 §2.15
  West west;
  OddPeer peer{west};
  const auto answer = peer.ask(ExchangeType::ike_auth, peer.auth_request({1, 2, 3}));
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find<wire::Authentication>(), nullptr) << west.told();
}

TEST(OddPeer, WhoseIkeAuthIsMalformedIsToldAndNeverHeardAgain) {  // RFC 7296 §2.21.2
  West west;
  OddPeer peer{west};
  EXPECT_TRUE(
      says(peer.ask(ExchangeType::ike_auth, PayloadType::security_association, malformed), NotifyType::invalid_syntax));
  EXPECT_EQ(west.refusals(), std::vector<std::string>{"its IKE_AUTH request is malformed: payload length"});
  EXPECT_TRUE(says(peer.repeat(), NotifyType::invalid_syntax)) << "the stored response";
  EXPECT_FALSE(peer.ask(ExchangeType::ike_auth, peer.auth_request())) << "there is no second IKE_AUTH";
  EXPECT_TRUE(west.installed.empty());
  EXPECT_EQ(west.refusals().size(), 1u);
  west.pass_time_to(west.now + Seconds{31});
  EXPECT_EQ(west.engine.statistics().ike_sas, 0u);
  EXPECT_EQ(west.engine.statistics().half_open, 0u);
}

TEST(OddPeer, WithACriticalPayloadThatIsNotKnownIsToldItsType) {
  West west;
  OddPeer peer{west};
  const ByteString unknown = {0, 0x80, 0, 4};
  const auto answer = peer.ask(ExchangeType::ike_auth, PayloadType{200}, unknown);
  ASSERT_TRUE(says(answer, NotifyType::unsupported_critical_payload));
  EXPECT_EQ(answer->find(NotifyType::unsupported_critical_payload)->data, ByteString{200});
  EXPECT_EQ(west.refusals(),
            std::vector<std::string>{"its IKE_AUTH request has a critical payload of type 200, which is not known"});
}

TEST(OddPeer, WithoutAnIdentityIsRefusedAndTheOperatorToldSo) {
  West west;
  OddPeer peer{west};
  wire::Payloads without;
  const wire::Payloads honest = peer.auth_request();
  for (const wire::Payload& payload : honest.items()) {
    if (payload.type != PayloadType::identification_initiator) without.add(payload.type, payload.body);
  }
  EXPECT_TRUE(says(peer.ask(ExchangeType::ike_auth, without), NotifyType::invalid_syntax));
  EXPECT_EQ(west.refusals(), std::vector<std::string>{"its IKE_AUTH request has no IDi"});
}

TEST(OddPeer, WhoseLaterRequestIsMalformedLosesItsIkeSa) {  // RFC 7296 §2.21.3
  const struct {
    const char* name;
    ExchangeType exchange;
    PayloadType first;
    ByteString inside;
  } cases[] = {
      {"INFORMATIONAL", ExchangeType::informational, PayloadType::delete_, malformed},
      {"CREATE_CHILD_SA", ExchangeType::create_child_sa, PayloadType::security_association, malformed},
      {"CREATE_CHILD_SA without SA", ExchangeType::create_child_sa, PayloadType::none, {}},
      {"an exchange that is not known", ExchangeType{50}, PayloadType::none, {}},
  };
  for (const auto& [name, exchange, first, inside] : cases) {
    SCOPED_TRACE(name);
    West west;
    OddPeer peer{west};
    ASSERT_TRUE(peer.ask(ExchangeType::ike_auth, peer.auth_request()));
    EXPECT_TRUE(says(peer.ask(exchange, first, inside), NotifyType::invalid_syntax));
    EXPECT_TRUE(west.ike().empty());
    EXPECT_TRUE(west.installed.empty());
    EXPECT_TRUE(west.has_told(CatalogueId::ike_sa_deleted));
    EXPECT_EQ(west.engine.next_deadline(), std::nullopt);
  }
}

TEST(OddPeer, WithoutTrafficSelectorsGetsNoIkeSaEither) {
  West west;
  OddPeer peer{west};
  wire::Payloads without;
  const wire::Payloads honest = peer.auth_request();
  for (const wire::Payload& payload : honest.items()) {
    if (payload.type != PayloadType::traffic_selectors_responder) without.add(payload.type, payload.body);
  }
  EXPECT_TRUE(says(peer.ask(ExchangeType::ike_auth, without), NotifyType::invalid_syntax));
  EXPECT_TRUE(west.ike().empty()) << "INVALID_SYNTAX is fatal at the peer's end, so it is at ours";
}

TEST(OddPeer, ThatCouldNotReadTheResponseOfIkeAuthEndsTheIkeSa) {  // RFC 7296 §2.21.2
  const struct {
    NotifyType type;
    bool later;  // not right behind IKE_AUTH
    bool ends;
  } cases[] = {
      {NotifyType::authentication_failed, false, true},        {NotifyType::invalid_syntax, false, true},
      {NotifyType::unsupported_critical_payload, false, true}, {NotifyType::no_proposal_chosen, false, false},
      {NotifyType::unsupported_critical_payload, true, false},
  };
  for (const auto& [type, later, ends] : cases) {
    SCOPED_TRACE(name_of(type) + (later ? " later" : ""));
    West west;
    OddPeer peer{west};
    ASSERT_TRUE(peer.ask(ExchangeType::ike_auth, peer.auth_request()));
    if (later) {
      ASSERT_TRUE(peer.ask(ExchangeType::informational, wire::Payloads{}));
    }
    EXPECT_TRUE(peer.ask(ExchangeType::informational, with(type)));
    EXPECT_EQ(west.ike().empty(), ends);
    EXPECT_EQ(west.installed.empty(), ends);
  }
}

TEST(OddPeer, SendsFragmentsOnlyWhereItHasAnnouncedThem) {  // RFC 7383 §2.3
  for (const bool announced : {true, false}) {
    West west;
    std::vector<wire::Notify> announcements;
    if (announced) announcements.push_back({.type = NotifyType::ikev2_fragmentation_supported});
    OddPeer peer{west, announcements};
    EXPECT_EQ(peer.ask_in_fragments(ExchangeType::ike_auth, peer.auth_request(), 3).has_value(), announced);
    EXPECT_EQ(west.installed.size(), announced ? 1u : 0u);
  }
}

TEST(OddPeer, MaySendAMessageWholeAfterItsFragmentsWereLost) {
  West west;
  OddPeer peer{west, {{.type = NotifyType::ikev2_fragmentation_supported}}};
  EXPECT_FALSE(peer.ask_in_fragments(ExchangeType::ike_auth, peer.auth_request(), 3, 2));
  peer.stay_at_message_id();
  EXPECT_TRUE(peer.ask(ExchangeType::ike_auth, peer.auth_request()));
  EXPECT_EQ(west.installed.size(), 1u);
}

TEST(OddPeer, OutsideItsWindowIsNotAnswered) {  // RFC 7296 §2.3
  West west;
  OddPeer peer{west};
  ASSERT_TRUE(peer.ask(ExchangeType::ike_auth, peer.auth_request()));
  for (unsigned i = 0; i < 5; ++i) peer.skip_message_id();
  EXPECT_FALSE(peer.ask(ExchangeType::informational, wire::Payloads{}));
  EXPECT_EQ(west.ike().size(), 1u);
}

}  // namespace
}  // namespace adit::ike
