// What an IKE SA leaves in memory: no block that is given back has a key in it.

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>

#include "hand_made_peer.h"

namespace {

constexpr std::size_t pattern_octets = 16;
constexpr std::size_t most_patterns = 16;
std::array<std::array<std::uint8_t, pattern_octets>, most_patterns> patterns;
std::size_t watched = 0;  // patterns in use
std::size_t found = 0;    // blocks given back with one inside

void look_at(const void* memory) {
  if (memory == nullptr || watched == 0) return;
  const auto* begin = static_cast<const std::uint8_t*>(memory);
  const auto* end = begin + malloc_usable_size(const_cast<void*>(memory));
  for (std::size_t i = 0; i < watched; ++i) {
    if (std::search(begin, end, patterns[i].begin(), patterns[i].end()) != end) ++found;
  }
}

}  // namespace

// The whole test program gives memory back through these; OpenSSL's own has its own ways. Where g++ inlines one of them
// it takes the pair for a mismatch (GCC PR 103993): they are each other's match.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif
void* operator new(std::size_t size) {
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept {
  look_at(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  look_at(memory);
  std::free(memory);
}

namespace adit::ike {
namespace {

/// Up, a second Child SA with forward secrecy, and down again; the keys that it had.
std::vector<Secret> life_of_an_sa() {
  std::vector<Secret> keys;
  Side side = west();
  side.pfs = GroupId::curve25519;
  Host host{side, {}, 2};
  HandMadePeer peer{host, Role::initiator};
  peer.establish();
  for (const Secret* key :
       {&peer.shared, &peer.keys.sk_d, &peer.keys.sk_ei, &peer.keys.sk_er, &peer.keys.sk_pi, &peer.keys.sk_pr}) {
    keys.push_back(*key);
  }
  for (const auto& [name, child] : host.installed) {
    keys.push_back(child.inbound.encryption);
    keys.push_back(child.outbound.encryption);
  }
  host.feed(DeactivateIkeTunnel{host.stack(), std::nullopt});
  peer.answer(peer.take_one(), {});
  EXPECT_TRUE(host.ike().empty());
  return keys;
}

// Shows RFC 7296 2.12-1.
TEST(Forgetting, LeavesNoKeyOfAnSaInMemoryThatIsGivenBack) {
  // All randomness is drawn from seeds: a second life has the keys of the first.
  const std::vector<Secret> keys = life_of_an_sa();
  ASSERT_GE(keys.size(), 7u);
  ASSERT_LE(keys.size(), most_patterns);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::ranges::copy(keys[i].reveal().first(pattern_octets), patterns[i].begin());
  }
  watched = keys.size();
  const bool same = std::ranges::equal(life_of_an_sa(), keys, [](const Secret& a, const Secret& b) { return a == b; });
  const std::size_t left = std::exchange(found, 0);
  {
    const ByteString careless{keys.front().reveal().begin(), keys.front().reveal().end()};
  }
  const std::size_t noticed = found;
  watched = 0;
  EXPECT_TRUE(same);
  EXPECT_EQ(left, 0u);
  EXPECT_EQ(noticed, 1u) << "a copy that is not wiped would be seen";
}

}  // namespace
}  // namespace adit::ike
