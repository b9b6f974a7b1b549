#include "crypto/key_exchange.h"

#include <algorithm>
#include <map>

#include "crypto/modp_group.h"
#include "seeded_random.h"
#include "vectors.h"

namespace adit::crypto {
namespace {

const std::map<std::string, GroupId> groups = {
    {"CURVE_25519", GroupId::curve25519},      {"CURVE_448", GroupId::curve448},
    {"ECP_256_BIT", GroupId::ecp_256},         {"ECP group 19", GroupId::ecp_256},
    {"ECP_384_BIT", GroupId::ecp_384},         {"ECP group 20", GroupId::ecp_384},
    {"ECP_521_BIT", GroupId::ecp_521},         {"ECP group 21", GroupId::ecp_521},
    {"MODP_1024_160", GroupId::modp_1024_160}, {"MODP_2048_224", GroupId::modp_2048_224},
    {"MODP_2048_256", GroupId::modp_2048_256},
};

std::unique_ptr<KeyExchange> exchange_of(GroupId group, SecretView key) {
  auto made = KeyExchange::from_private(group, key);
  if (!made) throw std::runtime_error{"a private key of " + to_string(group) + " was refused"};
  return *std::move(made);
}

ByteString modp_octets(const ModpGroup& group, const BIGNUM* number) {
  ByteString value(group.size);
  BN_bn2binpad(number, value.data(), narrow<int>(value.size()));
  return value;
}

/// p minus a small number.
ByteString below_prime(const ModpGroup& group, unsigned by) {
  const BigNumber number{BN_dup(group.p.get())};
  BN_sub_word(number.get(), by);
  return modp_octets(group, number.get());
}

ByteString small_number(const ModpGroup& group, std::uint8_t number) {
  ByteString value(group.size);
  value.back() = number;
  return value;
}

TEST(KeyExchange, GivesTheValuesThatTheRfcsPrint) {
  int count = 0;
  for (const Json& test : vectors("rfc/key-exchange.json")) {
    const auto group = groups.find(text(test, "group"));
    if (group == groups.end()) continue;
    SCOPED_TRACE(test.at("ref").get<std::string>() + " " + group->first);
    const auto initiator = exchange_of(group->second, secret(test, "private_i"));
    const auto responder = exchange_of(group->second, secret(test, "private_r"));
    EXPECT_EQ(to_hex(initiator->public_value()), text(test, "ke_i"));
    EXPECT_EQ(to_hex(responder->public_value()), text(test, "ke_r"));
    EXPECT_EQ(to_hex(initiator->derive(octets(test, "ke_r"))->reveal()), text(test, "shared"));
    EXPECT_EQ(to_hex(responder->derive(octets(test, "ke_i"))->reveal()), text(test, "shared"));
    ++count;
  }
  EXPECT_GE(count, 10);
}

// Shows RFC 7296 3.4-1, RFC 2409 5-7.
TEST(KeyExchange, AgreesInEveryGroup) {
  SeededRandom random{1};
  for (const GroupFacts& facts : group_table()) {
    SCOPED_TRACE(facts.name);
    ASSERT_TRUE(KeyExchange::supports(facts.id));
    const auto ours = *KeyExchange::generate(facts.id, random);
    const auto theirs = *KeyExchange::generate(facts.id, random);
    EXPECT_EQ(ours->group(), facts.id);
    EXPECT_EQ(ours->public_value().size(), facts.public_value);
    const Secret shared = *ours->derive(theirs->public_value());
    EXPECT_TRUE(shared == *theirs->derive(ours->public_value()));
    const bool is_ecp = facts.id >= GroupId::ecp_256 && facts.id <= GroupId::ecp_521;
    EXPECT_EQ(shared.size(), is_ecp ? facts.public_value / 2 : facts.public_value);
  }
}

TEST(KeyExchange, ComesOutTheSameFromTheSameSeed) {
  for (const GroupFacts& facts : group_table()) {
    SCOPED_TRACE(facts.name);
    SeededRandom once{7};
    SeededRandom again{7};
    EXPECT_TRUE(std::ranges::equal((*KeyExchange::generate(facts.id, once))->public_value(),
                                   (*KeyExchange::generate(facts.id, again))->public_value()));
  }
}

// Shows RFC 7296 3.4-1, RFC 2409 5-7.
TEST(KeyExchange, RefusesWhatHasNotTheGroupsLength) {
  SeededRandom random{2};
  for (const GroupFacts& facts : group_table()) {
    SCOPED_TRACE(facts.name);
    const auto ours = *KeyExchange::generate(facts.id, random);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, facts.public_value - std::size_t{1},
                                   facts.public_value + std::size_t{1}, std::size_t{65535}}) {
      EXPECT_EQ(ours->derive(ByteString(size, 2)).error(), KeyExchangeError::wrong_length) << size;
    }
  }
}

