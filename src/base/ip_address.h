#pragma once
// IP addresses of both families, prefixes, ranges and UDP endpoints: values, no sockets.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace adit {

enum class IpFamily : std::uint8_t { v4 = 4, v6 = 6 };

class IpAddress {
 public:
  /// 0.0.0.0
  constexpr IpAddress() = default;
  static IpAddress v4(std::uint32_t host_order);
  static IpAddress any(IpFamily family);      ///< 0.0.0.0 or ::
  static IpAddress highest(IpFamily family);  ///< 255.255.255.255 or ffff:…:ffff
  /// Four octets or sixteen, in network order; nothing for another number of them.
  static std::optional<IpAddress> from_octets(Bytes octets);
  /// Dotted decimal or colon-hexadecimal, nothing else.
  static std::optional<IpAddress> parse(std::string_view text);

  IpFamily family() const { return family_; }
  bool is_v4() const { return family_ == IpFamily::v4; }
  Bytes octets() const { return Bytes{octets_}.first(size()); }
  std::size_t size() const { return is_v4() ? 4 : 16; }
  unsigned bits() const { return is_v4() ? 32 : 128; }
  bool is_any() const { return *this == any(family_); }
  std::string to_string() const;

  /// The address with all bits after the first `length` cleared, or set.
  IpAddress with_host_bits_cleared(unsigned length) const;
  IpAddress with_host_bits_set(unsigned length) const;
  /// The next higher one of its family; nothing after the highest.
  std::optional<IpAddress> next() const;

  /// IPv4 before IPv6, then in numeric order.
  auto operator<=>(const IpAddress&) const = default;

 private:
  IpFamily family_ = IpFamily::v4;
  std::array<std::uint8_t, 16> octets_{};  // an IPv4 address in the first four
};

/// All addresses from first to last, both included; first <= last, one family.
struct IpRange {
  IpAddress first, last;

  static IpRange of(const IpAddress& address) { return {address, address}; }
  static IpRange of_prefix(const IpAddress& address, unsigned length) {
    return {address.with_host_bits_cleared(length), address.with_host_bits_set(length)};
  }
  static IpRange all(IpFamily family) { return {IpAddress::any(family), IpAddress::highest(family)}; }

  IpFamily family() const { return first.family(); }
  bool is_single() const { return first == last; }
  bool is_all() const { return *this == all(family()); }
  bool contains(const IpAddress& address) const {
    return address.family() == family() && first <= address && address <= last;
  }
  bool contains(const IpRange& other) const { return contains(other.first) && contains(other.last); }
  std::optional<IpRange> intersection(const IpRange& other) const;
  /// The prefix length when the range is exactly one prefix.
  std::optional<unsigned> prefix_length() const;
  /// `10.1.1.1`, `10.1.0.0/16` or `10.1.1.1-10.1.1.9`.
  std::string to_string() const;

  auto operator<=>(const IpRange&) const = default;
};

/// An address with a UDP port.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  /// `192.0.2.1[500]`
  std::string to_string() const;
  auto operator<=>(const Endpoint&) const = default;
};

}  // namespace adit

template <>
struct std::hash<adit::IpAddress> {
  std::size_t operator()(const adit::IpAddress& address) const noexcept {
    return std::hash<std::string_view>{}(adit::as_text(address.octets()));
  }
};
template <>
struct std::hash<adit::Endpoint> {
  std::size_t operator()(const adit::Endpoint& endpoint) const noexcept {
    return std::hash<adit::IpAddress>{}(endpoint.address) * 31 + endpoint.port;
  }
};
