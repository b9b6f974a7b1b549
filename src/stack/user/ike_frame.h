#pragma once
// One record of the IKE channel: version, both endpoints, then the datagram's octets. Pure.

#include <array>
#include <optional>

#include "stack/user/ike_channel.h"

namespace adit::stack::user {

inline constexpr std::size_t ike_frame_header_size = 40;

/// Version 1, family, two octets of zero, local port, remote port, local address, remote address (16 octets each).
std::array<std::uint8_t, ike_frame_header_size> ike_frame_header(const IkeDatagram& datagram);
/// Nothing for a record of another shape.
std::optional<IkeDatagram> parse_ike_frame(Bytes record);

}  // namespace adit::stack::user