TEST(KeyExchange, RefusesGroupsThatItHasNot) {
  SeededRandom random{3};
  for (const GroupId group : {GroupId::none, GroupId{3}, GroupId{25}, GroupId{0xffff}}) {
    EXPECT_FALSE(KeyExchange::supports(group));
    EXPECT_EQ(KeyExchange::generate(group, random).error(), KeyExchangeError::unsupported);
    EXPECT_EQ(KeyExchange::from_private(group, Secret{32}).error(), KeyExchangeError::unsupported);
  }
}

TEST(ModpKeyExchange, RefusesZeroOneAndWhatIsNotBelowPrimeMinusOne) {  // RFC 6989 §2.1
  SeededRandom random{4};
  for (const GroupFacts& facts : group_table()) {
    const ModpGroup* group = ModpGroup::find(facts.id);
    if (group == nullptr) continue;
    SCOPED_TRACE(facts.name);
    const auto ours = *KeyExchange::generate(facts.id, random);
    for (const ByteString& value : {small_number(*group, 0), small_number(*group, 1), below_prime(*group, 1),
                                    below_prime(*group, 0), ByteString(group->size, 0xff)}) {
      EXPECT_EQ(ours->derive(value).error(), KeyExchangeError::bad_value) << to_hex(value);
    }
    // 2 and p - 2 are in range; the groups with a subgroup want an element of it besides.
    EXPECT_EQ(ours->derive(small_number(*group, 2)).has_value(), group->order == nullptr);
    EXPECT_EQ(ours->derive(below_prime(*group, 2)).has_value(), group->order == nullptr);
  }
}

TEST(ModpKeyExchange, RefusesElementsOfSmallSubgroups) {  // RFC 6989 §2.2
  SeededRandom random{5};
  for (const GroupId id : {GroupId::modp_1024_160, GroupId::modp_2048_224, GroupId::modp_2048_256}) {
    SCOPED_TRACE(to_string(id));
    const ModpGroup& group = *ModpGroup::find(id);
    const auto ours = *KeyExchange::generate(id, random);
    // p - g has order 2q: in range, and only the subgroup check finds it.
    const BigNumber negated{BN_new()};
    ASSERT_EQ(BN_sub(negated.get(), group.p.get(), group.generator.get()), 1);
    EXPECT_EQ(ours->derive(modp_octets(group, negated.get())).error(), KeyExchangeError::bad_value);
    EXPECT_TRUE(ours->derive(modp_octets(group, group.generator.get())).has_value());
  }
}

TEST(EcpKeyExchange, RefusesPointsOffTheCurveAndCoordinatesThatAreNotReduced) {  // RFC 6989 §2.3
  SeededRandom random{6};
  for (const GroupId id : {GroupId::ecp_256, GroupId::ecp_384, GroupId::ecp_521}) {
    SCOPED_TRACE(to_string(id));
    const auto ours = *KeyExchange::generate(id, random);
    const auto theirs = *KeyExchange::generate(id, random);
    ByteString value{theirs->public_value().begin(), theirs->public_value().end()};
    EXPECT_TRUE(ours->derive(value).has_value());
    for (std::size_t i = 0; i < value.size(); i += 7) {
      value[i] ^= 1;
      EXPECT_EQ(ours->derive(value).error(), KeyExchangeError::bad_value) << i;
      value[i] ^= 1;
    }
    EXPECT_EQ(ours->derive(ByteString(value.size())).error(), KeyExchangeError::bad_value);
    EXPECT_EQ(ours->derive(ByteString(value.size(), 0xff)).error(), KeyExchangeError::bad_value);
  }
}

