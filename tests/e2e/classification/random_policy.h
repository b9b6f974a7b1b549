#pragma once
// Policies and packets by chance, of few values: so filters overlap and packets hit them.

#include <random>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "policy/match.h"

namespace adit::test {

using Random = std::mt19937_64;

/// Less than `bound`.
std::uint32_t below(Random& random, std::uint32_t bound);

/// Where a packet comes to the host, or leaves it.
enum class Way : std::uint8_t { local_in, local_out, routed };

/// Security class of the interface that packets come in by.
inline constexpr std::uint8_t outer_class = 7;

/// Some ten to some thousand filters: runs of the kinds that real policies have (a peer each, a net each, a service
/// each, several rules a peer), and single ones of every kind between them.
policy::FilterPolicy random_policy(Random& random);

/// An IPv4 or IPv6 packet as octets: TCP, UDP, ICMP, OSPF, MIPv6, ESP, AH and others, whole or in fragments, with
/// options and extension headers.
ByteString random_packet(Random& random, Way way);

}  // namespace adit::test
