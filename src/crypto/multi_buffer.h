#pragma once
// The intel-ipsec-mb manager of this thread. Its job queue must not be shared, so every thread has its own.

#include <intel-ipsec-mb.h>

namespace adit::crypto {

/// Nothing where the CPU has no AES and carry-less multiplication instructions: the library's emulation of them is
/// slower than OpenSSL.
IMB_MGR* multi_buffer();

}  // namespace adit::crypto
