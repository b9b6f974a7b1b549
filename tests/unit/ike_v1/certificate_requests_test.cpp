// Whom CERTREQs of IKEv1 name, and what becomes of those of a peer (RFC 2408 §3.10, RFC 4945 §3.2).

#include <algorithm>

#include "ike/wire/header.h"
#include "ike/wire/v1/message.h"
#include "v1_pair.h"

namespace adit::ike {
namespace {

using Names = std::vector<ByteString>;
constexpr policy::HowToInitiate both_modes[] = {policy::HowToInitiate::main, policy::HowToInitiate::aggressive};

/// A pair that proves itself by signatures; each end's nssd knows the authorities that the test gives it.
struct SignedPair : V1Pair {
  explicit SignedPair(policy::HowToInitiate how) : V1Pair{by_signature(v1_east()), by_signature(v1_west()), {how}} {}

  static Side by_signature(Side side) {
    side.me = policy::HowToAuthMe::rsa_signature;
    side.peers = policy::HowToAuthPeers::signature;
    return side;
  }
  static void give_names(Host& host, Names names) {
    give_nssd(host);
    host.nssd = [signing = host.nssd, names](const CertificateRequest& request) -> decltype(CertificateAnswer::answer) {
      if (!std::holds_alternative<contract::ListAuthorities>(request.request)) return signing(request);
      return contract::Authorities{.key_hashes = Names(names.size(), ByteString(20, 1)), .subjects = names};
    };
  }
  /// Names that nssd was told when it signed for a host; nothing when it was not asked to.
  static std::optional<Names> named_to(const Host& host) {
    for (const CertificateRequest& request : host.asked) {
      if (const auto* sign = std::get_if<contract::Sign>(&request.request)) return sign->requested_subjects;
    }
    return std::nullopt;
  }
};

wire::v1::Chain chain_of(const Datagram& datagram, const wire::v1::Header& header) {
  return *wire::v1::parse_chain(header.next_payload, Bytes{datagram.octets}.subspan(wire::header_size),
                                wire::v1::Origin::clear);
}

Names requests_in(const Datagram& datagram) {
  Names names;
  const wire::v1::Chain chain = chain_of(datagram, *wire::v1::Header::parse(datagram.octets));
  for (const wire::v1::Payload& payload : chain.payloads.items()) {
    const auto* request = std::get_if<wire::CertificateRequest>(&payload.body);
    if (request == nullptr) continue;
    EXPECT_EQ(request->encoding, 4) << "X.509 Certificate - Signature";
    names.push_back(request->authorities);
  }
  return names;
}

/// A message in clear with other requests: no hash covers them.
void replace_requests(Datagram& datagram, const std::vector<wire::CertificateRequest>& requests) {
  const auto header = *wire::v1::Header::parse(datagram.octets);
  const wire::v1::Chain chain = chain_of(datagram, header);
  wire::v1::Payloads payloads;
  for (const wire::v1::Payload& payload : chain.payloads.items()) {
    if (payload.type != wire::v1::PayloadType::certificate_request) payloads.add(payload.type, payload.body);
  }
  for (const wire::CertificateRequest& request : requests) payloads.add(request);
  datagram.octets = wire::v1::build_message(header, payloads);
}

Names numbered(std::uint8_t count) {
  Names names;
  for (std::uint8_t i = 0; i < count; ++i) names.push_back({0x30, 1, i});
  return names;
}

const ByteString ours{0x30, 0x02, 0x31, 0x00}, theirs{0x30, 0x01, 0x05}, others{0x30, 0x01, 0x06};

// Shows RFC 2408 3.10-4.
TEST(CertificateRequestsV1, NameEachAuthorityOnceAndTellTheOtherNssdInBothModes) {
  for (const auto how : both_modes) {
    SignedPair net{how};
    SignedPair::give_names(net.east_host, {ours});
    SignedPair::give_names(net.west_host, {theirs, others, theirs});
    net.up();
    expect_one_v1_tunnel(net);
    // In its answer of aggressive mode west has not seen yet that east is there: it asks for any.
    const bool is_known = how == policy::HowToInitiate::main;
    EXPECT_EQ(SignedPair::named_to(net.east_host), (is_known ? Names{theirs, others} : Names{}));
    EXPECT_EQ(SignedPair::named_to(net.west_host), Names{ours});
    net.east_host.asked.clear();
    net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
    net.settle();
    EXPECT_EQ(SignedPair::named_to(net.east_host), (Names{theirs, others})) << "where it is known";
  }
}

TEST(CertificateRequestsV1, OfTheInitiatorOfMainModeAreReadByThePeerAlone) {
  SignedPair net{policy::HowToInitiate::main};
  SignedPair::give_names(net.east_host, {ours});
  SignedPair::give_names(net.west_host, {theirs});
  net.up();
  expect_one_v1_tunnel(net);
  ASSERT_EQ(net.carried.size(), 9u);
  EXPECT_TRUE(requests_in(net.carried[2]).empty()) << "message 3";
  EXPECT_EQ(requests_in(net.carried[3]), Names{theirs}) << "message 4";
}

TEST(CertificateRequestsV1, AskForAnyWhereNamesAreNotKnownOrTooMany) {
  const struct {
    const char* name;
    Names known;
    Names want;
  } cases[] = {
      {"nssd knows no authority", {}, {{}}},
      {"one", {ours}, {ours}},
      {"as many as are sent", numbered(32), numbered(32)},
      {"more", numbered(33), {{}}},
      {"long names", {ByteString(2048, 1), ByteString(2048, 2)}, {ByteString(2048, 1), ByteString(2048, 2)}},
      {"longer names", {ByteString(2048, 1), ByteString(2049, 2)}, {{}}},
  };
  for (const auto& [name, known, want] : cases) {
    SCOPED_TRACE(name);
    SignedPair net{policy::HowToInitiate::aggressive};
    SignedPair::give_names(net.east_host, known);
    SignedPair::give_names(net.west_host, {});
    net.install();
    net.begin();
    ASSERT_EQ(net.east_host.out.size(), 1u);
    EXPECT_EQ(requests_in(net.east_host.out.front()), want);
    net.settle();
    expect_one_v1_tunnel(net);
  }
}

TEST(CertificateRequestsV1, DoNotComeWhereSharedKeysProve) {
  for (const auto how : both_modes) {
    V1Pair net{v1_east(), v1_west(), {how}};
    net.up();
    expect_one_v1_tunnel(net);
    const auto in_clear = how == policy::HowToInitiate::main ? 4u : 2u;
    for (std::size_t i = 0; i < in_clear; ++i) EXPECT_TRUE(requests_in(net.carried[i]).empty());
  }
}

TEST(CertificateRequestsV1, OfAPeerAreKeptWithinBounds) {
  constexpr std::uint8_t pkcs7 = 1, x509 = 4, crl = 7;
  const struct {
    const char* name;
    std::vector<std::pair<std::uint8_t, Names>> asked;
    Names want;
  } cases[] = {
      {"some", {{x509, {theirs, others}}}, {theirs, others}},
      {"an empty one means any", {{x509, {theirs, {}, others}}}, {}},
      {"PKCS #7 means the same", {{pkcs7, {theirs}}}, {theirs}},
      {"a CRL is nobody's name", {{crl, {theirs}}, {x509, {others}}}, {others}},
      {"as many as are kept", {{x509, numbered(32)}}, numbered(32)},
      {"more", {{x509, numbered(33)}}, {}},
      {"too long", {{x509, {ByteString(4000, 1), ByteString(97, 2)}}}, {}},
  };
  for (const auto& [name, asked, want] : cases) {
    SCOPED_TRACE(name);
    std::vector<wire::CertificateRequest> requests;
    for (const auto& [encoding, names] : asked) {
      for (const ByteString& authority : names) requests.push_back({.encoding = encoding, .authorities = authority});
    }
    for (const auto how : both_modes) {
      SignedPair net{how};
      SignedPair::give_names(net.east_host, {});
      SignedPair::give_names(net.west_host, {});
      net.install();
      net.begin();
      // Message 1 of aggressive mode to west, message 4 of main mode to east.
      const std::size_t changed = how == policy::HowToInitiate::main ? 4 : 1;
      std::size_t seen = 0;
      net.settle([&](Datagram& datagram) {
        if (++seen == changed) replace_requests(datagram, requests);
        return true;
      });
      expect_one_v1_tunnel(net);
      const Host& asking = how == policy::HowToInitiate::main ? net.east_host : net.west_host;
      EXPECT_EQ(SignedPair::named_to(asking), want);
    }
  }
}

TEST(CertificateRequestsV1, AreWhatCertificatesAnswer) {
  for (const auto how : both_modes) {
    SignedPair net{how};
    SignedPair::give_names(net.east_host, {});
    SignedPair::give_names(net.west_host, {});
    Host& verifier = how == policy::HowToInitiate::main ? net.west_host : net.east_host;
    std::vector<std::size_t> certificates;
    verifier.nssd = [&, signing =
                            verifier.nssd](const CertificateRequest& request) -> decltype(CertificateAnswer::answer) {
      const auto* verify = std::get_if<contract::Verify>(&request.request);
      if (verify == nullptr) return signing(request);
      certificates.push_back(verify->certificates.size());
      return contract::Verified{.subject = "CN=peer, known by other means"};
    };
    net.install();
    net.begin();
    const std::size_t changed = how == policy::HowToInitiate::main ? 4 : 1;
    std::size_t seen = 0;
    net.settle([&](Datagram& datagram) {
      if (++seen == changed) replace_requests(datagram, {});
      return true;
    });
    expect_one_v1_tunnel(net);
    EXPECT_EQ(certificates, std::vector<std::size_t>{0}) << "who asks for none gets none (RFC 4945 §3.3.6)";
  }
}

TEST(CertificateRequestsV1, WaitForNssdFiveSecondsAndThenAskForAny) {
  for (const auto how : both_modes) {
    SignedPair net{how};
    net.install();  // both nssds are asked, and neither answers
    SignedPair::give_names(net.east_host, {ours});
    SignedPair::give_names(net.west_host, {theirs});
    net.begin();
    net.settle();
    EXPECT_TRUE(net.east_host.installed.empty());
    const std::size_t before = net.carried.size();
    EXPECT_EQ(before, how == policy::HowToInitiate::main ? 3u : 0u) << told(net);
    net.pass(Seconds{4});
    EXPECT_TRUE(net.east_host.installed.empty());
    net.pass(Seconds{12});
    ASSERT_EQ(net.east_host.installed.size(), 1u) << told(net);
    EXPECT_EQ(SignedPair::named_to(net.east_host), Names{});
    EXPECT_EQ(SignedPair::named_to(net.west_host), Names{});
  }
}

TEST(CertificateRequestsV1, GoOnWithTheAnswerOfNssdAndTakeItOnce) {
  SignedPair net{policy::HowToInitiate::aggressive};
  net.install();
  ASSERT_EQ(net.east_host.asked.size(), 1u);
  const RequestId open = net.east_host.asked.front().id;
  SignedPair::give_names(net.east_host, {ours});
  SignedPair::give_names(net.west_host, {theirs});
  net.begin();
  EXPECT_TRUE(net.east_host.out.empty());
  for (int i = 0; i < 2; ++i) {
    net.east_host.feed(CertificateAnswer{open, contract::Authorities{.key_hashes = {}, .subjects = {ours}}});
    ASSERT_EQ(net.east_host.out.size(), 1u);
  }
  EXPECT_EQ(requests_in(net.east_host.out.front()), Names{ours});
}

TEST(CertificateRequestsV1, AskForAnyWhereNssdRefuses) {
  for (const auto how : both_modes) {
    SignedPair net{how};
    for (Host* host : {&net.east_host, &net.west_host}) {
      give_nssd(*host);
      host->nssd = [signing = host->nssd](const CertificateRequest& request) -> decltype(CertificateAnswer::answer) {
        if (!std::holds_alternative<contract::ListAuthorities>(request.request)) return signing(request);
        return contract::ServiceRefusal{.kind = contract::ServiceRefusal::Kind::unavailable, .reason = "away"};
      };
    }
    net.up();
    expect_one_v1_tunnel(net);
    EXPECT_EQ(SignedPair::named_to(net.east_host), Names{});
  }
}

}  // namespace
}  // namespace adit::ike
