// Signatures: what is asked of nssd, and what its answers and its silence lead to.

#include <algorithm>

#include "hand_made_peer.h"

namespace adit::ike {
namespace {

using contract::ServiceRefusal;

Side signing(Side side) {
  side.me = policy::HowToAuthMe::digital_signature;
  side.peers = policy::HowToAuthPeers::signature;
  return side;
}

/// A service whose signature is the octets signed, turned around, so that verifying is comparing.
decltype(CertificateAnswer::answer) honest(const CertificateRequest& request) {
  if (std::holds_alternative<contract::ListAuthorities>(request.request)) {
    return contract::Authorities{std::vector<ByteString>{ByteString(20, 0xca)}};
  }
  if (const auto* sign = std::get_if<contract::Sign>(&request.request)) {
    return contract::Signature{
        AuthMethod::digital_signature,
        {sign->signed_octets.rbegin(), sign->signed_octets.rend()},
        {{.encoding = 4, .data = ByteString(900, 0x30)}, {.encoding = 4, .data = ByteString(900, 0x31)}}};
  }
  const auto& verify = std::get<contract::Verify>(request.request);
  if (ByteString{verify.signed_octets.rbegin(), verify.signed_octets.rend()} != verify.auth_data) {
    return ServiceRefusal{.kind = ServiceRefusal::Kind::bad_signature, .reason = "the signature is wrong"};
  }
  return contract::Verified{"CN=peer"};
}

struct SigningEngines : TwoEngines {
  explicit SigningEngines(Side a = signing(east()), Side b = signing(west())) : TwoEngines{std::move(a), std::move(b)} {
    east_host.nssd = honest;
    west_host.nssd = honest;
  }
};

template <class T>
const T* find_request(const Host& host) {
  for (const CertificateRequest& request : host.asked) {
    if (const T* found = std::get_if<T>(&request.request)) return found;
  }
  return nullptr;
}

/// The reasons of the negotiations that failed, as the operator reads them.
std::vector<std::string> failures(const Host& host) {
  std::vector<std::string> reasons;
  for (const LogRecord& record : host.log) {
    if (record.message != CatalogueId::negotiation_failed) continue;
    for (const LogRecord::Field& field : record.fields) {
      if (field.name == "reason") reasons.push_back(field.value);
    }
  }
  return reasons;
}

// Shows RFC 7296 3.6-1.
TEST(Certificates, ProveBothEndsThroughNssd) {
  SigningEngines net;
  net.activate();
  ASSERT_EQ(net.west_host.installed.size(), 1u) << net.east_host.told() << net.west_host.told();
  EXPECT_EQ(net.east_host.ike().front().remote_auth, AuthMethod::digital_signature);
  const auto* sign = find_request<contract::Sign>(net.east_host);
  ASSERT_NE(sign, nullptr);
  EXPECT_EQ(sign->identity, identity_of("198.51.100.1"));
  EXPECT_EQ(sign->requested_authorities, (std::vector<ByteString>{ByteString(20, 0xca)}))
      << "of the responder's CERTREQ";
  EXPECT_EQ(find_request<contract::Sign>(net.west_host)->requested_authorities.size(), 1u) << "of the initiator's";
  EXPECT_EQ(sign->peer_hashes.size(), 4u);
  const auto* verify = find_request<contract::Verify>(net.west_host);
  ASSERT_NE(verify, nullptr);
  EXPECT_EQ(verify->certificates.size(), 2u);
  EXPECT_EQ(verify->ca_labels, std::vector<std::string>{"ca"});
}

TEST(Certificates, GoInFragmentsWhenTheMessageIsLarge) {
  SigningEngines net;
  net.activate();
  EXPECT_GT(net.carried.size(), 4u);
  for (const Datagram& datagram : net.carried) EXPECT_LE(datagram.octets.size(), EngineOptions{}.fragment_octets);
  EXPECT_EQ(net.east_host.installed.size(), 1u);
}

TEST(Certificates, SurviveFragmentsThatComeTwiceAndTheOtherWayRound) {
  SigningEngines net;
  std::vector<Datagram> seen;
  net.east_host.feed(PolicyInstalled{make_policy(net.east_host.side)});
  net.west_host.feed(PolicyInstalled{make_policy(net.west_host.side)});
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  net.settle([&](Datagram& datagram) {
    seen.push_back(datagram);
    return seen.size() <= 2;  // the IKE_AUTH fragments are held back
  });
  ASSERT_GT(seen.size(), 3u);
  for (auto held = seen.rbegin(); held != seen.rend() - 2; ++held) {
    net.west_host.feed(*held);
    net.west_host.feed(*held);
  }
  net.settle();
  EXPECT_EQ(net.east_host.installed.size(), 1u) << net.east_host.told() << net.west_host.told();
}

// Shows RFC 7296 4-14.
TEST(Certificates, AndASharedKeyMayProveOneEndEach) {
  for (const bool initiator_signs : {true, false}) {
    SCOPED_TRACE(initiator_signs ? "the initiator signs" : "the responder signs");
    Side a = initiator_signs ? signing(east()) : east();
    Side b = initiator_signs ? west() : signing(west());
    (initiator_signs ? a : b).peers = policy::HowToAuthPeers::preshared_key;
    (initiator_signs ? b : a).peers = policy::HowToAuthPeers::signature;
    SigningEngines net{a, b};
    net.activate();
    ASSERT_EQ(net.west_host.installed.size(), 1u) << net.east_host.told() << net.west_host.told();
    const Host& signer = initiator_signs ? net.east_host : net.west_host;
    EXPECT_EQ(signer.ike().front().local_auth, AuthMethod::digital_signature);
    EXPECT_EQ(signer.ike().front().remote_auth, AuthMethod::shared_key);
  }
}

// Shows RFC 7296 1.2-2, 2.21.2-1.
TEST(Certificates, ThatAreNotTrustedEndInAuthenticationFailedAndOneMessage) {
  const ServiceRefusal untrusted{.kind = ServiceRefusal::Kind::bad_chain,
                                 .reason = "the chain ends in no trusted authority",
                                 .offered = "CN=other CA",
                                 .acceptable = "CN=our CA"};
  const auto distrusting = [&](const CertificateRequest& request) -> decltype(CertificateAnswer::answer) {
    if (std::holds_alternative<contract::Verify>(request.request)) return untrusted;
    return honest(request);
  };
  for (const char* who : {"the responder", "the initiator"}) {
    SCOPED_TRACE(who);
    SigningEngines net;
    Host& refusing = who == std::string{"the responder"} ? net.west_host : net.east_host;
    Host& refused = &refusing == &net.west_host ? net.east_host : net.west_host;
    refusing.nssd = distrusting;
    net.activate();
    std::size_t told = 0;
    for (const LogRecord& record : refusing.log) {
      if (record.message != CatalogueId::authentication_failed) continue;
      ++told;
      EXPECT_NE(record.to_string().find("CN=other CA"), std::string::npos);
      EXPECT_NE(record.to_string().find("CN=our CA"), std::string::npos);
    }
    EXPECT_EQ(told, 1u);
    EXPECT_TRUE(refused.has_told(CatalogueId::error_notify_received)) << refused.told();
    net.pass(Seconds{600});
    EXPECT_TRUE(net.east_host.ike().empty());
    EXPECT_TRUE(net.west_host.ike().empty());
    EXPECT_TRUE(net.east_host.installed.empty() && net.west_host.installed.empty());
  }
}

TEST(Certificates, WaitForAnNssdThatIsAwayAndThenFailForThatReason) {
  SigningEngines net;
  net.east_host.nssd = nullptr;
  net.activate();
  EXPECT_EQ(net.east_host.ike().size(), 1u) << "it waits";
  net.pass(Seconds{30});
  EXPECT_EQ(net.east_host.ike().size(), 1u);
  net.pass(Seconds{60});
  EXPECT_EQ(failures(net.east_host),
            std::vector<std::string>{"the certificate service is away: no answer within 60 s"});
  EXPECT_TRUE(net.east_host.ike().empty()) << net.east_host.told();
}

TEST(Certificates, OfAResponderWhoseNssdIsAwayAreWaitedFor) {
  SigningEngines net;
  net.west_host.nssd = nullptr;
  net.activate();
  net.pass(Seconds{5});
  EXPECT_TRUE(net.west_host.has_told(CatalogueId::nss_unavailable)) << "why it does not answer";
  EXPECT_TRUE(net.west_host.ike().empty());
  for (const CertificateRequest& request : std::vector{net.west_host.asked}) {
    net.west_host.feed(CertificateAnswer{request.id, honest(request)});
  }
  net.west_host.nssd = honest;
  net.pass(Seconds{10});
  EXPECT_EQ(net.west_host.installed.size(), 1u) << net.west_host.told();
}

TEST(Certificates, ByANssdThatSaysItIsUnavailableFailAtOnce) {
  SigningEngines net;
  net.east_host.nssd = [](const CertificateRequest&) -> decltype(CertificateAnswer::answer) {
    return ServiceRefusal{.kind = ServiceRefusal::Kind::unavailable, .reason = "not connected"};
  };
  net.activate();
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::nss_unavailable))
      << "no CERTREQ is sent, which a peer may do without";
  EXPECT_EQ(failures(net.east_host), std::vector<std::string>{"the certificate service is away: not connected"});
  EXPECT_TRUE(net.east_host.ike().empty());
}

