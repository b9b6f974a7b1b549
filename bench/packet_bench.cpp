// Nanoseconds a packet: sealing and opening with each back end, and ESP end to end between two data planes in memory.

#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

#include "stack/decapsulator.h"
#include "stack/encapsulator.h"

namespace adit::stack {
namespace {

constexpr std::size_t batch = 64;

struct Suite {
  const char* name;
  EncryptionId encryption;
  unsigned key_bits;
  IntegrityId integrity;
  IntegrityId around = IntegrityId::none;  // of AH, in the data plane alone
};
constexpr Suite suites[] = {
    {"AES_GCM_16-128", EncryptionId::aes_gcm_16, 128, IntegrityId::none},
    {"AES_GCM_16-256", EncryptionId::aes_gcm_16, 256, IntegrityId::none},
    {"CHACHA20_POLY1305", EncryptionId::chacha20_poly1305, 256, IntegrityId::none},
    {"AES_CBC-128+HMAC_SHA1_96", EncryptionId::aes_cbc, 128, IntegrityId::hmac_sha1_96},
    {"AES_CBC-256+HMAC_SHA2_256_128", EncryptionId::aes_cbc, 256, IntegrityId::hmac_sha2_256_128},
    {"AES_CBC-128_in_AH_HMAC_SHA1_96", EncryptionId::aes_cbc, 128, IntegrityId::none, IntegrityId::hmac_sha1_96},
};

contract::DirectionKeys keys_of(const Suite& suite) {
  const std::size_t key = suite.key_bits / 8 + find(suite.encryption)->salt;
  const std::size_t integrity = suite.integrity == IntegrityId::none ? 0 : find(suite.integrity)->key;
  return {Secret{ByteString(key, 0x42)}, Secret{ByteString(integrity, 0x43)}};
}

enum class Direction : std::uint8_t { seal, open };

void run_cipher(benchmark::State& state, const Suite& suite, crypto::PacketBackEnd back_end, Direction direction) {
  const auto keys = keys_of(suite);
  const bool is_within_ah = suite.around != IntegrityId::none;
  const auto cipher = crypto::PacketCipher::make({.encryption = suite.encryption,
                                                  .key_bits = suite.key_bits,
                                                  .integrity = suite.integrity,
                                                  .is_within_ah = is_within_ah},
                                                 keys.encryption, keys.integrity, back_end);
  if (cipher == nullptr) {
    state.SkipWithError("not on this machine");
    return;
  }
  const auto size = static_cast<std::size_t>(state.range(0)) / cipher->block_size() * cipher->block_size();
  std::vector<ByteString> packets(batch,
                                  ByteString(crypto::esp_header_size + cipher->iv_size() + size + cipher->icv_size()));
  std::vector<crypto::PacketJob> jobs;
  for (ByteString& packet : packets) {
    jobs.push_back({.header = packet.data(), .text_size = static_cast<std::uint32_t>(size)});
  }
  for (auto _ : state) {
    if (direction == Direction::seal) {
      cipher->seal(jobs);
    } else {
      cipher->open(jobs);  // the ICV does not fit after the first time: the work is the same
    }
    benchmark::ClobberMemory();
  }
  const auto count = static_cast<double>(state.iterations()) * batch;
  state.counters["per_packet"] = benchmark::Counter(count, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetBytesProcessed(static_cast<std::int64_t>(count) * static_cast<std::int64_t>(size));
}

/// From IP packet to ESP packet, over to the peer's data plane, and back to the IP packet: tunnel mode, one SA.
void run_end_to_end(benchmark::State& state, const Suite& suite) {
  contract::InstallChildSa install;
  install.transforms = {.encryption = suite.encryption, .key_bits = suite.key_bits, .integrity = suite.integrity};
  const bool is_bundle = suite.around != IntegrityId::none;
  if (is_bundle) {
    const Secret key{ByteString(find(suite.around)->key, 0x44)};
    install.transforms.around_esp = suite.around;
    install.ah = {
        .inbound_spi = InboundSpi{0x1002}, .outbound_spi = OutboundSpi{0x1002}, .inbound = key, .outbound = key};
  }
  install.inbound_spi = InboundSpi{0x1001};
  install.outbound_spi = OutboundSpi{0x1001};
  install.inbound = install.outbound = keys_of(suite);
  install.local = install.remote = IpAddress::v4(0xc0000201);
  install.local_ts = install.remote_ts = {TrafficSelector{.addresses = IpRange::all(IpFamily::v4)}};
  Sad sad;
  DropCounters drops;
  if (sad.add(install, Instant{}).refused) return state.SkipWithError("not installed");
  Encapsulator encapsulator{drops};
  Decapsulator decapsulator{sad, drops};

  const auto size = static_cast<std::size_t>(state.range(0));
  const OuterHeader inner{
      .source = IpAddress::v4(0x0a000001), .destination = IpAddress::v4(0x0a000002), .next_header = NextHeader::udp};
  ByteString clear(size);
  inner.write(clear.data(), size - inner.size());
  PacketSelectors flow{.source = inner.source, .destination = inner.destination, .protocol = IpProtocol::udp};
  std::vector<ByteString> storage(batch, ByteString(packet_headroom + size + packet_tailroom));
  std::vector<PacketBuffer> buffers(batch);
  std::vector<OutboundPacket> out(batch);
  std::vector<InboundPacket> in(batch);
  for (auto _ : state) {
    for (std::size_t i = 0; i < batch; ++i) {
      buffers[i] = PacketBuffer{storage[i]};
      buffers[i].resize(size);
      std::memcpy(buffers[i].data(), clear.data(), size);
      out[i] = {.packet = &buffers[i], .sa = sad.find_outbound(flow)};
    }
    encapsulator.run(out);
    const auto arrives_as = is_bundle ? contract::SaProtocol::ah : contract::SaProtocol::esp;
    for (std::size_t i = 0; i < batch; ++i) in[i] = {.packet = &buffers[i], .protocol = arrives_as};
    decapsulator.run(in, Instant{});
    benchmark::ClobberMemory();
  }
  if (drops.total() != 0) state.SkipWithError("packets were dropped");
  const auto count = static_cast<double>(state.iterations()) * batch;
  state.counters["per_packet"] = benchmark::Counter(count, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void register_all() {
  using crypto::PacketBackEnd;
  for (const Suite& suite : suites) {
    for (const auto& [back_end, back_end_name] :
         {std::pair{PacketBackEnd::ipsec_mb, "ipsec_mb"}, std::pair{PacketBackEnd::openssl, "openssl"}}) {
      for (const auto& [direction, verb] : {std::pair{Direction::seal, "seal"}, std::pair{Direction::open, "open"}}) {
        benchmark::RegisterBenchmark(
            (std::string{verb} + "/" + suite.name + "/" + back_end_name).c_str(),
            [&suite, back_end, direction](benchmark::State& state) { run_cipher(state, suite, back_end, direction); })
            ->Arg(64)
            ->Arg(1400);
      }
    }
    benchmark::RegisterBenchmark((std::string{"there_and_back/"} + suite.name).c_str(),
                                 [&suite](benchmark::State& state) { run_end_to_end(state, suite); })
        ->Arg(64)
        ->Arg(1400);
  }
}

}  // namespace
}  // namespace adit::stack

int main(int argc, char** argv) {
  adit::stack::register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
