// A tunnel of IKEv1 comes up in each mode, under each method, over a network that loses and repeats.

#include <algorithm>

#include "v1_pair.h"

namespace adit::ike {
namespace {

constexpr auto rule = "net-to-net";

// Shows RFC 2409 4-12, 5-1, 5-3.
TEST(HandshakeV1, IsMainModeAndQuickMode) {
  V1Pair net;
  net.up();
  expect_one_v1_tunnel(net);
  EXPECT_EQ(net.carried.size(), 9u) << "six messages of main mode, three of quick mode (RFC 2409 §5, §5.5)";
  for (const Host* host : {&net.east_host, &net.west_host}) {
    const IkeTunnelView view = host->ike().front();
    EXPECT_EQ(view.mode, ExchangeMode::main);
    EXPECT_EQ(view.local_auth, AuthMethod::shared_key);
    EXPECT_EQ(view.remote_auth, AuthMethod::shared_key);
    EXPECT_EQ(view.lifetime, Minutes{480});
    EXPECT_TRUE(view.refresh_at && *view.refresh_at < *view.expires_at);
  }
}

TEST(HandshakeV1, IsAggressiveModeWherePolicySaysSo) {
  V1Pair net{v1_east(), v1_west(), {.how = policy::HowToInitiate::aggressive}};
  net.up();
  expect_one_v1_tunnel(net);
  EXPECT_EQ(net.carried.size(), 7u) << "three messages, INITIAL-CONTACT under the SA, three of quick mode";
  EXPECT_EQ(net.west_host.ike().front().mode, ExchangeMode::aggressive);
  // Whoever records the answer can try out keys: told once a tunnel.
  const auto warnings = [&] {
    return std::ranges::count(net.west_host.log, CatalogueId::v1_aggressive_shared_key, &LogRecord::message);
  };
  EXPECT_EQ(warnings(), 1);
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  EXPECT_EQ(net.west_host.ike().size(), 2u) << "the older one stays until west is known to have message 3";
  net.pass(Seconds{2});
  EXPECT_EQ(net.west_host.ike().size(), 1u);
  EXPECT_EQ(net.east_host.ike().size(), 1u);
  EXPECT_EQ(warnings(), 1);
}

// Shows RFC 2409 4-17, 5-9,
// RFC 2408 1.5.3-2, 3.9-1, 3.10-3, 5.9-1.
TEST(HandshakeV1, IsProvedBySignaturesInBothModes) {
  for (const auto how : {policy::HowToInitiate::main, policy::HowToInitiate::aggressive}) {
    Side a = v1_east(), b = v1_west();
    for (Side* side : {&a, &b}) {
      side->me = policy::HowToAuthMe::rsa_signature;
      side->peers = policy::HowToAuthPeers::signature;
    }
    V1Pair net{a, b, {.how = how}};
    give_nssd(net.east_host);
    give_nssd(net.west_host);
    net.up();
    expect_one_v1_tunnel(net);
    EXPECT_EQ(net.east_host.ike().front().local_auth, AuthMethod::rsa_signature);
    EXPECT_EQ(net.carried.size(), how == policy::HowToInitiate::main ? 9u : 7u)
        << "certificate requests make it no longer";
  }
}

TEST(HandshakeV1, TellsWhoDoesNotSignRight) {
  Side a = v1_east(), b = v1_west();
  for (Side* side : {&a, &b}) {
    side->me = policy::HowToAuthMe::ecdsa_256;
    side->peers = policy::HowToAuthPeers::signature;
  }
  V1Pair net{a, b};
  give_nssd(net.east_host);
  give_nssd(net.west_host);
  const auto honest = net.east_host.nssd;
  net.east_host.nssd = [honest](const CertificateRequest& request) {
    auto answer = honest(request);
    if (auto* signature = std::get_if<contract::Signature>(&answer)) signature->auth_data.back() ^= 1;
    return answer;
  };
  net.up();
  EXPECT_TRUE(net.west_host.has_told(CatalogueId::authentication_failed)) << told(net);
  EXPECT_TRUE(net.west_host.installed.empty());
  EXPECT_TRUE(net.west_host.ike().empty());
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::error_notify_received)) << told(net);
  net.pass(Seconds{300});
  EXPECT_TRUE(net.east_host.ike().empty()) << "nobody answers its proof";
  EXPECT_EQ(net.east_host.engine.statistics().inbound_spis, 0u);
}

// Shows RFC 2409 4-10, 4-11, 4-13, 4-14, 4-19.
TEST(HandshakeV1, WorksWithEachGroupCipherAndHash) {
  for (const GroupId group : {GroupId::modp_768, GroupId::modp_1024, GroupId::modp_2048, GroupId::ecp_384}) {
    for (const EncryptionId encryption : {EncryptionId::aes_cbc, EncryptionId::triple_des}) {
      for (const PrfId hash : {PrfId::hmac_md5, PrfId::hmac_sha1, PrfId::hmac_sha2_512}) {
        SCOPED_TRACE(to_string(group) + " " + to_string(encryption, 256) + " " + to_string(hash));
        Side a = v1_east(), b = v1_west();
        for (Side* side : {&a, &b}) {
          side->groups = {group};
          side->encryption = encryption;
          side->key_bits = encryption == EncryptionId::aes_cbc ? 256 : 192;
        }
        V1Pair net{a, b, {.hash = hash}, {.hash = hash}};
        net.up();
        expect_one_v1_tunnel(net);
      }
    }
  }
}