TEST(EcpKeyExchange, AgreesWithWycheproof) {
  const struct {
    const char* file;
    GroupId group;
  } files[] = {{"ecdh_secp256r1_ecpoint_test.json", GroupId::ecp_256},
               {"ecdh_secp384r1_ecpoint_test.json", GroupId::ecp_384}};
  for (const auto& [file, group] : files) {
    int valid = 0;
    int refused = 0;
    for_each_wycheproof(file, [&](const Json&, const Json& test) {
      const ByteString encoded = octets(test, "public");
      // IKE sends x | y: a point that is encoded in another form has no KE payload.
      if (encoded.empty() || encoded[0] != 4) return;
      const auto shared = exchange_of(group, secret(test, "private"))->derive(Bytes{encoded}.subspan(1));
      if (is_invalid(test)) {
        EXPECT_FALSE(shared.has_value());
        ++refused;
      } else if (shared.has_value()) {
        EXPECT_EQ(to_hex(shared->reveal()), text(test, "shared"));
        ++valid;
      } else {
        ADD_FAILURE() << "a good value was refused";
      }
    });
    EXPECT_GT(valid, 100);
    EXPECT_GT(refused, 0);
  }
}

TEST(MontgomeryKeyExchange, AgreesWithWycheproofAndRefusesAllZeros) {  // RFC 8031 §2
  int zeros = 0;
  const int count = for_each_wycheproof("x25519_test.json", [&](const Json&, const Json& test) {
    const auto shared = exchange_of(GroupId::curve25519, secret(test, "private"))->derive(octets(test, "public"));
    const ByteString want = octets(test, "shared");
    if (std::ranges::count(want, 0) == 32) {
      EXPECT_EQ(shared.error(), KeyExchangeError::bad_value);
      ++zeros;
    } else {
      ASSERT_TRUE(shared.has_value());
      EXPECT_EQ(to_hex(shared->reveal()), to_hex(want));
    }
  });
  EXPECT_GT(count, 500);
  EXPECT_GT(zeros, 10);

  SeededRandom random{8};
  for (const GroupId id : {GroupId::curve25519, GroupId::curve448}) {
    const auto ours = *KeyExchange::generate(id, random);
    ByteString low_order(ours->public_value().size());
    EXPECT_EQ(ours->derive(low_order).error(), KeyExchangeError::bad_value);
    low_order[0] = 1;
    EXPECT_EQ(ours->derive(low_order).error(), KeyExchangeError::bad_value);
  }
}

TEST(KeyExchange, RefusesPrivateKeysOutOfRange) {
  EXPECT_EQ(KeyExchange::from_private(GroupId::ecp_256, Secret{32}).error(), KeyExchangeError::bad_value);
  EXPECT_EQ(KeyExchange::from_private(GroupId::ecp_256, Secret{ByteString(32, 0xff)}).error(),
            KeyExchangeError::bad_value);
  EXPECT_EQ(KeyExchange::from_private(GroupId::modp_2048, Secret{1}).error(), KeyExchangeError::bad_value);
  EXPECT_EQ(KeyExchange::from_private(GroupId::modp_2048, Secret{4096}).error(), KeyExchangeError::wrong_length);
  EXPECT_EQ(KeyExchange::from_private(GroupId::curve25519, Secret{31}).error(), KeyExchangeError::wrong_length);
}

/// Draws nothing but one octet.
class ConstantRandom : public Random {
 public:
  explicit ConstantRandom(std::uint8_t octet) : octet_{octet} {}
  void fill(MutableBytes octets) override { std::ranges::fill(octets, octet_); }

 private:
  std::uint8_t octet_;
};

TEST(KeyExchange, HasAKeyInRangeWhateverIsDrawn) {
  SeededRandom random{9};
  for (const GroupFacts& facts : group_table()) {
    SCOPED_TRACE(facts.name);
    const auto theirs = *KeyExchange::generate(facts.id, random);
    for (const std::uint8_t octet : {std::uint8_t{0}, std::uint8_t{0xff}}) {
      ConstantRandom constant{octet};
      const auto ours = *KeyExchange::generate(facts.id, constant);
      EXPECT_TRUE(theirs->derive(ours->public_value()).has_value());
    }
  }
}

}  // namespace
}  // namespace adit::crypto
