// What RFC 2407 and RFC 4304 ask of proposals, identities and status messages.

#include "crypto/ike_keys.h"
#include "ike/v1/attributes.h"
#include "ike/v1/informational.h"
#include "lone_pair.h"

namespace adit::ike {
namespace {

using P = wire::v1::PayloadType;
using wire::v1::attribute_of;
using wire::v1::NotifyType;
using wire::v1::Transform;

constexpr std::uint16_t life_type = 1, life_duration = 2, mode = 4, integrity = 5, key_length = 6, extended = 11;
constexpr v1::Phase2Terms gateways{.ends = v1::Ends::gateways};

policy::DynVpnAction vpn_with(EncryptionId encryption, unsigned bits, IntegrityId hash, bool is_ah = false) {
  policy::DynVpnAction vpn = *make_v1_policy(v1_east(), {})->filter.filters.front().vpn;
  policy::DataOffer& offer = vpn.offers.front();
  offer.ah = is_ah;
  offer.encryption = encryption;
  offer.key_bits = bits;
  offer.integrity = hash;
  return vpn;
}

// Shows RFC 2407 4.4.1.2-1, 4.4.3-1, 4.4.3.1-1, 4.4.3.2-1, 4.4.4-1, 4.4.4.11-1, 4.5-1, 4.5-3, 4.5-4, 4.5-5, 4.5-6.
// RFC 4304 2-1.
TEST(DoiProposals, HaveTheNumbersAndAttributesOfTheirAlgorithms) {
  const struct {
    const char* name;
    EncryptionId encryption;
    unsigned bits;
    IntegrityId hash;
    bool is_ah;
    std::uint8_t transform;
    std::optional<std::uint64_t> auth, length;
  } cases[] = {
      {"AH by MD5", EncryptionId::none, 0, IntegrityId::hmac_md5_96, true, 2, 1, {}},
      {"AH by SHA", EncryptionId::none, 0, IntegrityId::hmac_sha1_96, true, 3, 2, {}},
      {"AH by SHA2-256", EncryptionId::none, 0, IntegrityId::hmac_sha2_256_128, true, 5, 5, {}},
      {"ESP of NULL with SHA", EncryptionId::null, 0, IntegrityId::hmac_sha1_96, false, 11, 2, {}},
      {"ESP of 3DES with MD5", EncryptionId::triple_des, 192, IntegrityId::hmac_md5_96, false, 3, 1, {}},
      {"ESP of AES with SHA2-512", EncryptionId::aes_cbc, 256, IntegrityId::hmac_sha2_512_256, false, 12, 7, 256},
      {"ESP of AES-GCM alone", EncryptionId::aes_gcm_16, 128, IntegrityId::none, false, 20, {}, 128},
      {"ESP of AES without authentication", EncryptionId::aes_cbc, 128, IntegrityId::none, false, 12, {}, 128},
  };
  for (const auto& [name, encryption, bits, hash, is_ah, id, auth, length] : cases) {
    SCOPED_TRACE(name);
    const policy::DynVpnAction vpn = vpn_with(encryption, bits, hash, is_ah);
    const auto offer = v1::phase2_offer(vpn, {InboundSpi{0x1000}}, gateways);
    ASSERT_EQ(offer.proposals.size(), 1u);
    EXPECT_EQ(offer.proposals.front().protocol, is_ah ? 2 : 3);
    for (const Transform& transform : offer.proposals.front().transforms) {
      EXPECT_EQ(transform.id, id);
      EXPECT_EQ(transform.find(integrity), auth);
      EXPECT_EQ(transform.find(key_length), length);
      for (const wire::Attribute& each : transform.attributes) {
        EXPECT_TRUE(each.is_short || each.type == life_duration) << "attribute " << each.type;
      }
    }
    EXPECT_TRUE(v1::choose_phase2(vpn, offer, {InboundSpi{0x2000}}, gateways));
  }
}

// Shows RFC 4868 2.1.1-1, 2.1.1-2, 2.3-1.
TEST(DoiProposals, TakeKeysOfHmacSha2AsLongAsItsOutputAndSendHalfOfThat) {
  const struct {
    IntegrityId id;
    PrfId hash;
  } cases[] = {{IntegrityId::hmac_sha2_256_128, PrfId::hmac_sha2_256},
               {IntegrityId::hmac_sha2_384_192, PrfId::hmac_sha2_384},
               {IntegrityId::hmac_sha2_512_256, PrfId::hmac_sha2_512}};
  for (const auto& [id, hash] : cases) {
    const std::size_t output = crypto::Prf::find(hash)->output_size();
    EXPECT_EQ(crypto::child_key_sizes(EncryptionId::aes_cbc, 256, id)->integrity, output);
    EXPECT_EQ(find(id)->icv * 2, output);
    // No attribute says another length: one that does is that of the cipher, or none of ours.
    const policy::DynVpnAction vpn = vpn_with(EncryptionId::none, 0, id, true);
    auto offer = v1::phase2_offer(vpn, {InboundSpi{0x1000}}, gateways);
    EXPECT_TRUE(v1::choose_phase2(vpn, offer, {InboundSpi{0x2000}}, gateways));
    for (Transform& transform : offer.proposals.front().transforms) {
      transform.attributes.push_back(attribute_of(key_length, 128));
    }
    EXPECT_FALSE(v1::choose_phase2(vpn, offer, {InboundSpi{0x2000}}, gateways));
  }
}

// Shows RFC 2407 4.5-2, 4.5.1-1, 4.5.2-1, 4.5.2-3, 4.5.3-2.
// RFC 4304 3-2, 3-3.
TEST(DoiProposals, AreTakenWithSoundAttributesAlone) {
  const policy::DynVpnAction vpn = vpn_with(EncryptionId::aes_cbc, 256, IntegrityId::hmac_sha2_256_128);
  const auto seconds = [](std::uint32_t value) {
    return std::vector{attribute_of(life_type, 1), attribute_of(life_duration, value)};
  };
  const std::vector<wire::Attribute> rest{attribute_of(mode, 1), attribute_of(integrity, 5),
                                          attribute_of(key_length, 256)};
  const struct {
    const char* name;
    std::vector<wire::Attribute> life, more;
    bool is_taken;
  } cases[] = {
      {"lifetime, integrity and key length", seconds(3600), {}, true},
      {"no lifetime: eight hours", {}, {}, true},
      {"extended sequence numbers", seconds(3600), {attribute_of(extended, 1)}, true},
      {"extended sequence numbers of the reserved value", seconds(3600), {attribute_of(extended, 0)}, false},
      {"extended sequence numbers of no value", seconds(3600), {attribute_of(extended, 2)}, false},
      {"an integrity said twice", seconds(3600), {attribute_of(integrity, 5)}, true},
      {"two integrities", seconds(3600), {attribute_of(integrity, 2)}, false},
      {"two modes", seconds(3600), {attribute_of(mode, 2)}, false},
      {"two key lengths", seconds(3600), {attribute_of(key_length, 128)}, false},
      {"an attribute that is not supported (compression)", seconds(3600), {attribute_of(8, 1)}, false},
      {"an attribute that no RFC names", seconds(3600), {attribute_of(99, 1)}, false},
      {"a duration before its type", {attribute_of(life_duration, 3600), attribute_of(life_type, 1)}, {}, false},
      {"a duration without a type", {attribute_of(life_duration, 3600)}, {}, false},
      {"a type without a duration", {attribute_of(life_type, 1)}, {}, false},
      {"seconds twice", seconds(3600), seconds(7200), false},
      {"a type that no RFC names", {attribute_of(life_type, 3), attribute_of(life_duration, 3600)}, {}, false},
  };
  for (const auto& [name, life, more, is_taken] : cases) {
    SCOPED_TRACE(name);
    auto offer = v1::phase2_offer(vpn, {InboundSpi{0x1000}}, gateways);
    auto& transforms = offer.proposals.front().transforms;
    transforms.resize(1);
    transforms.front().attributes = life;
    for (const auto* list : {&rest, &more}) {
      transforms.front().attributes.insert(transforms.front().attributes.end(), list->begin(), list->end());
    }
    const auto chosen = v1::choose_phase2(vpn, offer, {InboundSpi{0x2000}}, gateways);
    EXPECT_EQ(chosen.has_value(), is_taken);
  }
  // Seconds and kilobytes are no conflict: the one attribute that stands there twice by right.
  policy::DynVpnAction with_size = vpn;
  with_size.offers.front().lifesize_kbytes = 5000;
  with_size.offers.front().lifesize_accepted = policy::LifesizeLimits{5000, 5000};
  const auto both = v1::choose_phase2(with_size, v1::phase2_offer(with_size, {InboundSpi{0x1000}}, gateways),
                                      {InboundSpi{0x2000}}, gateways);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->choice.lifetime, Seconds{Minutes{240}});
  EXPECT_EQ(both->choice.lifesize_kbytes, 5000u);
}

// Shows RFC 2407 4.2.1-1, 4.2.2-1, 4.2.3-1, 4.4.1.1-1, 4.4.2.1-1.
TEST(DoiPhase1, IsOfIdentitiesAloneUnderIsakmpAndKeyIke) {
  const auto offer = v1::phase1_offer(make_v1_policy(v1_east(), {})->key_exchange.rules.front());
  EXPECT_EQ(offer.doi, 1u);
  EXPECT_EQ(offer.situation, 1u) << "SIT_IDENTITY_ONLY, and no label";
  EXPECT_EQ(offer.proposals.front().protocol, 1) << "PROTO_ISAKMP";
  EXPECT_EQ(offer.proposals.front().transforms.front().id, 1) << "KEY_IKE";
  Phase1 net;
  net.main_mode();
  EXPECT_EQ(net.fifth->chain.payloads.count(P::identification), 1u);
  EXPECT_EQ(net.sixth->chain.payloads.count(P::identification), 1u);
}

// Shows RFC 2407 4.2.1-2, 4.2.2-3, 4.2.3-3, 4.6.2-2, 4.6.2-3, 4.6.2-4.
TEST(DoiPhase1, EndsWithoutAnIdentityOfThePeer) {
  const struct {
    const char* name;
    std::vector<wire::v1::Identification> ids;
    bool comes_up;
  } cases[] = {
      {"none", {}, false},
      {"as it is sent", {{.type = wire::v1::IdType::ipv4_addr, .value = {198, 51, 100, 1}}}, true},
      {"with UDP 500",
       {{.type = wire::v1::IdType::ipv4_addr, .protocol = 17, .port = 500, .value = {198, 51, 100, 1}}},
       true},
      {"with another port",
       {{.type = wire::v1::IdType::ipv4_addr, .protocol = 17, .port = 80, .value = {198, 51, 100, 1}}},
       false},
      {"with another protocol",
       {{.type = wire::v1::IdType::ipv4_addr, .protocol = 6, .value = {198, 51, 100, 1}}},
       false},
  };
  for (const auto& [name, ids, comes_up] : cases) {
    SCOPED_TRACE(name);
    Phase1 net;
    const std::vector<ByteString> sent = net.main_mode(5);
    v1::Establishing& establishing = *net.peer.sa.establishing;
    wire::v1::Payloads payloads;
    ByteString id_body;
    for (const auto& id : ids) {
      payloads.add(id);
      Writer out;
      id.build(out);
      id_body = std::move(out).take();
    }
    Writer cookies;
    cookies.u64(net.peer.sa.initiator_cookie.value());
    cookies.u64(net.peer.sa.responder_cookie.value());
    const Secret hash = (*crypto::Prf::find(PrfId::hmac_sha2_256))(
        establishing.keys->skeyid,
        {establishing.gxi, establishing.gxr, cookies.written(), establishing.sa_body, id_body});
    payloads.add(wire::v1::Hash{{hash.reveal().begin(), hash.reveal().end()}});
    ByteString iv = net.peer.sa.iv;
    net.peer.receive(v1::sealed(
        net.peer.sa, v1::header_of(net.peer.sa, wire::ExchangeType::identity_protection, MessageId{0}), payloads, iv));
    EXPECT_EQ(net.peer.sa.state == v1::Phase1State::established, comes_up);
    EXPECT_EQ(net.peer.has_told(CatalogueId::v1_message_dropped), !comes_up);
  }
  for (const std::uint8_t situation : ByteString{2, 3, 4, 5}) {  // with SIT_SECRECY or SIT_INTEGRITY
    Phase1 net;
    ByteString first = net.us.begun_phase_1();
    constexpr std::size_t last_of_situation = 28 + 4 + 7;
    first[last_of_situation] = situation;
    const auto header = *wire::v1::Header::parse(first);
    EXPECT_FALSE(wire::v1::parse_chain(header.next_payload, Bytes{first}.subspan(28), wire::v1::Origin::clear));
  }
}

// Shows RFC 2407 4.6.3-1, 4.6.3-3, 4.6.3.3-1, 4.6.3.3-2.
TEST(DoiStatus, InitialContactComesProtectedWithTheLastExchangeOfMainMode) {
  Phase1 net;
  net.main_mode();
  const auto& notify = net.fifth->the<wire::v1::Notify>();
  Writer cookies;
  cookies.u64(net.us.sa.initiator_cookie.value());
  cookies.u64(net.us.sa.responder_cookie.value());
  EXPECT_EQ(notify, (wire::v1::Notify{.doi = 1,
                                      .protocol = 1,
                                      .spi = {cookies.written().begin(), cookies.written().end()},
                                      .type = NotifyType::initial_contact,
                                      .data = {}}));
  EXPECT_TRUE(net.fifth->header.is_encrypted);
}

// Shows RFC 2407 4.6.3-1, 4.6.3-2.
TEST(DoiStatus, IsNeitherSentNorHeededInAggressiveModeInClear) {
  Phase1 net{v1_east(), v1_west(), {.how = policy::HowToInitiate::aggressive}};
  const ByteString first = net.us.begun_phase_1();
  EXPECT_EQ(in_clear(first).chain.payloads.count(P::notify), 0u);
  ASSERT_TRUE(net.peer.answers_first(first));
  Seen second = in_clear(net.peer.sent());
  EXPECT_EQ(second.chain.payloads.count(P::notify), 0u);
  second.chain.payloads.add(wire::v1::Notify{.protocol = 1, .type = NotifyType::initial_contact});
  net.us.receive(wire::v1::build_message(second.header, second.chain.payloads));
  EXPECT_EQ(net.us.sa.state, v1::Phase1State::established);
  EXPECT_EQ(net.us.shard.contacts, std::vector{v1::Shard::Contact::further});
  const std::vector<ByteString> last = net.us.all_sent();
  ASSERT_EQ(last.size(), 2u) << "message 3, and INITIAL-CONTACT behind it";
  EXPECT_EQ(net.peer.read(last[0]).types(), (std::vector{P::hash}));
  net.peer.receive(last[0]);
  const Seen apart = net.peer.read_first(last[1]);
  EXPECT_EQ(apart.header.exchange, wire::ExchangeType::informational_v1);
  EXPECT_EQ(apart.types(), (std::vector{P::hash, P::notify}));
  EXPECT_EQ(apart.the<wire::v1::Notify>().type, NotifyType::initial_contact);
}

}  // namespace
}  // namespace adit::ike