// Shows RFC 2409 5.5-4.
TEST(HandshakeV1, MakesKeysOfItsOwnWithPfs) {
  Side a = v1_east(), b = v1_west();
  a.pfs = b.pfs = GroupId::ecp_256;
  V1Pair net{a, b};
  net.up();
  expect_one_v1_tunnel(net);
  EXPECT_EQ(net.east_host.children().front().group, GroupId::ecp_256);
}

TEST(HandshakeV1, CarriesEachProtectionThatIkeV1Has) {
  for (const EncryptionId encryption : {EncryptionId::aes_cbc, EncryptionId::aes_gcm_16, EncryptionId::aes_ctr}) {
    Side a = v1_east(), b = v1_west();
    a.data_encryption = b.data_encryption = encryption;
    V1Pair net{a, b};
    net.up();
    expect_one_v1_tunnel(net);
    EXPECT_TRUE(net.east_host.children().front().transforms.extended_sequence_numbers) << "RFC 4304 §2.1";
  }
}

TEST(HandshakeV1, IsInTransportModeBetweenHosts) {
  Side a = v1_east(), b = v1_west();
  a.encap = b.encap = policy::EncapsulationChoice::transport;
  const V1Side transport{.encap = policy::EncapsulationChoice::transport};
  V1Pair net{a, b, transport, transport};
  net.up();
  expect_one_v1_tunnel(net);
  EXPECT_EQ(net.east_host.children().front().mode, contract::EncapsulationMode::transport);
}

TEST(HandshakeV1, ComesUpWhicheverMessageIsLost) {
  for (const auto how : {policy::HowToInitiate::main, policy::HowToInitiate::aggressive}) {
    const std::size_t messages = how == policy::HowToInitiate::main ? 9 : 6;
    for (std::size_t lost = 0; lost < messages; ++lost) {
      SCOPED_TRACE("message " + std::to_string(lost + 1) + " of " + std::to_string(messages));
      V1Pair net{v1_east(), v1_west(), {.how = how}};
      net.install();
      net.begin();
      std::size_t count = 0;
      net.settle([&](Datagram&) { return count++ != lost; });
      net.pass(Seconds{20});
      expect_one_v1_tunnel(net);
    }
  }
}

TEST(HandshakeV1, AnswersARepetitionByteForByte) {
  V1Pair net;
  net.install();
  net.begin();
  std::vector<Datagram> first;
  net.settle([&](Datagram& datagram) {
    first.push_back(datagram);
    return true;
  });
  expect_one_v1_tunnel(net);
  ASSERT_EQ(first.size(), 9u);
  // Messages 5 and 6 of main mode, 2 and 3 of quick mode: who sent the last one may be asked for it again.
  net.west_host.feed(Datagram{first[4]});
  ASSERT_EQ(net.west_host.out.size(), 1u);
  EXPECT_EQ(net.west_host.out.front().octets, first[5].octets);
  net.west_host.out.clear();
  net.east_host.feed(Datagram{first[7]});
  ASSERT_EQ(net.east_host.out.size(), 1u);
  EXPECT_EQ(net.east_host.out.front().octets, first[8].octets);
  net.east_host.out.clear();
  // What is older is not answered at all, and a repetition of the last message changes nothing.
  for (const std::size_t old : {0u, 2u, 6u}) net.west_host.feed(Datagram{first[old]});
  net.west_host.feed(Datagram{first[8]});
  EXPECT_EQ(net.west_host.installed.size(), 1u);
  EXPECT_EQ(net.west_host.engine.statistics().child_sas, 1u);
}

TEST(HandshakeV1, ComesUpOverANetworkThatRepeatsAndReordersEverything) {
  V1Pair net;
  net.install();
  net.begin();
  std::vector<Datagram> again;
  net.settle([&](Datagram& datagram) {
    again.push_back(datagram);
    if (again.size() > 1) {
      Host& host = again[again.size() - 2].stack == net.east_host.stack() ? net.east_host : net.west_host;
      host.feed(Datagram{again[again.size() - 2]});
    }
    return again.size() < 200;
  });
  net.pass(Seconds{20});
  expect_one_v1_tunnel(net);
}

TEST(HandshakeV1, BeginsFromBothEndsAtOnceAndKeepsOneTunnel) {
  V1Pair net;
  net.install();
  net.begin();
  net.west_host.feed(ActivateRule{net.west_host.stack(), rule});
  net.settle();
  net.pass(Seconds{60});
  EXPECT_EQ(net.east_host.installed.size(), 1u) << told(net);
  EXPECT_EQ(net.west_host.installed.size(), 1u) << told(net);
  EXPECT_EQ(net.east_host.installed.begin()->second.inbound_spi.value(),
            net.west_host.installed.begin()->second.outbound_spi.value());
}

}  // namespace
}  // namespace adit::ike
