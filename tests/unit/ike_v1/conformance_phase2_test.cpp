// What RFC 2409, RFC 2408 and RFC 2407 ask for under a phase 1 SA: quick mode and Informational exchanges, octet by
// octet.

#include "crypto/ike_v1_cipher.h"
#include "ike/v1/informational.h"
#include "lone_pair.h"

namespace adit::ike {
namespace {

using P = wire::v1::PayloadType;
using wire::v1::NotifyType;

ByteString octets_of(MessageId id) {
  Writer out;
  out.u32(id.value());
  return std::move(out).take();
}
ByteString octets_of(InboundSpi spi) {
  Writer out;
  out.u32(spi.value());
  return std::move(out).take();
}
MessageId id_of(const ByteString& octets) { return wire::v1::Header::parse(octets)->id; }

/// The octets behind the first payload, without padding: what a HASH goes over.
Bytes behind_the_hash(const Seen& seen) {
  return Bytes{seen.octets}.subspan(seen.chain.first_end, seen.chain.end - seen.chain.first_end);
}

Side with_pfs(Side side) {
  side.pfs = GroupId::ecp_256;
  return side;
}

/// Draws what it is told to draw.
class Scripted final : public Random {
 public:
  explicit Scripted(std::vector<std::uint32_t> numbers) : numbers_{std::move(numbers)} {}
  void fill(MutableBytes octets) override {
    Writer out;
    out.u32(numbers_.at(next_++));
    std::ranges::copy(Bytes{out.written()}.first(octets.size()), octets.begin());
  }