TEST(Certificates, ThatCannotSignForThisSideAreToldOnceWithTheReason) {
  SigningEngines net;
  net.east_host.nssd = [](const CertificateRequest& request) -> decltype(CertificateAnswer::answer) {
    if (!std::holds_alternative<contract::Sign>(request.request)) return honest(request);
    return ServiceRefusal{.kind = ServiceRefusal::Kind::no_certificate, .reason = "'east': expired"};
  };
  net.activate();
  EXPECT_EQ(failures(net.east_host), std::vector<std::string>{"no signature of ours: 'east': expired"});
  EXPECT_TRUE(net.east_host.ike().empty());
}

TEST(Certificates, NeverAnsweredForLeaveNoQuestionsBehind) {
  SigningEngines net;
  net.west_host.nssd = [](const CertificateRequest& request) { return honest(request); };
  net.activate();
  net.west_host.nssd = {};  // from now on silent
  for (int round = 0; round < 5; ++round) {
    net.east_host.feed(DeactivateIkeTunnel{net.east_host.stack(), std::nullopt});
    net.settle();
    net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
    net.settle();
    EXPECT_EQ(net.west_host.engine.statistics().open_questions, 1u) << "whether the initiator is who it says";
    net.pass(Seconds{700});  // and the authorities are asked for again
  }
  EXPECT_EQ(net.west_host.engine.statistics().ike_sas, 0u) << net.west_host.told();
  EXPECT_LE(net.west_host.engine.statistics().open_questions, 1u) << "for the authorities";
}

