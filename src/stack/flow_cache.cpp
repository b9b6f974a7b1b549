#include "stack/flow_cache.h"

#include <bit>
#include <cassert>
#include <cstring>

namespace adit::stack {
namespace {

std::uint64_t mixed(std::uint64_t state, std::uint64_t value) {
  state =
      (state ^ value) * 0x9e3779b97f4a7c15u;  // Fibonacci hashing: the odd number nearest to 2^64 over the golden ratio
  return state ^ state >> 29;
}

std::uint64_t hash_of(const PacketSelectors& packet) {
  std::uint64_t state =
      std::uint64_t{packet.protocol} << 32 | std::uint64_t{packet.source_port} << 16 | packet.destination_port;
  for (const IpAddress* address : {&packet.source, &packet.destination}) {
    std::uint64_t words[2] = {};
    std::memcpy(words, address->octets().data(), address->size());
    state = mixed(mixed(state, words[0]), words[1]);
  }
  return state;
}

}  // namespace

FlowCache::FlowCache(std::size_t places) : places_(places) { assert(std::has_single_bit(places)); }

std::optional<FlowCache::Found> FlowCache::find(const PacketSelectors& packet, std::uint64_t epoch) const {
  const Place& place = places_[hash_of(packet) & (places_.size() - 1)];
  if (place.epoch != epoch || place.flow != packet) return std::nullopt;
  return place.found;
}

void FlowCache::remember(const PacketSelectors& packet, std::uint64_t epoch, const Found& found) {
  places_[hash_of(packet) & (places_.size() - 1)] = {.epoch = epoch, .found = found, .flow = packet};
}

}  // namespace adit::stack
