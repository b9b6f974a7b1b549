// RFC 7296 on IKE_AUTH and on what all messages look like, seen by a peer made by hand.

#include <algorithm>
#include <set>

#include "hand_made_peer.h"
#include "ike/v2/nat_detection.h"

namespace adit::ike {
namespace {

using wire::Direction;
using wire::ExchangeType;
using wire::NotifyType;
using wire::PayloadType;
using wire::Sender;

/// A host whose IKE_SA_INIT with its peer is over: the peer's IKE_AUTH is next.
struct HalfOpen {
  explicit HalfOpen(Side side = west()) : host{std::move(side), {}, 2}, peer{host, Role::initiator} {
    peer.begin(peer.init_payloads());
  }
  Host host;
  HandMadePeer peer;
};

wire::Payloads with(const wire::Payloads& payloads, const std::function<wire::Body(const wire::Body&)>& change) {
  wire::Payloads changed;
  for (const wire::Payload& payload : payloads.items()) changed.add(payload.type, change(payload.body));
  return changed;
}

// Shows RFC 7296 1-1, 1.4-1.
TEST(Order, LetsNothingComeBeforeIkeAuth) {
  HalfOpen net;
  for (const ExchangeType exchange : {ExchangeType::informational, ExchangeType::create_child_sa}) {
    wire::Payloads payloads = net.peer.child_payloads();
    payloads.add(wire::Nonce{ByteString(32, 3)});
    if (exchange == ExchangeType::informational) payloads = {};
    net.peer.send(net.peer.sealed(net.peer.next_header(exchange), wire::build_inner(payloads)));
    EXPECT_TRUE(net.peer.take().empty());
    EXPECT_TRUE(net.host.installed.empty());
  }
  net.peer.ask(ExchangeType::ike_auth, net.peer.auth_payloads());
  EXPECT_EQ(net.host.installed.size(), 1u) << net.host.told();
  // In clear it is nobody's.
  wire::Payloads farewell;
  farewell.add(wire::Delete{.protocol = wire::ProtocolId::ike});
  net.peer.send(wire::build_message(net.peer.next_header(ExchangeType::informational), farewell));
  EXPECT_TRUE(net.peer.take().empty());
  EXPECT_EQ(net.host.ike().size(), 1u);
}

// Shows RFC 7296 1.2-2, 1.2-3, 2.21.2-1.
TEST(Authentication, BelongsToTheIdentityAndCoversEveryOctet) {
  const struct {
    const char* name;
    std::function<void(HandMadePeer&)> before;
    std::function<wire::Body(const wire::Body&)> change;
  } cases[] = {
      {"the right key of another identity", [](HandMadePeer& peer) { peer.identity = identity_of("198.51.100.9"); },
       [](const wire::Body& body) { return body; }},
      {"another key", [](HandMadePeer& peer) { peer.secret = "guessed"; }, [](const wire::Body& body) { return body; }},
      {"an octet of AUTH changed", [](HandMadePeer&) {},
       [](const wire::Body& body) {
         wire::Body changed = body;
         if (auto* auth = std::get_if<wire::Authentication>(&changed)) auth->data[5] ^= 1;
         return changed;
       }},
      {"AUTH cut off", [](HandMadePeer&) {},
       [](const wire::Body& body) {
         wire::Body changed = body;
         if (auto* auth = std::get_if<wire::Authentication>(&changed)) auth->data.pop_back();
         return changed;
       }},
      {"an identity that was not proved", [](HandMadePeer&) {},
       [](const wire::Body& body) {
         wire::Body changed = body;
         if (auto* id = std::get_if<wire::Identification>(&changed)) id->identity = identity_of("198.51.100.9");
         return changed;
       }},
      {"a nonce that is not the responder's", [](HandMadePeer& peer) { peer.nr[3] ^= 1; },
       [](const wire::Body& body) { return body; }},
      {"another first message", [](HandMadePeer& peer) { peer.init_request[30] ^= 1; },
       [](const wire::Body& body) { return body; }},
  };
  for (const auto& [name, before, change] : cases) {
    SCOPED_TRACE(name);
    HalfOpen net;
    before(net.peer);
    const std::vector<Said> said = net.peer.ask(ExchangeType::ike_auth, with(net.peer.auth_payloads(), change));
    ASSERT_EQ(said.size(), 1u);
    EXPECT_TRUE(said.front().has(NotifyType::authentication_failed));
    EXPECT_EQ(said.front().payloads.items().size(), 1u);
    EXPECT_TRUE(net.host.installed.empty());
  }
}

// Shows RFC 7296 3.5-6, 3.5-7, 3.5-8, 4-13.
TEST(Authentication, ByASharedKeyTakesEveryKindOfIdentity) {
  const auto text = [](const char* value) { return ByteString{value, value + std::string_view{value}.size()}; };
  const Identity identities[] = {
      {IdentityType::ipv4_addr, {198, 51, 100, 1}},
      {IdentityType::ipv6_addr, {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
      {IdentityType::fqdn, text("east.example.org")},
      {IdentityType::user_fqdn, text("jo@example.org")},
      {IdentityType::key_id, {1, 0, 2}},
  };
  for (const Identity& identity : identities) {
    SCOPED_TRACE(identity.to_string());
    HalfOpen net;
    auto policy = *make_policy(net.host.side);
    policy.key_exchange.rules.front().remote_identity = {
        .type = identity.type, .text = identity.to_string(), .exact = identity};
    auto action = *policy.key_exchange.rules.front().action;
    action.bypass_ip_validation = true;
    policy.key_exchange.rules.front().action = std::make_shared<const policy::KeyExchangeAction>(action);
    net.host.feed(PolicyInstalled{std::make_shared<const policy::PolicySnapshot>(policy)});
    net.peer.identity = identity;
    const std::vector<Said> said = net.peer.ask(ExchangeType::ike_auth, net.peer.auth_payloads());
    ASSERT_EQ(said.size(), 1u);
    EXPECT_NE(said.front().payloads.find<wire::Authentication>(), nullptr) << net.host.told();
    EXPECT_EQ(net.host.installed.size(), 1u);
  }
}

// Shows RFC 7296 2.21.2-2, 2.21.2-3, 2.5-10, 2.5-11.
TEST(Authentication, OfARequestThatIsWrongAsAWholeIsNotLookedAt) {
  const struct {
    const char* name;
    std::function<wire::Inner(HandMadePeer&)> inner;
    NotifyType want;
  } cases[] = {
      {"a critical payload beside a right proof",
       [](HandMadePeer& peer) {
         wire::Payloads payloads = peer.auth_payloads();
         payloads.add(PayloadType{200}, wire::VendorId{{1}});
         wire::Inner inner = wire::build_inner(payloads);
         inner.octets[inner.octets.size() - 4] = 0x80;
         return inner;
       },
       NotifyType::unsupported_critical_payload},
      {"octets behind a right proof that are no payload",
       [](HandMadePeer& peer) {
         wire::Inner inner = wire::build_inner(peer.auth_payloads());
         inner.octets.push_back(0);
         return inner;
       },
       NotifyType::invalid_syntax},
  };
  for (const auto& [name, inner, want] : cases) {
    SCOPED_TRACE(name);
    HalfOpen net;
    net.peer.send(net.peer.sealed(net.peer.next_header(ExchangeType::ike_auth), inner(net.peer)));
    const Said said = net.peer.take_one();
    EXPECT_TRUE(said.has(want));
    EXPECT_EQ(said.payloads.items().size(), 1u);
    EXPECT_TRUE(net.host.installed.empty());
    EXPECT_EQ(net.host.ike().empty() || net.host.ike().front().state != IkeState::done, true);
  }
}

// Shows RFC 7296 3.10.1-1.
TEST(Response, WithAnErrorThatNobodyKnowsMeansThatTheChildHasFailed) {
  const wire::Notify unknown{.type = NotifyType{9999}};
  Host host{east(), {}, 1};
  HandMadePeer peer{host, Role::responder};
  host.feed(ActivateRule{host.stack(), "net-to-net"});
  peer.answer_init(peer.take_one());
  wire::Payloads payloads = peer.auth_payloads();
  payloads.add(unknown);
  peer.answer(peer.take_one(), payloads);
  EXPECT_TRUE(host.installed.empty());
  EXPECT_EQ(host.ike().size(), 1u) << "the proof holds (RFC 7296 §2.21.2): " << host.told();

  Host further{east(), {}, 1};
  HandMadePeer other{further, Role::responder};
  other.establish_as_responder();
  further.feed(contract::Acquire{
      further.stack(), "nets", {.source = address("10.1.0.5"), .destination = address("10.2.0.9"), .protocol = 6}});
  other.child_spi = Spi{0xc0ffee02};
  wire::Payloads child = other.child_payloads();
  child.add(wire::Nonce{ByteString(32, 4)});
  child.add(unknown);
  other.answer(other.take_one(), child);
  EXPECT_EQ(further.installed.size(), 1u);
  EXPECT_EQ(further.ike().size(), 1u);
}

// Shows RFC 7296 2.4-2.
TEST(InitialContact, IsSaidInTheFirstIkeAuthExchangeOnly) {
  Host host{east(), {}, 1};
  HandMadePeer peer{host, Role::responder};
  host.feed(ActivateRule{host.stack(), "net-to-net"});
  peer.answer_init(peer.take_one());
  const Said auth = peer.take_one();
  EXPECT_EQ(auth.header.id, MessageId{1});
  EXPECT_TRUE(auth.has(NotifyType::initial_contact));
  peer.answer_auth(auth);
  host.pass_time_to(host.now + Seconds{31});
  host.pass_time_to(host.now + Seconds{3});
  const Said check = peer.take_one();
  EXPECT_FALSE(check.has(NotifyType::initial_contact));
}

// Shows RFC 7296 2.1-3, 2.1-6, 2.1-7, 2.2-1.
TEST(Retransmission, OfAProtectedRequestIsTheSameBitForBit) {
  Host host{east(), {}, 1};
  HandMadePeer peer{host, Role::responder};
  host.feed(ActivateRule{host.stack(), "net-to-net"});
  peer.answer_init(peer.take_one());
  const Said first = peer.take_one();
  ASSERT_EQ(first.header.exchange, ExchangeType::ike_auth);
  for (int second = 0; second < 20; ++second) host.pass_time_to(host.now + Seconds{1});
  const std::vector<Said> again = peer.take();
  EXPECT_GE(again.size(), 2u);
  for (const Said& said : again) {
    EXPECT_EQ(said.datagram.octets, first.datagram.octets);
    EXPECT_EQ(said.header.id, first.header.id);
  }
  peer.answer_auth(first);
  EXPECT_EQ(host.installed.size(), 1u);
}

/// Whether every reserved bit of a chain of payloads, and the critical one, is zero.
void expect_plain_headers(PayloadType type, Bytes octets) {
  while (type != PayloadType::none && type != PayloadType::encrypted) {
    ASSERT_GE(octets.size(), 4u);
    EXPECT_EQ(octets[1], 0) << name_of(type);
    const std::size_t length = octets[2] * 256u + octets[3];
    const Bytes body = octets.first(length);
    if (type == PayloadType::key_exchange) {
      EXPECT_EQ(body[6] | body[7], 0);
    }
    if (type == PayloadType::identification_initiator || type == PayloadType::identification_responder ||
        type == PayloadType::authentication || type == PayloadType::traffic_selectors_initiator ||
        type == PayloadType::traffic_selectors_responder) {
      EXPECT_EQ(body[5] | body[6] | body[7], 0) << name_of(type);
    }
    if (type == PayloadType::notify) {
      EXPECT_EQ(body[5], 0) << "none of them is about an SA with an SPI";
      EXPECT_EQ(body[4], 0) << "so the protocol is 0";
    }
    if (type == PayloadType::security_association) {
      for (std::size_t p = 4; p < length; p += body[p + 2] * 256u + body[p + 3]) {
        EXPECT_EQ(body[p + 1], 0);
        for (std::size_t t = p + 8u + body[p + 6]; t < p + body[p + 2] * 256u + body[p + 3];
             t += body[t + 2] * 256u + body[t + 3]) {
          EXPECT_EQ(body[t + 1] | body[t + 5], 0);
        }
      }
    }
    type = static_cast<PayloadType>(octets[0]);
    octets = octets.subspan(length);
  }
}

void expect_plain(const HandMadePeer& peer, const Said& said) {
  EXPECT_EQ(said.datagram.octets[17], 0x20) << "version 2.0";
  const bool by_initiator = peer.role == Role::responder;
  const bool is_response = said.header.direction == Direction::response;
  EXPECT_EQ(said.datagram.octets[19], (by_initiator ? 0x08 : 0) | (is_response ? 0x20 : 0));
  EXPECT_NE(said.header.initiator_spi, IkeSpi{});
  expect_plain_headers(said.header.next_payload, Bytes{said.datagram.octets}.subspan(wire::header_size));
  if (said.is_protected) expect_plain_headers(static_cast<PayloadType>(said.datagram.octets[28]), peer.plaintext);
  EXPECT_EQ(said.payloads.count(PayloadType::vendor_id), 0u);
}

// Shows RFC 7296 2.5-5, 2.5-7, 2.5-13, 3.1-3, 3.1-5, 3.1-8, 3.1-10, 3.1-12, 3.1-13, 3.1-15, 3.1-17, 3.1-18, 3.2-4,
// 3.2-6, 3.3.1-1, 3.3.2-1, 3.5-1, 3.8-3, 3.13-1, 3.10-2, 3.10-4.
TEST(Sent, MessagesHaveTheRightFlagsAndNothingReserved) {
  using enum PayloadType;
  for (const Role role : {Role::initiator, Role::responder}) {
    SCOPED_TRACE(role == Role::initiator ? "the host answers" : "the host begins");
    Host host{role == Role::initiator ? west() : east(), {}, 1};
    HandMadePeer peer{host, role};
    if (role == Role::initiator) {
      expect_plain(peer, peer.begin(peer.init_payloads()).front());
      expect_plain(peer, peer.ask(ExchangeType::ike_auth, peer.auth_payloads()).front());
      expect_plain(peer, peer.ask(ExchangeType::informational, {}).front());
    } else {
      host.feed(ActivateRule{host.stack(), "net-to-net"});
      const Said init = peer.take_one();
      expect_plain(peer, init);
      peer.answer_init(init);
      const Said auth = peer.take_one();
      expect_plain(peer, auth);
      peer.answer_auth(auth);
    }
    ASSERT_EQ(host.installed.size(), 1u) << host.told();
    host.feed(DeactivateDynamicTunnel{host.stack(), std::nullopt});
    const Said farewell = peer.take_one();
    EXPECT_EQ(farewell.header.direction, Direction::request);
    expect_plain(peer, farewell);
  }
}

// Shows RFC 7296 2.5-14, 1.2-6.
TEST(Sent, PayloadsComeInTheOrderOfTheFigures) {
  using enum PayloadType;
  using Order = std::vector<PayloadType>;
  Host east_host{east(), {}, 1};
  HandMadePeer responder{east_host, Role::responder};
  east_host.feed(ActivateRule{east_host.stack(), "net-to-net"});
  const Said init = responder.take_one();
  EXPECT_EQ(order_of(init.payloads), (Order{security_association, key_exchange, nonce}));
  responder.answer_init(init);
  const Said auth = responder.take_one();
  EXPECT_EQ(order_of(auth.payloads),
            (Order{identification_initiator, identification_responder, authentication, security_association,
                   traffic_selectors_initiator, traffic_selectors_responder}));
  for (const wire::Proposal& proposal : auth.payloads.find<wire::SecurityAssociation>()->proposals) {
    for (const wire::Transform& t : proposal.transforms) EXPECT_NE(t.type, 4) << "no group, not even NONE";
  }

  HalfOpen net;
  HandMadePeer& peer = net.peer;
  EXPECT_EQ(order_of(peer.ask(ExchangeType::ike_auth, peer.auth_payloads()).front().payloads),
            (Order{identification_responder, authentication, security_association, traffic_selectors_initiator,
                   traffic_selectors_responder}));
  wire::Payloads child = peer.child_payloads();
  child.add(wire::Nonce{ByteString(32, 4)});
  EXPECT_EQ(order_of(peer.ask(ExchangeType::create_child_sa, child).front().payloads),
            (Order{security_association, nonce, traffic_selectors_initiator, traffic_selectors_responder}));
}

// Shows RFC 7296 1.3-1, 1.3-2, 3.4-4.
TEST(Sent, CreateChildSaHasKeyExchangeOfItsGroupOrNone) {
  for (const GroupId pfs : {GroupId::none, GroupId::ecp_256}) {
    SCOPED_TRACE(to_string(pfs));
    Side side = east();
    side.pfs = pfs;
    Host host{side, {}, 1};
    HandMadePeer peer{host, Role::responder};
    peer.establish_as_responder();
    host.feed(contract::Acquire{
        host.stack(), "nets", {.source = address("10.1.0.5"), .destination = address("10.2.0.9"), .protocol = 6}});
    const Said request = peer.take_one();
    ASSERT_EQ(request.header.exchange, ExchangeType::create_child_sa);
    const auto* exchange = request.payloads.find<wire::KeyExchange>();
    EXPECT_EQ(exchange != nullptr, pfs != GroupId::none);
    if (exchange != nullptr) {
      EXPECT_EQ(exchange->group, pfs);
    }
    for (const wire::Proposal& proposal : request.payloads.find<wire::SecurityAssociation>()->proposals) {
      const auto groups = std::ranges::count_if(proposal.transforms, [&](const wire::Transform& t) {
        return t.type == 4 && t.id == std::to_underlying(pfs);
      });
      EXPECT_EQ(groups, pfs == GroupId::none ? 0 : 1);
    }
  }
}

// Shows RFC 7296 3.14-3, 3.14-4.
TEST(Sent, InitialisationVectorsAreNewAndNotToBeGuessed) {
  for (const EncryptionId encryption : {EncryptionId::aes_cbc, EncryptionId::aes_gcm_16}) {
    Side side = west();
    side.encryption = encryption;
    HalfOpen net{side};
    const std::size_t size = encryption == EncryptionId::aes_cbc ? 16 : 8;
    std::set<ByteString> ivs;
    ByteString last_block;
    net.peer.ask(ExchangeType::ike_auth, net.peer.auth_payloads());
    ASSERT_EQ(net.host.installed.size(), 1u) << net.host.told();
    for (int i = 0; i < 50; ++i) {
      const ByteString octets = net.peer.ask(ExchangeType::informational, {}).front().datagram.octets;
      const ByteString iv{octets.begin() + 32, octets.begin() + 32 + static_cast<std::ptrdiff_t>(size)};
      EXPECT_TRUE(ivs.insert(iv).second);
      if (encryption != EncryptionId::aes_cbc) continue;
      EXPECT_NE(iv, last_block);
      EXPECT_NE(ByteString(iv.begin(), iv.begin() + 8), ByteString(8, 0)) << "no counter";
      last_block = {octets.end() - 32, octets.end() - 16};  // before the checksum of 16 octets
    }
  }
}

// Shows RFC 7296 2.23-8, 2.23-1, 2.23-4, 2.23-17.
TEST(NatDetection, IsInIkeSaInitBehindTheNonceAndFromThenOnAllIsOnPort4500) {
  Side side = east();
  side.allow_nat = true;
  Host host{side, {}, 1};
  HandMadePeer peer{host, Role::responder};
  host.feed(ActivateRule{host.stack(), "net-to-net"});
  const Said init = peer.take_one();
  EXPECT_EQ(init.datagram.local.port, 500);
  EXPECT_EQ(init.datagram.remote.port, 500);
  EXPECT_TRUE(init.has(NotifyType::nat_detection_source_ip) && init.has(NotifyType::nat_detection_destination_ip));
  EXPECT_EQ(init.payloads.items()[2].type, PayloadType::nonce);
  EXPECT_EQ(init.payloads.items()[3].type, PayloadType::notify);
  // The peer's hashes fit nothing: a NAT in front of both.
  peer.announce = [](wire::Payloads& payloads) {
    payloads.add(wire::Notify{.type = NotifyType::nat_detection_source_ip, .data = ByteString(20, 1)});
    payloads.add(wire::Notify{.type = NotifyType::nat_detection_destination_ip, .data = ByteString(20, 2)});
  };
  peer.answer_init(init);
  const Said auth = peer.take_one();
  EXPECT_EQ(auth.datagram.local.port, 4500);
  EXPECT_EQ(auth.datagram.remote.port, 4500);
  peer.here.port = peer.there.port = 4500;
  peer.answer_auth(auth);
  ASSERT_EQ(host.installed.size(), 1u);
  EXPECT_EQ(host.installed.begin()->second.udp, (contract::UdpEncapsulation{4500, 4500}));
  host.feed(DeactivateDynamicTunnel{host.stack(), std::nullopt});
  EXPECT_EQ(peer.take_one().datagram.local.port, 4500);

  // Answers go to where the request came from; own requests stay: this end is behind a NAT, too.
  peer.here = {address("203.0.113.99"), 6000};
  const Said said = peer.ask(ExchangeType::informational, {}).front();
  EXPECT_EQ(said.datagram.remote, peer.here);
  EXPECT_EQ(host.ike().front().remote, (Endpoint{address(side.peer_address), 4500}));
}

/// A host and its peer, with a NAT in front of either.
struct BehindNat {
  BehindNat(bool host_is, bool peer_is) : host{side(), {}, 2}, peer{host, Role::initiator} {
    peer.announce = [&](wire::Payloads& payloads) {
      const auto hash = [&](bool is_right, const Endpoint& endpoint) {
        return is_right ? v2::nat_detection_hash(peer.spi_i, IkeSpi{}, endpoint) : ByteString(20, 1);
      };
      payloads.add(wire::Notify{.type = NotifyType::nat_detection_source_ip, .data = hash(!peer_is, peer.here)});
      payloads.add(wire::Notify{.type = NotifyType::nat_detection_destination_ip, .data = hash(!host_is, peer.there)});
    };
    peer.begin(peer.init_payloads());
    peer.here.port = peer.there.port = 4500;
    peer.ask(ExchangeType::ike_auth, peer.auth_payloads());
  }
  static Side side() {
    Side side = west();
    side.allow_nat = true;
    return side;
  }
  Host host;
  HandMadePeer peer;
};

// Shows RFC 7296 2.23-15, 2.23-16, 2.23-17.
TEST(NatTraversal, FollowsAPeerBehindANatUnlessThisEndIsBehindOne) {
  for (const bool host_is_behind : {false, true}) {
    SCOPED_TRACE(host_is_behind);
    BehindNat net{host_is_behind, true};
    ASSERT_EQ(net.host.installed.size(), 1u) << net.host.told();
    const Endpoint before = net.peer.here;
    net.peer.here.port = 61000;
    ASSERT_EQ(net.peer.ask(ExchangeType::informational, {}).size(), 1u);
    net.host.out.clear();
    net.host.feed(DeactivateDynamicTunnel{net.host.stack(), std::nullopt});
    EXPECT_EQ(net.peer.take_one().datagram.remote, host_is_behind ? before : net.peer.here);
  }
}

// Shows RFC 7296 2.23-10.
TEST(NatTraversal, KeepsItsMappingAliveWhereThisEndIsBehindANat) {
  for (const bool host_is_behind : {false, true}) {
    SCOPED_TRACE(host_is_behind);
    BehindNat net{host_is_behind, !host_is_behind};
    ASSERT_EQ(net.host.installed.size(), 1u) << net.host.told();
    std::size_t kept_alive = 0;
    for (int second = 0; second < 100; ++second) {
      net.host.pass_time_to(net.host.now + Seconds{1});
      for (const Datagram& sent : std::exchange(net.host.out, {})) {
        if (sent.octets == ByteString{0xff} && sent.local.port == 4500) ++kept_alive;
      }
    }
    EXPECT_EQ(kept_alive > 1, host_is_behind);
  }
}

}  // namespace
}  // namespace adit::ike