TEST(Certificates, AnsweredForAnSaThatIsGoneChangeNothing) {
  SigningEngines net;
  net.east_host.nssd = nullptr;
  net.activate();
  const std::vector<CertificateRequest> open = net.east_host.asked;
  net.pass(Seconds{120});
  for (const CertificateRequest& request : open) net.east_host.feed(CertificateAnswer{request.id, honest(request)});
  EXPECT_TRUE(net.east_host.ike().empty());
}

/// West asked by a peer that sends `payloads` with its signature; what nssd is asked then.
const contract::Verify* verify_asked(Host& host, const std::vector<wire::Body>& further) {
  host.nssd = [](const CertificateRequest&) { return contract::Authorities{}; };
  HandMadePeer peer{host, Role::initiator};
  peer.begin(peer.init_payloads());
  host.nssd = honest;
  wire::Payloads payloads;
  const wire::Payloads whole = peer.auth_payloads();
  for (const wire::Payload& payload : whole.items()) {
    if (payload.type != wire::PayloadType::authentication) payloads.add(payload.type, payload.body);
  }
  payloads.add(wire::Authentication{.method = AuthMethod::digital_signature, .data = ByteString(64, 1)});
  for (const wire::Body& body : further) payloads.add(body);
  host.nssd = nullptr;
  peer.send(peer.sealed(peer.next_header(wire::ExchangeType::ike_auth), wire::build_inner(payloads)));
  return find_request<contract::Verify>(host);
}

TEST(Certificates, AllGoToNssdInTheirOrderTheLeafFirstAndNoMoreThanSixteen) {  // RFC 7296 §3.6
  for (const std::size_t sent : {1u, 3u, 16u, 17u}) {
    Host host{signing(west()), {}, 2};
    std::vector<wire::Body> certificates;
    for (std::size_t i = 0; i < sent; ++i) {
      certificates.emplace_back(
          wire::Certificate{.encoding = 4, .data = ByteString(100, static_cast<std::uint8_t>(i))});
    }
    const contract::Verify* verify = verify_asked(host, certificates);
    ASSERT_NE(verify, nullptr) << host.told();
    ASSERT_EQ(verify->certificates.size(), std::min<std::size_t>(sent, 16));
    for (std::size_t i = 0; i < verify->certificates.size(); ++i) {
      EXPECT_EQ(verify->certificates[i].data, ByteString(100, static_cast<std::uint8_t>(i)));
    }
  }
}

