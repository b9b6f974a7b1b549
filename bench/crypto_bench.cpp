// The cryptography of IKE: key exchange by group, PRFs, SK payloads, signatures, and all that a responder computes for
// one handshake with a pre-shared key.

#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <array>
#include <string>

#include "crypto/ike_cipher.h"
#include "crypto/ike_keys.h"
#include "crypto/key_exchange.h"
#include "crypto/signature.h"

namespace adit::crypto {
namespace {

/// Quick and of no secrecy: what is measured is not the system's generator.
class CountingRandom : public Random {
 public:
  void fill(MutableBytes octets) override {
    for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(state_ = state_ * 5 + 17);
  }

 private:
  unsigned state_ = 1;
};

void generate_key(benchmark::State& state, GroupId group) {
  CountingRandom random;
  for (auto _ : state) benchmark::DoNotOptimize(KeyExchange::generate(group, random));
}

void derive_shared_secret(benchmark::State& state, GroupId group) {
  CountingRandom random;
  const auto ours = *KeyExchange::generate(group, random);
  const auto theirs = *KeyExchange::generate(group, random);
  for (auto _ : state) benchmark::DoNotOptimize(ours->derive(theirs->public_value()));
}

void compute_prf(benchmark::State& state, PrfId id) {
  const Prf& prf = *Prf::find(id);
  const Secret key{prf.key_size()};
  const ByteString octets(64);
  for (auto _ : state) benchmark::DoNotOptimize(prf(key, {octets}));
}

void derive_keys(benchmark::State& state, PrfId id) {
  const Prf& prf = *Prf::find(id);
  const Secret shared{32};
  const ByteString nonce(32);
  for (auto _ : state) {
    const Secret seed = skeyseed(prf, nonce, nonce, shared);
    benchmark::DoNotOptimize(
        derive_ike_keys(prf, seed, nonce, nonce, IkeSpi{1}, IkeSpi{2}, {.encryption = 36, .integrity = 0}));
  }
}

constexpr std::size_t header_size = 32;     // IKE header and SK's own
constexpr std::size_t payloads_size = 250;  // of an IKE_AUTH message with a pre-shared key

std::unique_ptr<IkeCipher> cipher_of(const IkeCipherAlgorithms& algorithms) {
  const IkeKeySizes sizes = ike_key_sizes(algorithms).value();
  return IkeCipher::make(algorithms, Secret{sizes.encryption}, Secret{sizes.integrity});
}

void seal_message(benchmark::State& state, const IkeCipherAlgorithms& algorithms) {
  const auto cipher = cipher_of(algorithms);
  const ByteString plaintext(payloads_size);
  const ByteString iv(cipher->iv_size());
  for (auto _ : state) {
    ByteString message(header_size);
    cipher->seal(message, plaintext, iv);
    benchmark::DoNotOptimize(message);
  }
}

void open_message(benchmark::State& state, const IkeCipherAlgorithms& algorithms) {
  const auto cipher = cipher_of(algorithms);
  ByteString message(header_size);
  cipher->seal(message, ByteString(payloads_size), ByteString(cipher->iv_size()));
  for (auto _ : state) benchmark::DoNotOptimize(cipher->open(message, header_size));
}

Key key_of(const char* type) {
  const std::string name = type;
  if (name == "RSA-2048") return {EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}), &EVP_PKEY_free};
  if (name == "ED25519") return {EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free};
  return {EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", type), &EVP_PKEY_free};
}
const std::vector<HashId> peer_hashes = {HashId::sha2_256, HashId::sha2_384, HashId::sha2_512, HashId::identity};

void sign(benchmark::State& state, const char* type) {
  const Key key = key_of(type);
  const ByteString octets(500);
  for (auto _ : state) benchmark::DoNotOptimize(sign_auth(key, AuthMethod::digital_signature, peer_hashes, octets));
}

void verify(benchmark::State& state, const char* type) {
  const Key key = key_of(type);
  const ByteString octets(500);
  const ByteString auth = sign_auth(key, AuthMethod::digital_signature, peer_hashes, octets).value();
  for (auto _ : state) benchmark::DoNotOptimize(verify_auth(key, AuthMethod::digital_signature, auth, octets));
}

/// IKE_SA_INIT and IKE_AUTH of a responder: Curve25519, PRF-HMAC-SHA2-256, AES-GCM-16-256, pre-shared key, one Child
/// SA.
void respond_to_handshake(benchmark::State& state) {
  const Prf& prf = *Prf::find(PrfId::hmac_sha2_256);
  const IkeCipherAlgorithms algorithms{EncryptionId::aes_gcm_16, 256, IntegrityId::none};
  const IkeKeySizes sizes = ike_key_sizes(algorithms).value();
  CountingRandom random;
  const auto peer = *KeyExchange::generate(GroupId::curve25519, random);
  const Secret pre_shared{as_bytes("a pre-shared key")};
  const ByteString nonce(32);
  const ByteString signed_octets(400);  // the peer's first message, a nonce and a MAC of its ID
  const ByteString payloads(payloads_size);
  for (auto _ : state) {
    const auto ours = *KeyExchange::generate(GroupId::curve25519, random);
    const auto shared = ours->derive(peer->public_value());
    const Secret seed = skeyseed(prf, nonce, nonce, *shared);
    const IkeKeys keys = derive_ike_keys(prf, seed, nonce, nonce, IkeSpi{1}, IkeSpi{2}, sizes);
    const auto inbound = IkeCipher::make(algorithms, keys.sk_ei, keys.sk_ai);
    const auto outbound = IkeCipher::make(algorithms, keys.sk_er, keys.sk_ar);
    ByteString request(header_size);
    inbound->seal(request, payloads, ByteString(8));  // stands for the peer's: as much work as to open it
    benchmark::DoNotOptimize(prf(keys.sk_pi, {ByteString(12)}));
    benchmark::DoNotOptimize(shared_key_auth(prf, pre_shared, signed_octets));
    benchmark::DoNotOptimize(prf(keys.sk_pr, {ByteString(12)}));
    benchmark::DoNotOptimize(shared_key_auth(prf, pre_shared, signed_octets));
    benchmark::DoNotOptimize(
        derive_child_keys(prf, keys.sk_d, SecretView{}, nonce, nonce, {.encryption = 36, .integrity = 0}));
    ByteString response(header_size);
    outbound->seal(response, payloads, ByteString(8));
    benchmark::DoNotOptimize(response);
  }
}

void add_benchmarks() {
  using benchmark::RegisterBenchmark;
  const auto named = [](const char* what, const std::string& of) { return std::string{what} + "/" + of; };
  RegisterBenchmark("handshake/responder/PSK/CURVE25519", &respond_to_handshake);
  for (const GroupFacts& facts : group_table()) {
    RegisterBenchmark(named("generate", to_string(facts.id)).c_str(), &generate_key, facts.id);
    RegisterBenchmark(named("derive", to_string(facts.id)).c_str(), &derive_shared_secret, facts.id);
  }
  for (const PrfFacts& facts : prf_table()) {
    RegisterBenchmark(named("prf", to_string(facts.id)).c_str(), &compute_prf, facts.id);
    RegisterBenchmark(named("keys", to_string(facts.id)).c_str(), &derive_keys, facts.id);
  }
  for (const IkeCipherAlgorithms& algorithms :
       {IkeCipherAlgorithms{EncryptionId::aes_gcm_16, 128, IntegrityId::none},
        IkeCipherAlgorithms{EncryptionId::aes_gcm_16, 256, IntegrityId::none},
        IkeCipherAlgorithms{EncryptionId::aes_ccm_16, 256, IntegrityId::none},
        IkeCipherAlgorithms{EncryptionId::chacha20_poly1305, 256, IntegrityId::none},
        IkeCipherAlgorithms{EncryptionId::aes_cbc, 256, IntegrityId::hmac_sha2_256_128},
        IkeCipherAlgorithms{EncryptionId::aes_cbc, 128, IntegrityId::aes_xcbc_96},
        IkeCipherAlgorithms{EncryptionId::triple_des, 0, IntegrityId::hmac_sha1_96}}) {
    const std::string name = to_string(algorithms.encryption, algorithms.key_bits) +
                             (algorithms.integrity == IntegrityId::none ? "" : "+" + to_string(algorithms.integrity));
    RegisterBenchmark(named("seal", name).c_str(), &seal_message, algorithms);
    RegisterBenchmark(named("open", name).c_str(), &open_message, algorithms);
  }
  for (const char* type : {"RSA-2048", "P-256", "P-384", "P-521", "ED25519"}) {
    RegisterBenchmark(named("sign", type).c_str(), &sign, type);
    RegisterBenchmark(named("verify", type).c_str(), &verify, type);
  }
}

}  // namespace
}  // namespace adit::crypto

int main(int argc, char** argv) {
  adit::crypto::add_benchmarks();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
