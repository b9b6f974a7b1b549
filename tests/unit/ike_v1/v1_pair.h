#pragma once
// Two engines whose policies speak IKEv1.

#include "unit/ike_engine/two_engines.h"

namespace adit::ike {

/// What a test of IKEv1 varies on one side, beside Side.
struct V1Side {
  policy::HowToInitiate how = policy::HowToInitiate::main;
  policy::HowToRespondIkeV1 respond = policy::HowToRespondIkeV1::either;
  PrfId hash = PrfId::hmac_sha2_256;
  Minutes ike_least{1}, ike_most{1440}, child_least{1}, child_most{480};
  std::optional<std::uint64_t> ike_lifesize, child_lifesize;
  std::optional<policy::LifesizeLimits> lifesize_accepted;
  policy::EncapsulationChoice encap = policy::EncapsulationChoice::tunnel;
  bool is_bundle = false;  ///< AH with HMAC-SHA-256 around ESP with AES-CBC of 256 bits
};

inline Side v1_east() {
  Side side = east();
  side.groups = {GroupId::ecp_256};
  side.encryption = EncryptionId::aes_cbc;
  return side;
}
inline Side v1_west() {
  Side side = west();
  side.groups = {GroupId::ecp_256};
  side.encryption = EncryptionId::aes_cbc;
  return side;
}

inline policy::PolicyPointer make_v1_policy(const Side& side, const V1Side& v1) {
  policy::PolicySnapshot snapshot = *make_policy(side);
  policy::KeyExchangeAction action = *snapshot.key_exchange.rules.front().action;
  action.how_to_initiate = v1.how;
  action.how_to_respond = v1.respond;
  for (policy::KeyExchangeOffer& offer : action.offers) {
    offer.hash_v1 = v1.hash;
    offer.lifetime_least = v1.ike_least;
    offer.lifetime_most = v1.ike_most;
    offer.lifesize_kbytes = v1.ike_lifesize;
    offer.lifesize_accepted = v1.lifesize_accepted;
  }
  snapshot.key_exchange.rules.front().action = std::make_shared<const policy::KeyExchangeAction>(std::move(action));
  policy::DynVpnAction vpn = *snapshot.filter.filters.front().vpn;
  for (policy::DataOffer& offer : vpn.offers) {
    offer.how_to_encap = v1.encap;
    offer.lifetime_least = v1.child_least;
    offer.lifetime_most = v1.child_most;
    offer.lifesize_kbytes = v1.child_lifesize;
    offer.lifesize_accepted = v1.lifesize_accepted;
    if (!v1.is_bundle) continue;
    offer.ah = true;
    offer.encryption = EncryptionId::aes_cbc;
    offer.key_bits = 256;
    offer.integrity = IntegrityId::hmac_sha2_256_128;
  }
  const auto shared = std::make_shared<const policy::DynVpnAction>(std::move(vpn));
  for (policy::Filter& filter : snapshot.filter.filters) filter.vpn = shared;
  return std::make_shared<const policy::PolicySnapshot>(std::move(snapshot));
}

struct V1Pair : TwoEngines {
  explicit V1Pair(Side a = v1_east(), Side b = v1_west(), V1Side a_v1 = {}, V1Side b_v1 = {},
                  EngineOptions options = {})
      : TwoEngines{std::move(a), std::move(b), options}, east_v1{a_v1}, west_v1{b_v1} {}

  void install() {
    east_host.feed(PolicyInstalled{make_v1_policy(east_host.side, east_v1)});
    west_host.feed(PolicyInstalled{make_v1_policy(west_host.side, west_v1)});
    for (Host* host : {&east_host, &west_host}) host->feed(StackUp{host->stack()});
  }
  void begin() { east_host.feed(ActivateRule{east_host.stack(), "net-to-net"}); }
  void up() {
    install();
    begin();
    settle();
  }

  V1Side east_v1, west_v1;
};

inline std::string told(const TwoEngines& net) { return net.east_host.told() + net.west_host.told(); }

/// An nssd that signs by writing before the octets who signs, and takes such signatures.
inline void give_nssd(Host& host) {
  host.nssd = [](const CertificateRequest& request) -> decltype(CertificateAnswer::answer) {
    if (const auto* sign = std::get_if<contract::Sign>(&request.request)) {
      EXPECT_EQ(sign->version, contract::IkeVersion::v1);
      return contract::Signature{
          .method = AuthMethod::rsa_signature,
          .auth_data = concatenated({as_bytes("signed by "), sign->identity.value, sign->signed_octets}),
          .certificates = {{.encoding = 4, .data = {0x30, 0x00}}}};
    }
    if (const auto* verify = std::get_if<contract::Verify>(&request.request)) {
      EXPECT_EQ(verify->version, contract::IkeVersion::v1);
      EXPECT_EQ(verify->certificates,
                (std::vector<contract::CertificatePayload>{{.encoding = 4, .data = {0x30, 0x00}}}));
      if (verify->auth_data == concatenated({as_bytes("signed by "), verify->identity.value, verify->signed_octets})) {
        return contract::Verified{.subject = "CN=peer"};
      }
      return contract::ServiceRefusal{.kind = contract::ServiceRefusal::Kind::bad_signature, .reason = "not right"};
    }
    return contract::Authorities{};
  };
}

inline void expect_one_v1_tunnel(const TwoEngines& net) {
  ASSERT_EQ(net.east_host.installed.size(), 1u) << told(net);
  ASSERT_EQ(net.west_host.installed.size(), 1u) << told(net);
  const contract::InstallChildSa& a = net.east_host.installed.begin()->second;
  const contract::InstallChildSa& b = net.west_host.installed.begin()->second;
  EXPECT_EQ(a.inbound, b.outbound);
  EXPECT_EQ(a.outbound, b.inbound);
  EXPECT_FALSE(a.inbound == a.outbound);
  EXPECT_EQ(a.inbound_spi.value(), b.outbound_spi.value());
  EXPECT_EQ(a.outbound_spi.value(), b.inbound_spi.value());
  ASSERT_EQ(a.ah.has_value(), b.ah.has_value());
  if (a.ah) {
    EXPECT_EQ(a.ah->inbound_spi.value(), b.ah->outbound_spi.value());
    EXPECT_EQ(a.ah->outbound_spi.value(), b.ah->inbound_spi.value());
    EXPECT_EQ(a.ah->inbound, b.ah->outbound);
    EXPECT_EQ(a.ah->outbound, b.ah->inbound);
    EXPECT_FALSE(a.ah->inbound == a.ah->outbound);
  }
  EXPECT_EQ(a.local_ts, b.remote_ts);
  EXPECT_EQ(a.remote_ts, b.local_ts);
  EXPECT_EQ(a.mode, b.mode);
  EXPECT_EQ(a.transforms, b.transforms);
  for (const Host* host : {&net.east_host, &net.west_host}) {
    ASSERT_EQ(host->ike().size(), 1u) << told(net);
    EXPECT_EQ(host->ike().front().state, IkeState::done);
    EXPECT_EQ(host->ike().front().version, 1u);
    ASSERT_EQ(host->children().size(), 1u);
    EXPECT_EQ(host->children().front().state, ChildState::active);
    EXPECT_EQ(host->children().front().version, 1u);
    EXPECT_EQ(host->engine.statistics().half_open, 0u);
    EXPECT_EQ(host->engine.statistics().open_questions, host->nssd ? 0u : host->asked.size());
  }
}

}  // namespace adit::ike