TEST(Certificates, AreChosenByTheHashesOfAllOfThePeersRequests) {  // RFC 7296 §3.7
  Host host{signing(east()), {}, 1};
  host.nssd = honest;
  HandMadePeer peer{host, Role::responder};
  host.feed(ActivateRule{host.stack(), "net-to-net"});
  peer.announce = [](wire::Payloads& payloads) {
    for (const std::uint8_t ca : {std::uint8_t{0xa1}, std::uint8_t{0xa2}}) {
      payloads.add(wire::CertificateRequest{.encoding = 4, .authorities = ByteString(20, ca)});
    }
    payloads.add(wire::CertificateRequest{.encoding = 4, .authorities = ByteString(40, 0xa3)});
  };
  peer.answer_init(peer.take_one());
  const auto* sign = find_request<contract::Sign>(host);
  ASSERT_NE(sign, nullptr) << host.told();
  EXPECT_EQ(sign->requested_authorities, (std::vector<ByteString>{ByteString(20, 0xa1), ByteString(20, 0xa2),
                                                                  ByteString(20, 0xa3), ByteString(20, 0xa3)}));
}

TEST(Reauthentication, OfAnSaThatTheInitiatorIsStillToVerifyWaitsForIt) {
  SigningEngines net;
  net.activate();
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  net.settle([&](const Datagram& arriving) {
    constexpr std::size_t exchange_at = 18;  // of the IKE header (RFC 7296 §3.1); IKE_AUTH is 35
    if (arriving.stack == net.east_host.stack() && arriving.octets.at(exchange_at) == 35) net.east_host.nssd = {};
    return true;
  });
  const CertificateRequest slow = net.east_host.asked.back();
  net.east_host.nssd = honest;
  ASSERT_EQ(net.west_host.ike().size(), 2u);
  const IkeTunnelId unverified = net.west_host.ike().back().tunnel;
  const RefreshIkeTunnel request{net.west_host.stack(), unverified};
  net.west_host.feed(request);
  EXPECT_EQ(net.west_host.answers.back().status, OperatorAnswer::Status::started);
  net.west_host.feed(request);
  EXPECT_EQ(net.west_host.answers.back().status, OperatorAnswer::Status::already);
  net.settle();
  net.pass(Seconds{5});
  EXPECT_EQ(net.west_host.ike().size(), 2u) << "east does not know yet that it has the one that would go";

  net.east_host.feed(CertificateAnswer{slow.id, honest(slow)});
  net.pass(Seconds{20});
  EXPECT_TRUE(net.west_host.has_told(CatalogueId::ike_sa_reauthenticated)) << net.west_host.told();
  EXPECT_EQ(net.east_host.ike().size(), 1u) << net.east_host.told();
  EXPECT_EQ(net.west_host.ike().size(), 1u) << net.west_host.told();
}

TEST(SlowVerification, OfAnSaThatThePeerHasReplacedMeanwhileDoesNotCostTheOneInItsPlace) {
  for (std::uint64_t round = 0; round < 8; ++round) {  // the nonces choose, so either SA
    SCOPED_TRACE(round);
    SigningEngines net;
    for (std::uint64_t i = 0; i < round; ++i) net.east_host.random.number<std::uint64_t>();
    net.activate();
    net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
    net.settle([&](const Datagram& arriving) {
      constexpr std::size_t exchange_at = 18;  // of the IKE header (RFC 7296 §3.1); IKE_AUTH is 35
      if (arriving.stack == net.east_host.stack() && arriving.octets.at(exchange_at) == 35) net.east_host.nssd = {};
      return true;
    });
    ASSERT_FALSE(net.east_host.asked.empty());
    const CertificateRequest slow = net.east_host.asked.back();
    ASSERT_TRUE(std::holds_alternative<contract::Verify>(slow.request));

    net.east_host.nssd = honest;
    net.pass(Seconds{11});  // west asks under the new SA whether east is there, again and again
    net.west_host.feed(RefreshIkeTunnel{net.west_host.stack(), std::nullopt});
    net.settle();
    net.pass(Seconds{5});
    net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});  // so that it is east's to delete
    net.settle();
    net.pass(Seconds{2});
    net.east_host.feed(CertificateAnswer{slow.id, honest(slow)});
    const auto have_one_in_common = [&] {
      return std::ranges::any_of(net.east_host.installed, [&](const auto& here) {
        return std::ranges::any_of(net.west_host.installed, [&](const auto& there) {
          return here.second.inbound_spi.value() == there.second.outbound_spi.value();
        });
      });
    };
    for (int tenth = 0; tenth < 300; ++tenth) {
      net.pass(Duration{100'000});
      ASSERT_TRUE(have_one_in_common()) << net.east_host.told() << net.west_host.told();
    }
    EXPECT_EQ(net.east_host.ike().size(), 1u) << net.east_host.told();
    EXPECT_EQ(net.west_host.ike().size(), 1u) << net.west_host.told();
    EXPECT_EQ(net.east_host.installed.size(), 1u);
    EXPECT_EQ(net.west_host.installed.size(), 1u);
  }
}

}  // namespace
}  // namespace adit::ike
