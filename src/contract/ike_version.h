#pragma once
// Which version of IKE something was negotiated by, or is signed for.

#include <cstdint>

namespace adit::contract {

enum class IkeVersion : std::uint8_t { v1, v2 };

}  // namespace adit::contract
