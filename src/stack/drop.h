#pragma once
// Why a packet went no further: one name a reason, counted. Nothing is dropped without one (RFC 4301 §4.4.1, the
// auditable events of RFC 4303 §3.4).

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace adit::stack {

enum class Drop : std::uint8_t {
  none,                // not dropped
  no_sa,               // inbound: the SPI names none (RFC 4303 §3.4.2); outbound: none carries these selectors
  malformed,           // a length or version that cannot be
  too_long,            // the result does not fit its buffer or an IP packet
  fragment,            // transport mode protects whole datagrams alone (RFC 4303 §3.3.4)
  unsupported_header,  // IPv6 extension headers that transport mode would have to split
  other_ends,          // transport mode is between the SA's own addresses alone (RFC 4301 §4.1)
  replayed,            // seen before, or left of the window (RFC 4303 §3.4.3)
  not_authentic,       // the ICV does not fit (RFC 4303 §3.4.4)
  bad_padding,         // not 1, 2, 3, … or longer than the text (RFC 4303 §2.4)
  bad_next_header,     // a tunnel that carries no IP packet
  dummy,               // next header 59: traffic flow confidentiality (RFC 4303 §2.6); no fault
  selectors_violated,  // not what the SA was negotiated for (RFC 4301 §5.2 step 4)
  congestion_lost,     // marked on the way, and the sender cannot be told (RFC 6040 §4.2)
  sequence_exhausted,  // 2^32 - 1 or 2^64 - 1 packets were sent (RFC 4303 §3.3.3)
  octets_exhausted,    // the hard byte limit (RFC 4301 §4.4.2.1)
  not_around_esp,      // of AH around ESP one without the other: both are required (RFC 2401 §4.3, §5.2.1)
};
inline constexpr std::size_t drop_reasons = 17;

/// `not authentic`: for logs and reports.
std::string_view to_string(Drop reason);

/// How often each reason was met since the start. One data-plane thread writes.
class DropCounters {
 public:
  void count(Drop reason) { ++counts_[static_cast<std::size_t>(reason)]; }
  std::uint64_t operator[](Drop reason) const { return counts_[static_cast<std::size_t>(reason)]; }
  std::uint64_t total() const;

 private:
  std::array<std::uint64_t, drop_reasons> counts_{};
};

}  // namespace adit::stack
