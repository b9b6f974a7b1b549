#include "stack/mutable_fields.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "stack/ip_header.h"

namespace adit::stack {
namespace {

/// Of appendix A1, with the copied flag and the class: security (three kinds), router alert, sender directed delivery.
bool is_immutable_v4(std::uint8_t option) {
  return option == 130 || option == 133 || option == 134 || option == 148 || option == 149;
}

/// The whole of each option that is mutable, or that nobody knows (§3.3.3.1, §3.3.3.1.1.2).
void zero_v4_options(MutableBytes options) {
  constexpr std::uint8_t end = 0, no_operation = 1;
  for (std::size_t at = 0; at < options.size() && options[at] != end;) {
    if (options[at] == no_operation) {
      ++at;
      continue;
    }
    const std::size_t left = options.size() - at;
    const bool has_size = left >= 2 && options[at + 1] >= 2;
    const std::size_t size = has_size ? std::min<std::size_t>(options[at + 1], left) : left;
    if (!is_immutable_v4(options[at])) std::memset(&options[at], 0, size);
    at += size;
  }
}

void zero_v4(MutableBytes headers) {
  headers[1] = 0;                                // DSCP, ECN
  std::ranges::fill(headers.subspan(6, 3), 0);   // flags, fragment offset, TTL
  std::ranges::fill(headers.subspan(10, 2), 0);  // checksum
  zero_v4_options(headers.subspan(ipv4_header_size));
}

/// The data of each option whose type says that it may change (RFC 8200 §4.2); type and length stay.
void zero_v6_options(MutableBytes options) {
  constexpr std::uint8_t pad1 = 0, may_change = 0x20;
  for (std::size_t at = 0; at < options.size();) {
    if (options[at] == pad1) {
      ++at;
      continue;
    }
    if (at + 2 > options.size()) return;
    const std::size_t size = std::min<std::size_t>(options[at + 1], options.size() - at - 2);
    if ((options[at] & may_change) != 0) std::ranges::fill(options.subspan(at + 2, size), 0);
    at += 2 + size;
  }
}

void zero_v6(MutableBytes headers) {
  headers[0] = 0x60;  // the version stays; DSCP, ECN and flow label go
  std::ranges::fill(headers.subspan(1, 3), 0);
  headers[7] = 0;  // hop limit
  std::uint8_t next = headers[6];
  for (std::size_t at = ipv6_header_size; at + 8 <= headers.size();) {
    const std::size_t size = std::min(8 + std::size_t{headers[at + 1]} * 8, headers.size() - at);
    // A routing header is as its last stop sees it: without stops left nothing in it changes any more.
    if (next != NextHeader::routing) zero_v6_options(headers.subspan(at + 2, size - 2));
    next = headers[at];
    at += size;
  }
}

}  // namespace

void MutableFields::zero(MutableBytes headers) {
  assert(headers.size() <= kept_.size());
  size_ = static_cast<std::uint8_t>(headers.size());
  std::ranges::copy(headers, kept_.begin());
  if (headers[0] >> 4 == 4) {
    zero_v4(headers);
  } else {
    zero_v6(headers);
  }
}

void MutableFields::put_back(std::uint8_t* headers) const { std::memcpy(headers, kept_.data(), size_); }

}  // namespace adit::stack
