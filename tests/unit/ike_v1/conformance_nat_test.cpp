// What RFC 3947 asks of NAT traversal under IKEv1.

#include "ike/v1/informational.h"
#include "ike/v1/nat.h"
#include "lone_pair.h"

namespace adit::ike {
namespace {

using P = wire::v1::PayloadType;
using policy::EncapsulationChoice;

Side with_nat(Side side) {
  side.allow_nat = true;
  return side;
}

ByteString hash_of(const v1::Phase1Sa& sa, const Endpoint& endpoint) {
  Writer out;
  out.u64(sa.initiator_cookie.value());
  out.u64(sa.responder_cookie.value());
  out.bytes(endpoint.address.octets());
  out.u16(endpoint.port);
  return crypto::ike_v1_hash(PrfId::hmac_sha2_256, {out.written()});
}

std::vector<ByteString> detections(const Seen& seen) {
  std::vector<ByteString> list;
  for (const wire::v1::Payload& payload : seen.chain.payloads.items()) {
    const auto* detection = std::get_if<wire::v1::NatDetection>(&payload.body);
    if (detection != nullptr) list.push_back(detection->value);
  }
  return list;
}

// Shows RFC 3947 3.1-1, 3.2-1, 3.2-2.
TEST(NatDetectionV1, IsByHashesOfBothEndsTheRemoteOneFirst) {
  Phase1 net{with_nat(v1_east()), with_nat(v1_west())};
  const std::vector<ByteString> sent = net.main_mode();
  for (const std::size_t i : {0u, 1u}) {
    bool is_announced = false;
    const Seen seen = in_clear(sent[i]);
    for (const wire::v1::Payload& payload : seen.chain.payloads.items()) {
      const auto* id = std::get_if<wire::v1::VendorId>(&payload.body);
      is_announced |= id != nullptr && to_hex(id->value) == "4a131c81070358455c5728f20e95452f";
    }
    EXPECT_TRUE(is_announced);
  }
  const Endpoint east{address("198.51.100.1"), 500}, west{address("198.51.100.2"), 500};
  EXPECT_EQ(detections(in_clear(sent[2])), (std::vector{hash_of(net.us.sa, west), hash_of(net.us.sa, east)}));
  EXPECT_EQ(detections(in_clear(sent[3])), (std::vector{hash_of(net.us.sa, east), hash_of(net.us.sa, west)}));
  for (const End* end : {&net.us, &net.peer}) {
    EXPECT_FALSE(end->sa.nat_local);
    EXPECT_FALSE(end->sa.nat_remote);
    EXPECT_EQ(end->sa.remote.port, 500);
  }
}

// Shows RFC 3947 5.1-1, 5.1-2, 5.1-3.
TEST(NatProposalsV1, AreOfUdpBehindANatAndOnlyThere) {
  const struct {
    EncapsulationChoice encap;
    v1::Path path;
    v1::NatTraversal by;
    std::uint64_t mode;
  } cases[] = {
      {EncapsulationChoice::tunnel, v1::Path::direct, v1::NatTraversal::rfc_3947, 1},
      {EncapsulationChoice::transport, v1::Path::direct, v1::NatTraversal::none, 2},
      {EncapsulationChoice::tunnel, v1::Path::behind_nat, v1::NatTraversal::rfc_3947, 3},
      {EncapsulationChoice::transport, v1::Path::behind_nat, v1::NatTraversal::rfc_3947, 4},
      {EncapsulationChoice::tunnel, v1::Path::behind_nat, v1::NatTraversal::draft_03, 61443},
      {EncapsulationChoice::transport, v1::Path::behind_nat, v1::NatTraversal::draft_02, 61444},
  };
  for (const auto& [encap, path, by, mode] : cases) {
    policy::DynVpnAction vpn = *make_v1_policy(v1_east(), {.encap = encap})->filter.filters.front().vpn;
    vpn.offers.push_back(vpn.offers.front());
    const auto sa =
        v1::phase2_offer(vpn, {InboundSpi{0x1000}}, {.ends = v1::Ends::of_traffic, .path = path, .nat_traversal = by});
    ASSERT_EQ(sa.proposals.size(), 2u);
    for (const wire::v1::Proposal& proposal : sa.proposals) {
      for (const wire::v1::Transform& transform : proposal.transforms) EXPECT_EQ(transform.find(4), mode);
    }
  }
}

// Shows RFC 3947 5.2-1, 5.2-2, 5.2-3, 5.2-4.
TEST(NatOriginalAddressesV1, AreSentInTransportModeAlone) {
  for (const auto encap : {EncapsulationChoice::transport, EncapsulationChoice::tunnel}) {
    for (const Role role : {Role::initiator, Role::responder}) {  // of phase 1
      Side a = v1_east(), b = v1_west();
      a.encap = b.encap = EncapsulationChoice::transport;  // between the two hosts themselves
      const V1Side v1{.encap = encap};
      End us{a, role, 5, v1}, peer{b, role == Role::initiator ? Role::responder : Role::initiator, 6, v1};
      for (End* end : {&us, &peer}) end->sa.nat_traversal = v1::NatTraversal::rfc_3947;
      us.sa.nat_local = peer.sa.nat_remote = true;
      const ByteString one = us.begun_quick_mode();
      const Seen first = peer.read_first(one);
      peer.receive(one);
      const Seen second = us.read(peer.sent(), us.sa.quick_modes.front()->iv);
      for (const Seen* seen : {&first, &second}) {
        std::vector<wire::v1::NatOriginalAddress> addresses;
        for (const wire::v1::Payload& payload : seen->chain.payloads.items()) {
          const auto* original = std::get_if<wire::v1::NatOriginalAddress>(&payload.body);
          if (original != nullptr) addresses.push_back(*original);
        }
        if (encap == EncapsulationChoice::tunnel) {
          EXPECT_TRUE(addresses.empty());
        } else {
          EXPECT_EQ(addresses,
                    (std::vector<wire::v1::NatOriginalAddress>{{us.sa.local.address}, {peer.sa.local.address}}))
              << "the initiator's of the quick mode first";
        }
      }
    }
  }
}

// Shows RFC 3947 7-1, 7-2.
TEST(NatMappingsV1, AreFollowedByWhoIsNotBehindTheNat) {
  const Endpoint elsewhere{address("203.0.113.9"), 31000}, other_port{address("198.51.100.2"), 31000};
  const struct {
    const char* name;
    bool local, remote;
    Endpoint from;
    bool follows;
  } cases[] = {
      {"no NAT, another address", false, false, elsewhere, false},
      {"no NAT, another port", false, false, other_port, false},
      {"the peer is behind one", false, true, elsewhere, true},
      {"the peer is behind one, another port", false, true, other_port, true},
      {"this side is behind one", true, false, elsewhere, false},
      {"this side is behind one, another port", true, false, other_port, false},
  };
  for (const auto& [name, local, remote, from, follows] : cases) {
    SCOPED_TRACE(name);
    Phase2 net;
    net.us.sa.nat_traversal = v1::NatTraversal::rfc_3947;
    net.us.sa.nat_local = local;
    net.us.sa.nat_remote = remote;
    const Endpoint before = net.us.sa.remote;
    const ByteString octets = net.informational(
        wire::v1::Payloads{}.add(wire::v1::Notify{.protocol = 1, .type = wire::v1::NotifyType{40000}}));
    ByteString forged = octets;
    forged.back() ^= 1;
    for (const ByteString& each : {forged, octets}) {
      EXPECT_EQ(net.us.sa.remote, before);
      const Datagram datagram{.stack = net.us.sa.stack, .local = net.us.sa.local, .remote = from, .octets = each};
      v1::Turn current = net.us.turn();
      v1::receive(current, net.us.sa, datagram, *wire::v1::Header::parse(each));
    }
    EXPECT_EQ(net.us.sa.remote, follows ? from : before);
  }
}

// Shows RFC 3947 6-1, 6-2.
TEST(InitialContactV1, EndsSasOfTheIdentityNotOfTheAddress) {
  // Two hosts behind one NAT: one address, two ports, two identities; west knows a rule for each.
  V1Pair net;
  policy::PolicySnapshot two_rules = *make_v1_policy(net.west_host.side, {});
  policy::KeyExchangeRule second = two_rules.key_exchange.rules.front();
  second.name = "the other";
  const std::string other_name = "203.0.113.5";
  second.remote_identity = {.type = IdentityType::ipv4_addr, .text = other_name, .exact = identity_of(other_name)};
  auto action = *second.action;
  action.bypass_ip_validation = true;
  second.action = std::make_shared<const policy::KeyExchangeAction>(action);
  two_rules.key_exchange.rules.push_back(second);
  net.install();
  net.west_host.feed(PolicyInstalled{std::make_shared<const policy::PolicySnapshot>(two_rules)});
  net.begin();
  net.settle();
  ASSERT_EQ(net.west_host.ike().size(), 1u) << told(net);

  const auto comes = [&](std::uint64_t seed) {
    Host other{net.east_host.side, {}, seed};
    other.now = net.west_host.now = net.west_host.now + Seconds{10};
    policy::PolicySnapshot own = *make_v1_policy(other.side, {});
    own.key_exchange.rules.front().local_identity = identity_of(other_name);
    other.feed(PolicyInstalled{std::make_shared<const policy::PolicySnapshot>(own)});
    other.feed(StackUp{other.stack()});
    other.feed(ActivateRule{other.stack(), "net-to-net"});
    constexpr std::uint16_t outside = 20500;
    for (int i = 0; i < 6; ++i) {
      for (Datagram& sent : std::exchange(other.out, {})) {
        net.west_host.feed(Datagram{.stack = net.west_host.stack(),
                                    .local = sent.remote,
                                    .remote = {sent.local.address, outside},
                                    .octets = sent.octets});
      }
      for (Datagram& sent : std::exchange(net.west_host.out, {})) {
        if (sent.remote.port != outside) continue;
        other.feed(Datagram{
            .stack = other.stack(), .local = {sent.remote.address, 500}, .remote = sent.local, .octets = sent.octets});
      }
    }
    EXPECT_EQ(other.ike().size(), 1u) << other.told() << net.west_host.told();
  };
  comes(77);
  EXPECT_EQ(net.west_host.ike().size(), 2u) << "east's stays: " << net.west_host.told();
  comes(78);
  EXPECT_EQ(net.west_host.ike().size(), 2u) << "and the other's older one goes";
}

}  // namespace
}  // namespace adit::ike
