#pragma once
// Text as z/OS holds it: code page IBM-1047, so that `SharedKey Ebcdic` and `KeyId Ebcdic` mean the same octets on both
// systems.

#include <optional>
#include <string_view>

#include "base/secret.h"

namespace adit::policy {

/// UTF-8 text in IBM-1047, one octet a character; nothing when a character is beyond Latin-1, which that page covers.
std::optional<Secret> to_ebcdic(std::string_view text);

}  // namespace adit::policy
