#pragma once
// Keys of DES under which encrypting twice gives the text back, alone or in pairs: nobody draws one by chance, but keys
// of a policy are written by hand.

#include "base/secret.h"

namespace adit::policy {

/// Of the 4 weak and 12 semi-weak keys, whatever its parity bits are. `key`: 8 octets.
bool is_weak_des_key(SecretView key);

/// Whether one of the three keys is weak, or two that stand side by side are the same, which leaves single DES
/// (RFC 2451). `key`: 24 octets.
bool is_weak_triple_des_key(SecretView key);

}  // namespace adit::policy
