#include "crypto/modp_group.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>
#include <string>
#include <utility>

#include "base/narrow.h"

namespace adit::crypto {

namespace {

/// A prime that OpenSSL knows, with generator 2.
struct SafePrime {
  GroupId id;
  BIGNUM* (*prime)(BIGNUM*);
  /// An exponent of twice the group's strength is as strong as a full one (RFC 7296 §5, RFC 3526 §1), at a fraction of
  /// the time. Of the two estimates of RFC 3526 §8 these are the higher; its first row serves the two smaller groups.
  unsigned exponent_bits;
};
constexpr std::array safe_primes = {
    SafePrime{GroupId::modp_768, &BN_get_rfc2409_prime_768, 240},
    SafePrime{GroupId::modp_1024, &BN_get_rfc2409_prime_1024, 240},
    SafePrime{GroupId::modp_1536, &BN_get_rfc3526_prime_1536, 240},
    SafePrime{GroupId::modp_2048, &BN_get_rfc3526_prime_2048, 320},
    SafePrime{GroupId::modp_3072, &BN_get_rfc3526_prime_3072, 420},
    SafePrime{GroupId::modp_4096, &BN_get_rfc3526_prime_4096, 480},
    SafePrime{GroupId::modp_6144, &BN_get_rfc3526_prime_6144, 540},
    SafePrime{GroupId::modp_8192, &BN_get_rfc3526_prime_8192, 620},
};

/// A group of RFC 5114 §2.1 to §2.3, by OpenSSL's name.
struct PrimeOrderSubgroup {
  GroupId id;
  const char* name;
};
constexpr std::array prime_order_subgroups = {
    PrimeOrderSubgroup{GroupId::modp_1024_160, "dh_1024_160"},
    PrimeOrderSubgroup{GroupId::modp_2048_224, "dh_2048_224"},
    PrimeOrderSubgroup{GroupId::modp_2048_256, "dh_2048_256"},
};

std::unique_ptr<ModpGroup> with_facts_of_prime(std::unique_ptr<ModpGroup> group) {
  const BigNumberScratch scratch{BN_CTX_new()};
  group->size = narrow<std::size_t>(BN_num_bytes(group->p.get()));
  group->largest_value.reset(BN_dup(group->p.get()));
  must(BN_sub_word(group->largest_value.get(), 2) == 1);
  group->montgomery.reset(BN_MONT_CTX_new());
  must(BN_MONT_CTX_set(group->montgomery.get(), group->p.get(), scratch.get()) == 1);
  return group;
}

std::unique_ptr<ModpGroup> build(const SafePrime& row) {
  auto group = std::make_unique<ModpGroup>();
  group->p.reset(row.prime(nullptr));
  group->generator.reset(BN_new());
  must(group->p != nullptr && BN_set_word(group->generator.get(), 2) == 1);
  group->exponent_bits = row.exponent_bits;
  return with_facts_of_prime(std::move(group));
}

BigNumber parameter(const EVP_PKEY* of, const char* name) {
  BIGNUM* number = nullptr;
  must(EVP_PKEY_get_bn_param(of, name, &number) == 1);
  return BigNumber{number};
}

std::unique_ptr<ModpGroup> build(const PrimeOrderSubgroup& row) {
  const KeyOperation operation{EVP_PKEY_CTX_new_from_name(nullptr, "DHX", nullptr)};
  std::string name = row.name;
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size()),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* built = nullptr;
  must(EVP_PKEY_paramgen_init(operation.get()) == 1 && EVP_PKEY_CTX_set_params(operation.get(), parameters) == 1 &&
       EVP_PKEY_paramgen(operation.get(), &built) == 1);
  const OwnedKey owner{built};
  auto group = std::make_unique<ModpGroup>();
  group->p = parameter(built, OSSL_PKEY_PARAM_FFC_P);
  group->generator = parameter(built, OSSL_PKEY_PARAM_FFC_G);
  group->order = parameter(built, OSSL_PKEY_PARAM_FFC_Q);
  group->exponent_bits = narrow<unsigned>(BN_num_bits(group->order.get()));
  return with_facts_of_prime(std::move(group));
}

/// A row's group, built by whoever asks first.
template <const auto& Rows, std::size_t Index>
const ModpGroup* built_once() {
  static const std::unique_ptr<ModpGroup> group = build(Rows[Index]);
  return group.get();
}

template <const auto& Rows>
const ModpGroup* find_in(GroupId id) {
  return [id]<std::size_t... Index>(std::index_sequence<Index...>) {
    const ModpGroup* found = nullptr;
    const bool is_known = ((Rows[Index].id == id && (found = built_once<Rows, Index>()) != nullptr) || ...);
    return is_known ? found : nullptr;
  }(std::make_index_sequence<Rows.size()>{});
}

}  // namespace

const ModpGroup* ModpGroup::find(GroupId id) {
  const ModpGroup* group = find_in<safe_primes>(id);
  return group != nullptr ? group : find_in<prime_order_subgroups>(id);
}

}  // namespace adit::crypto
