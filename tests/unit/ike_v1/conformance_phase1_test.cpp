// What RFC 2409 and RFC 2408 ask for in phase 1, message by message.

#include "crypto/ike_v1_cipher.h"
#include "lone_pair.h"

namespace adit::ike {
namespace {

using P = wire::v1::PayloadType;

constexpr std::size_t exchange_octet = 18, flags_octet = 19, length_octet = 24;

ByteString cookies(const v1::Phase1Sa& sa, Role first) {
  Writer out;
  out.u64((first == Role::initiator ? sa.initiator_cookie : sa.responder_cookie).value());
  out.u64((first == Role::initiator ? sa.responder_cookie : sa.initiator_cookie).value());
  return std::move(out).take();
}

Side signing(Side side) {
  side.me = policy::HowToAuthMe::rsa_signature;
  side.peers = policy::HowToAuthPeers::signature;
  return side;
}

// Shows RFC 2409 3.2-2, 3.2-3, 5-1, 5-6,
// RFC 2408 1.6.2-1, 2.4-1, 2.4-2, 3.1-1, 3.1-2, 3.1-5, 3.1-6, 3.1-7, 3.4-1, 4.1-1, 4.1-3.
TEST(Phase1V1, IsSixMessagesOfMainMode) {
  Phase1 net;
  const std::vector<ByteString> sent = net.main_mode();
  EXPECT_EQ(net.us.sa.state, v1::Phase1State::established);
  EXPECT_EQ(net.peer.sa.state, v1::Phase1State::established);
  const std::vector<P> expected[] = {{P::security_association, P::vendor_id},
                                     {P::security_association, P::vendor_id},
                                     {P::key_exchange, P::nonce},
                                     {P::key_exchange, P::nonce},
                                     {P::identification, P::hash, P::notify},
                                     {P::identification, P::hash}};
  for (std::size_t i = 0; i < sent.size(); ++i) {
    SCOPED_TRACE("message " + std::to_string(i + 1));
    const Seen seen = i == 4 ? *net.fifth : i == 5 ? *net.sixth : in_clear(sent[i]);
    EXPECT_EQ(seen.types(), expected[i]);
    EXPECT_EQ(seen.header.exchange, wire::ExchangeType::identity_protection);
    EXPECT_EQ(seen.header.id, MessageId{0});
    EXPECT_EQ(sent[i][17], 0x10) << "version 1.0";
    EXPECT_EQ(sent[i][flags_octet], i < 4 ? 0 : 1) << "E behind the KE payloads, nothing else ever";
    EXPECT_EQ(seen.header.initiator_cookie, net.us.sa.initiator_cookie);
    EXPECT_EQ(seen.header.responder_cookie, i == 0 ? IkeSpi{} : net.us.sa.responder_cookie);
  }
}

// Shows RFC 2409 5-2, 3.2-3.
TEST(Phase1V1, IsThreeMessagesOfAggressiveMode) {
  Phase1 net{v1_east(), v1_west(), {.how = policy::HowToInitiate::aggressive}};
  const ByteString first = net.us.begun_phase_1();
  EXPECT_EQ(in_clear(first).types(),
            (std::vector{P::security_association, P::key_exchange, P::nonce, P::identification, P::vendor_id}));
  ASSERT_TRUE(net.peer.answers_first(first));
  const ByteString second = net.peer.sent();
  EXPECT_EQ(in_clear(second).types(), (std::vector{P::security_association, P::key_exchange, P::nonce,
                                                   P::identification, P::hash, P::vendor_id}));
  net.us.receive(second);
  ASSERT_EQ(net.us.step.send.size(), 2u) << "and INITIAL-CONTACT, under the SA";
  const ByteString third = net.us.step.send.front().octets;
  EXPECT_EQ(net.peer.read(third).types(), (std::vector{P::hash}));
  net.peer.receive(third);
  for (const ByteString& octets : {first, second, third}) EXPECT_EQ(octets[exchange_octet], 4);
  EXPECT_EQ(net.us.sa.state, v1::Phase1State::established);
  EXPECT_EQ(net.peer.sa.state, v1::Phase1State::established);
}

// Shows RFC 2409 5-16,
// RFC 2408 4.5-1, 5.11-1.
TEST(Phase1V1, IsProvedByTheHashesOfTheRfc) {
  Phase1 net;
  const std::vector<ByteString> sent = net.main_mode();
  const crypto::Prf& prf = *crypto::Prf::find(PrfId::hmac_sha2_256);
  const Seen first = in_clear(sent[0]), third = in_clear(sent[2]), fourth = in_clear(sent[3]);
  const ByteString &gxi = third.the<wire::v1::KeyExchange>().value, &gxr = fourth.the<wire::v1::KeyExchange>().value;
  const Secret skeyid =
      prf(net.us.sa.rule->shared_key, {third.the<wire::v1::Nonce>().value, fourth.the<wire::v1::Nonce>().value});
  const Bytes sai_b = wire::v1::body_of<wire::v1::SecurityAssociation>(first.chain);
  const Secret hash_i = prf(skeyid, {gxi, gxr, cookies(net.us.sa, Role::initiator), sai_b,
                                     wire::v1::body_of<wire::v1::Identification>(net.fifth->chain)});
  const Secret hash_r = prf(skeyid, {gxr, gxi, cookies(net.us.sa, Role::responder), sai_b,
                                     wire::v1::body_of<wire::v1::Identification>(net.sixth->chain)});
  EXPECT_EQ(to_hex(net.fifth->the<wire::v1::Hash>().value), to_hex(hash_i.reveal()));
  EXPECT_EQ(to_hex(net.sixth->the<wire::v1::Hash>().value), to_hex(hash_r.reveal()));
}

// Shows RFC 2409 5.1-1,
// RFC 2408 3.10-1, 3.10-5, 5.10-1, 5.12-1.
TEST(Phase1V1, HasTheHashSignedAsItIs) {
  Phase1 net{signing(v1_east()), signing(v1_west())};
  const std::vector<ByteString> sent = net.main_mode(4);
  net.us.receive(sent[3]);
  const Seen first = in_clear(sent[0]), third = in_clear(sent[2]), fourth = in_clear(sent[3]);
  EXPECT_EQ(third.types(), (std::vector{P::key_exchange, P::nonce})) << "its request is in message 5";
  EXPECT_EQ(fourth.types(), (std::vector{P::key_exchange, P::nonce, P::certificate_request}));
  EXPECT_EQ(fourth.the<wire::CertificateRequest>(), (wire::CertificateRequest{.encoding = 4, .authorities = {}}));
  ASSERT_EQ(net.us.shard.asked.size(), 1u);
  const auto& sign = std::get<contract::Sign>(net.us.shard.asked.front());
  Writer id;
  wire::v1::Identification::of(*net.us.sa.local_identity).build(id);
  const Secret hash_i = (*crypto::Prf::find(PrfId::hmac_sha2_256))(
      net.us.sa.establishing->keys->skeyid,
      {third.the<wire::v1::KeyExchange>().value, fourth.the<wire::v1::KeyExchange>().value,
       cookies(net.us.sa, Role::initiator), wire::v1::body_of<wire::v1::SecurityAssociation>(first.chain),
       id.written()});
  EXPECT_EQ(to_hex(sign.signed_octets), to_hex(hash_i.reveal()));
}

// Shows RFC 2409 B-1, B-2, B-3, B-4.
TEST(Phase1V1, ChainsItsIvsFromThePublicValues) {
  Phase1 net;
  const std::vector<ByteString> sent = net.main_mode();
  const crypto::IkeV1Cipher cipher = *crypto::IkeV1Cipher::find(EncryptionId::aes_cbc, 256);
  ByteString iv = crypto::ike_v1_hash(PrfId::hmac_sha2_256, {in_clear(sent[2]).the<wire::v1::KeyExchange>().value,
                                                             in_clear(sent[3]).the<wire::v1::KeyExchange>().value});
  iv.resize(cipher.block());
  for (const std::size_t i : {4u, 5u}) {
    const Bytes ciphertext = Bytes{sent[i]}.subspan(wire::header_size);
    const auto plaintext = cipher.decrypt(net.us.sa.cipher_key, iv, ciphertext);
    ASSERT_TRUE(plaintext);
    const Seen& seen = i == 4 ? *net.fifth : *net.sixth;
    EXPECT_EQ(to_hex(*plaintext), to_hex(seen.octets));
    for (std::size_t at = seen.chain.end; at < plaintext->size(); ++at) EXPECT_EQ((*plaintext)[at], 0) << "padding";
    EXPECT_EQ(seen.header.length, sent[i].size()) << "with the padding";
    iv.assign(ciphertext.end() - static_cast<std::ptrdiff_t>(cipher.block()), ciphertext.end());
  }
  EXPECT_EQ(to_hex(net.us.sa.iv), to_hex(iv));
  EXPECT_EQ(to_hex(net.peer.sa.iv), to_hex(iv));
}

// Shows RFC 2409 10-3.
TEST(Phase1V1, DrawsAnExponentForEachExchangeAndKeepsNone) {
  Phase1 net;
  const std::vector<ByteString> once = net.main_mode();
  EXPECT_EQ(net.us.sa.establishing, nullptr) << "with the key exchange, SKEYID and both nonces in it";
  EXPECT_EQ(net.peer.sa.establishing, nullptr);
  const std::vector<ByteString> again = net.main_mode(4);
  EXPECT_EQ(net.peer.sa.establishing->key_exchange, nullptr) << "nothing is left of it once the keys are derived";
  for (const std::size_t i : {2u, 3u}) {
    EXPECT_NE(in_clear(once[i]).the<wire::v1::KeyExchange>(), in_clear(again[i]).the<wire::v1::KeyExchange>());
    EXPECT_NE(in_clear(once[i]).the<wire::v1::Nonce>(), in_clear(again[i]).the<wire::v1::Nonce>());
  }
}

// Shows RFC 2409 4-1, 5-5,
// RFC 2408 2.4-2, 5.2-5, 5.2-7.
TEST(Phase1V1, TakesNoMessageOfAnotherExchangeOrWithAMessageId) {
  Phase1 net;
  const std::vector<ByteString> sent = net.main_mode(3);
  constexpr std::size_t id_octet = 23;
  const struct {
    const char* name;
    std::size_t at;
    std::uint8_t value;
  } cases[] = {
      {"aggressive mode in the middle of main mode", exchange_octet, 4},
      {"quick mode before there is an SA", exchange_octet, 32},
      {"new group mode, which is not there", exchange_octet, 33},
      {"an exchange that no RFC names", exchange_octet, 77},
      {"a message ID in phase 1", id_octet, 1},
  };
  for (const auto& [name, at, value] : cases) {
    SCOPED_TRACE(name);
    ByteString changed = sent[2];
    changed[at] = value;
    net.peer.receive(changed);
    EXPECT_EQ(net.peer.sa.state, v1::Phase1State::sa_answered);
    EXPECT_TRUE(net.peer.step.send.empty());
  }
  net.peer.receive(sent[2]);
  EXPECT_EQ(net.peer.sa.state, v1::Phase1State::key_exchange_answered);
}

// Shows RFC 2409 4-1.
TEST(Phase1V1, TakesNoMainModeUnderAnSaThatIsUp) {
  Phase1 net;
  net.main_mode();
  wire::v1::Payloads payloads;
  payloads.add(wire::v1::KeyExchange{ByteString(64, 1)}).add(wire::v1::Nonce{ByteString(32, 2)});
  ByteString iv = net.us.sa.iv;
  const auto header = v1::header_of(net.us.sa, wire::ExchangeType::identity_protection, MessageId{0});
  for (const ByteString& octets :
       {wire::v1::build_message(header, payloads), v1::sealed(net.us.sa, header, payloads, iv)}) {
    net.peer.receive(octets);
    EXPECT_EQ(net.peer.sa.state, v1::Phase1State::established);
    EXPECT_TRUE(net.peer.step.send.empty());
  }
}

// Shows RFC 2409 5-8.
TEST(Phase1V1, TakesNoncesOf8To256Octets) {
  Phase1 net;
  const struct {
    std::size_t size;
    bool is_taken;
  } cases[] = {{7, false}, {8, true}, {256, true}, {257, false}};
  for (const auto& [size, is_taken] : cases) {
    SCOPED_TRACE(size);
    const Seen third = in_clear(net.main_mode(3)[2]);
    wire::v1::Payloads payloads;
    payloads.add(third.the<wire::v1::KeyExchange>()).add(wire::v1::Nonce{ByteString(size, 7)});
    net.peer.receive(wire::v1::build_message(third.header, payloads));
    EXPECT_EQ(net.peer.sa.state == v1::Phase1State::key_exchange_answered, is_taken);
    net.peer.step.send.clear();
  }
}

// Shows RFC 2409 10-4.
TEST(Phase1V1, KeepsItsIvWhenAForgedMessageComesBetween) {
  Phase1 net;
  const ByteString fifth_message = net.main_mode(5)[4];
  const ByteString before = net.peer.sa.iv;
  for (const std::uint8_t fill : ByteString{0x00, 0x5a, 0xff}) {
    ByteString forged = fifth_message;
    std::fill(forged.begin() + wire::header_size, forged.end(), fill);
    net.peer.receive(forged);
    EXPECT_EQ(net.peer.sa.iv, before);
  }
  net.peer.step.send.clear();
  net.peer.receive(fifth_message);
  EXPECT_EQ(net.peer.sa.state, v1::Phase1State::established);
}

// Shows RFC 2409 5-6, 5-12.
TEST(Phase1V1, TakesAFirstMessageWithOneSaBeforeAllElse) {
  Phase1 net;
  const Seen first = in_clear(net.us.begun_phase_1());
  const auto& offer = first.the<wire::v1::SecurityAssociation>();
  const wire::v1::VendorId vendor{ByteString(16, 9)};
  const auto answers = [&](const wire::v1::Payloads& payloads) {
    const bool is_taken = net.peer.answers_first(wire::v1::build_message(first.header, payloads));
    net.peer.step.send.clear();
    return is_taken;
  };
  EXPECT_TRUE(answers(wire::v1::Payloads{}.add(offer).add(vendor)));
  EXPECT_FALSE(answers(wire::v1::Payloads{}.add(vendor).add(offer)));
  EXPECT_FALSE(answers(wire::v1::Payloads{}.add(offer).add(offer)));
  EXPECT_FALSE(answers(wire::v1::Payloads{}.add(vendor)));
}

// Shows RFC 2409 5.4-1.
TEST(Phase1V1, ChoosesTheKeyByThePeersAddressInMainMode) {
  Phase1 net;
  policy::PolicySnapshot snapshot = *net.peer.policy;
  policy::KeyExchangeRule other = snapshot.key_exchange.rules.front();
  other.name = "another address";
  other.shared_key = Secret{as_bytes("another key")};
  const std::string elsewhere = "203.0.113.7";
  other.remote_identity = {.type = IdentityType::ipv4_addr, .text = elsewhere, .exact = identity_of(elsewhere)};
  other.remote_locations = {IpRange::of(address(elsewhere))};
  snapshot.key_exchange.rules.insert(snapshot.key_exchange.rules.begin(), other);
  net.peer.shard.install(std::make_shared<const policy::PolicySnapshot>(std::move(snapshot)));
  net.main_mode();
  EXPECT_EQ(net.peer.sa.state, v1::Phase1State::established);
  EXPECT_EQ(net.peer.sa.rule->name, "peer");
}

// Shows RFC 2409 5.7-3.
TEST(Phase1V1, RefusesInClearBeforeTheSaIsUp) {
  Phase1 net;
  net.main_mode(5);
  wire::v1::Payloads payloads;
  payloads.add(wire::v1::Identification::of(*net.us.sa.local_identity)).add(wire::v1::Hash{ByteString(32, 1)});
  ByteString iv = net.peer.sa.iv;
  net.peer.receive(v1::sealed(
      net.peer.sa, v1::header_of(net.peer.sa, wire::ExchangeType::identity_protection, MessageId{0}), payloads, iv));
  const Seen refusal = in_clear(net.peer.sent());
  EXPECT_EQ(net.peer.sa.state, v1::Phase1State::closed);
  EXPECT_EQ(refusal.header.exchange, wire::ExchangeType::informational_v1);
  EXPECT_FALSE(refusal.header.is_encrypted);
  EXPECT_EQ(refusal.types(), (std::vector{P::notify}));
  EXPECT_EQ(refusal.the<wire::v1::Notify>().type, wire::v1::NotifyType::authentication_failed);
}

}  // namespace
}  // namespace adit::ike
