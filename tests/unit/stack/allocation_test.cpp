// Counts what the data plane allocates: nothing for a packet.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "two_ends.h"

namespace {
std::atomic<std::size_t> allocations = 0;
}  // namespace

// The whole test program allocates through these; so does everything of ours, not OpenSSL. Where g++ inlines one of
// them it takes the pair for a mismatch (GCC PR 103993): they are each other's match.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace adit::stack {
namespace {

void expect_nothing_allocated(const contract::InstallChildSa& install) {
  TwoEnds ends{install};
  std::vector<std::unique_ptr<OwnedPacket>> owned;
  std::vector<OutboundPacket> out(largest_batch);
  std::vector<InboundPacket> in(largest_batch);
  for (std::size_t i = 0; i < largest_batch; ++i) {
    owned.push_back(std::make_unique<OwnedPacket>(udp_packet("10.0.0.1", "10.0.0.2", i)));
  }
  const PacketSelectors flow{.source = address("10.0.0.1"), .destination = address("10.0.0.2"), .protocol = 17};
  ends.a.sad.find_outbound(flow);

  const auto arrives_as = install.ah ? contract::SaProtocol::ah : contract::SaProtocol::esp;

  const std::size_t before = allocations;
  for (std::size_t i = 0; i < largest_batch; ++i) {
    out[i] = {.packet = &owned[i]->buffer, .sa = ends.a.sad.find_outbound(flow)};
  }
  ends.a.encapsulator.run(out);
  for (std::size_t i = 0; i < largest_batch; ++i) in[i] = {.packet = &owned[i]->buffer, .protocol = arrives_as};
  ends.b.decapsulator.run(in, at(Seconds{1}));
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(ends.b.in().packets, largest_batch);
}

TEST(DataPlane, AllocatesNothingForAPacket) {
  for (const contract::InstallChildSa& install : {install_message(), bundle()}) {
    SCOPED_TRACE(install.transforms.to_string());
    expect_nothing_allocated(install);
  }
}

}  // namespace
}  // namespace adit::stack