 private:
  std::vector<std::uint32_t> numbers_;
  std::size_t next_ = 0;
};

// Shows RFC 2409 5-3, 5.5-1, 5.5-2, 5.5-3, 5.5-5, 3.2-2, 3.2-3,
// RFC 2408 2.4-1, 3.1-7.
TEST(QuickModeV1, IsThreeProtectedMessagesThatBeginWithAHash) {
  Phase2 net;
  net.quick_mode();
  EXPECT_EQ(net.first.types(),
            (std::vector{P::hash, P::security_association, P::nonce, P::identification, P::identification}));
  EXPECT_EQ(net.second.types(), net.first.types());
  EXPECT_EQ(net.third.types(), (std::vector{P::hash}));
  for (const ByteString& octets : net.sent) {
    EXPECT_EQ(octets[18], 32);
    EXPECT_EQ(octets[19], 1) << "E alone";
    EXPECT_EQ(id_of(octets), net.first.header.id);
    EXPECT_NE(id_of(octets), MessageId{0});
  }
  // IDci before IDcr in both directions, each as it was asked for.
  std::vector<wire::v1::Identification> asked, answered;
  for (const auto& [seen, ids] : {std::pair{&net.first, &asked}, std::pair{&net.second, &answered}}) {
    for (const wire::v1::Payload& payload : seen->chain.payloads.items()) {
      if (const auto* id = std::get_if<wire::v1::Identification>(&payload.body)) ids->push_back(*id);
    }
  }
  const policy::LocalDynVpnRule& rule = net.us.policy->local_dyn_vpn.front();
  EXPECT_EQ(asked,
            (std::vector{*wire::v1::Identification::of(rule.local), *wire::v1::Identification::of(rule.remote)}));
  EXPECT_EQ(answered, asked);
}

// Shows RFC 2409 5.5-9.
TEST(QuickModeV1, HasTheHashesOfTheRfc) {
  Phase2 net;
  net.quick_mode();
  const crypto::Prf& prf = *crypto::Prf::find(PrfId::hmac_sha2_256);
  const ByteString id = octets_of(net.first.header.id), zero{0};
  const ByteString &ni = net.first.the<wire::v1::Nonce>().value, &nr = net.second.the<wire::v1::Nonce>().value;
  EXPECT_EQ(to_hex(net.first.the<wire::v1::Hash>().value),
            to_hex(prf(net.us.sa.skeyid_a, {id, behind_the_hash(net.first)}).reveal()));
  EXPECT_EQ(to_hex(net.second.the<wire::v1::Hash>().value),
            to_hex(prf(net.us.sa.skeyid_a, {id, ni, behind_the_hash(net.second)}).reveal()));
  EXPECT_EQ(to_hex(net.third.the<wire::v1::Hash>().value),
            to_hex(prf(net.us.sa.skeyid_a, {zero, id, ni, nr}).reveal()));
}

// Shows RFC 2409 5.5-4, 5.5-10, 5.5-12, 3.3-1.
TEST(QuickModeV1, MakesTheKeysOfItsSaAndLeavesNothingToMakeMoreOf) {
  for (const bool has_pfs : {false, true}) {
    Phase2 net{has_pfs ? with_pfs(v1_east()) : v1_east(), has_pfs ? with_pfs(v1_west()) : v1_west()};
    const ByteString one = net.us.begun_quick_mode();
    net.peer.receive(one);
    const Secret shared = net.peer.sa.quick_modes.front()->shared;
    EXPECT_EQ(SecretView{shared}.size(), has_pfs ? 32u : 0u);
    const ByteString two = net.peer.sent();
    const Seen first = net.peer.read_first(one), second = net.us.read(two, net.us.sa.quick_modes.front()->iv);
    EXPECT_EQ(first.chain.payloads.count(P::key_exchange), has_pfs ? 1u : 0u);
    EXPECT_EQ(second.chain.payloads.count(P::key_exchange), has_pfs ? 1u : 0u);
    net.us.receive(two);
    net.us.stack_has(net.us.sa.children.front().name);
    net.peer.receive(net.us.sent());
    net.peer.stack_has(net.peer.sa.children.front().name);

    const contract::InstallChildSa &a = net.us.installed(), &b = net.peer.installed();
    EXPECT_EQ(a.inbound, b.outbound);
    EXPECT_EQ(a.outbound, b.inbound);
    const crypto::Prf& prf = *crypto::Prf::find(PrfId::hmac_sha2_256);
    const ByteString esp{3};
    for (const contract::InstallChildSa* each : {&a, &b}) {  // prf(SKEYID_d, [g(qm)^xy |] protocol | SPI | Ni_b | Nr_b)
      const auto block = [&](Bytes before) {
        return prf(net.us.sa.skeyid_d, {before, SecretView{shared}.reveal(), esp, octets_of(each->inbound_spi),
                                        first.the<wire::v1::Nonce>().value, second.the<wire::v1::Nonce>().value});
      };
      const Secret k1 = block({});
      const Secret k2 = block(k1.reveal());
      EXPECT_EQ(to_hex(each->inbound.encryption.reveal()), to_hex(k1.reveal()) + to_hex(k2.reveal().first(4)))
          << "AES-GCM with 256 bits and its salt";
    }
    for (const End* end : {&net.us, &net.peer}) {
      const v1::QuickMode& done = *end->sa.quick_modes.front();
      EXPECT_EQ(done.state, v1::QuickMode::State::done);
      EXPECT_EQ(done.key_exchange, nullptr);
      EXPECT_EQ(SecretView{done.shared}.size(), 0u);
    }
  }
}

// Shows RFC 2409 B-4, B-5,
// RFC 2408 4.8-2.
TEST(QuickModeV1, ChainsItsIvsFromPhase1AndItsMessageId) {
  Phase2 net;
  net.quick_mode();
  const ByteString phase_1_last = net.us.sa.iv;
  EXPECT_EQ(phase_1_last, ByteString(16, 9)) << "quick mode does not move it";
  const crypto::IkeV1Cipher cipher = *crypto::IkeV1Cipher::find(EncryptionId::aes_cbc, 256);
  ByteString iv = crypto::ike_v1_hash(PrfId::hmac_sha2_256, {phase_1_last, octets_of(net.first.header.id)});
  iv.resize(cipher.block());
  for (std::size_t i = 0; i < 3; ++i) {
    const Bytes ciphertext = Bytes{net.sent[i]}.subspan(wire::header_size);
    const Seen& seen = i == 0 ? net.first : i == 1 ? net.second : net.third;
    EXPECT_EQ(to_hex(*cipher.decrypt(net.us.sa.cipher_key, iv, ciphertext)), to_hex(seen.octets));
    iv.assign(ciphertext.end() - 16, ciphertext.end());
  }
}

// Shows RFC 2409 4-2, 5.5-1.
TEST(QuickModeV1, IsTakenUnderAnSaThatIsUpAndInNoOtherWay) {
  Phase2 net;
  const ByteString one = net.us.begun_quick_mode();
  const auto is_answered = [&](const ByteString& octets) {
    net.peer.receive(octets);
    const bool is = !net.peer.sa.quick_modes.empty();
    EXPECT_TRUE(is || net.peer.step.send.empty());
    return is;
  };
  ByteString in_clear = one;
  in_clear[19] = 0;
  EXPECT_FALSE(is_answered(in_clear));
  for (const v1::Phase1State state : {v1::Phase1State::key_exchange_answered, v1::Phase1State::closing}) {
    net.peer.sa.state = state;
    EXPECT_FALSE(is_answered(one)) << name_of(state);
  }
  net.peer.sa.state = v1::Phase1State::established;
  ByteString iv = v1::first_iv(net.us.sa, MessageId{0});
  EXPECT_FALSE(is_answered(v1::sealed_with_hash(net.us.sa,
                                                v1::header_of(net.us.sa, wire::ExchangeType::quick_mode, MessageId{0}),
                                                wire::v1::Payloads{}.add(wire::v1::Nonce{ByteString(32, 1)}), iv)))
      << "message ID 0 is phase 1's";
  EXPECT_TRUE(is_answered(one));
}

// Shows RFC 2409 4-4.
TEST(QuickModeV1, KeepsTheOrderOfTheCookiesWhoeverBegins) {
  Phase2 net;
  for (End* end : {&net.us, &net.peer}) {
    const ByteString one = end->begun_quick_mode();
    v1::Turn current = end->turn();
    v1::send_notify(current, end->sa, {.protocol = 1, .type = NotifyType::initial_contact});
    for (const ByteString& octets : {one, end->sent()}) {
      const auto header = wire::v1::Header::parse(octets);
      EXPECT_EQ(header->initiator_cookie, IkeSpi{1});
      EXPECT_EQ(header->responder_cookie, IkeSpi{2});
    }
  }
}

// Shows RFC 2409 5-8.
TEST(QuickModeV1, TakesNoncesOf8To256Octets) {
  const struct {
    std::size_t size;
    bool is_taken;
  } cases[] = {{7, false}, {8, true}, {256, true}, {257, false}};
  for (const auto& [size, is_taken] : cases) {
    SCOPED_TRACE(size);
    const auto with_nonce = [&](const Seen& seen) {
      wire::v1::Payloads payloads;
      for (const wire::v1::Payload& payload : seen.chain.payloads.items()) {
        if (payload.type == P::hash) continue;
        payload.type == P::nonce ? payloads.add(wire::v1::Nonce{ByteString(size, 1)})
                                 : payloads.add(payload.type, payload.body);
      }
      return payloads;
    };
    Phase2 net;
    const ByteString one = net.us.begun_quick_mode();
    net.peer.receive(one);
    const ByteString ni = net.us.sa.quick_modes.front()->ni;
    ByteString iv = net.us.sa.quick_modes.front()->iv;
    const Seen second = net.us.read(net.peer.sent(), iv);
    net.us.receive(v1::sealed_with_hash(net.peer.sa, second.header, with_nonce(second), iv, ni));
    EXPECT_EQ(net.us.has_installed(), is_taken) << "as initiator";

    Phase2 other;
    const Seen first = other.peer.read_first(other.us.begun_quick_mode());
    iv = v1::first_iv(other.us.sa, first.header.id);
    other.peer.receive(v1::sealed_with_hash(other.us.sa, first.header, with_nonce(first), iv));
    EXPECT_EQ(!other.peer.sa.quick_modes.empty(), is_taken) << "as responder";
  }
}

// Shows RFC 2409 5.5-6.
TEST(QuickModeV1, RefusesClientsOutsideThePolicyWithInvalidIdInformation) {
  Side a = v1_east();
  a.net = "10.9.0.0";
  Phase2 net{a};
  net.peer.receive(net.us.begun_quick_mode());
  const Seen refusal = net.us.read_first(net.peer.sent());
  EXPECT_EQ(refusal.types(), (std::vector{P::hash, P::notify}));
  EXPECT_EQ(refusal.the<wire::v1::Notify>().type, NotifyType::invalid_id_information);
  EXPECT_EQ(static_cast<int>(refusal.the<wire::v1::Notify>().type), 18);
}

// Shows RFC 2409 5.5-8.
TEST(QuickModeV1, NegotiatesOneSaWithItsClients) {
  Phase2 net;
  const Seen first = net.peer.read_first(net.us.begun_quick_mode());
  EXPECT_EQ(first.chain.payloads.count(P::security_association), 1u);
  wire::v1::Payloads two;
  for (const wire::v1::Payload& payload : first.chain.payloads.items()) {
    if (payload.type == P::hash) continue;
    two.add(payload.type, payload.body);
    if (payload.type == P::security_association) two.add(payload.type, payload.body);
  }
  ByteString iv = v1::first_iv(net.us.sa, first.header.id);
  net.peer.receive(v1::sealed_with_hash(net.us.sa, first.header, two, iv));
  EXPECT_TRUE(net.peer.sa.quick_modes.empty());
  EXPECT_EQ(net.us.read_first(net.peer.sent()).the<wire::v1::Notify>().type, NotifyType::no_proposal_chosen);
}

// Shows RFC 2409 5.7-1.
TEST(InformationalV1, IsEncryptedAndHashedUnderTheSa) {
  Phase2 net;
  v1::Turn current = net.peer.turn();
  v1::send_delete(current, net.peer.sa, contract::SaProtocol::esp, {InboundSpi{0x1234}});
  const ByteString octets = net.peer.sent();
  const Seen seen = net.us.read_first(octets);
  EXPECT_EQ(octets[19], 1) << "E alone";
  EXPECT_EQ(seen.types(), (std::vector{P::hash, P::delete_}));
  const Secret hash = (*crypto::Prf::find(PrfId::hmac_sha2_256))(net.us.sa.skeyid_a,
                                                                 {octets_of(seen.header.id), behind_the_hash(seen)});
  EXPECT_EQ(to_hex(seen.the<wire::v1::Hash>().value), to_hex(hash.reveal()));
}

// Shows RFC 2409 5.7-2.
TEST(InformationalV1, HasAMessageIdThatNoQuickModeHas) {
  Phase2 net;
  const MessageId taken = id_of(net.us.begun_quick_mode());
  Scripted random{{0, taken.value(), 0x01020304}};
  v1::Turn current{net.us.now, random, net.us.options, net.us.step, net.us.statistics, net.us.shard};
  EXPECT_EQ(v1::draw_message_id(current, net.us.sa, v1::Exchange::quick_mode), MessageId{0x01020304});
}

}  // namespace
}  // namespace adit::ike
