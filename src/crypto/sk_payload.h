#pragma once
// The shape of an SK payload's body: IV | encrypted (plaintext | padding | pad length) | ICV (RFC 7296 §3.14).

#include <optional>

#include "base/bytes.h"

namespace adit::crypto {

struct SkSizes {
  std::size_t iv = 0, block = 1, icv = 0;

  /// Octets of plaintext, padding and pad length octet together.
  std::size_t padded(std::size_t plaintext) const { return (plaintext + 1 + block - 1) / block * block; }
};

/// Plaintext with the least padding, of zeros: what it is says nothing, and RFC 7296 §3.14 leaves it to the sender.
inline ByteString with_padding(Bytes plaintext, const SkSizes& sizes) {
  ByteString padded(plaintext.begin(), plaintext.end());
  padded.resize(sizes.padded(plaintext.size()));
  padded.back() = static_cast<std::uint8_t>(padded.size() - plaintext.size() - 1);
  return padded;
}

/// Cuts padding and pad length off. Nothing when the pad length is more than there is.
inline std::optional<ByteString> without_padding(ByteString padded) {
  if (padded.empty()) return std::nullopt;
  const std::size_t cut = padded.back() + std::size_t{1};
  if (cut > padded.size()) return std::nullopt;
  padded.resize(padded.size() - cut);
  return padded;
}

/// A message cut at the borders of its SK body.
struct SkParts {
  Bytes authenticated;  ///< IKE header to SK's own header
  Bytes iv, encrypted, icv;
  Bytes before_icv;  ///< all of them but the ICV

  /// Nothing when the lengths are impossible.
  static std::optional<SkParts> cut(Bytes message, std::size_t body, const SkSizes& sizes) {
    if (body > message.size() || message.size() - body < sizes.iv + sizes.block + sizes.icv) return std::nullopt;
    const std::size_t encrypted = message.size() - body - sizes.iv - sizes.icv;
    if (encrypted % sizes.block != 0) return std::nullopt;
    return SkParts{.authenticated = message.first(body),
                   .iv = message.subspan(body, sizes.iv),
                   .encrypted = message.subspan(body + sizes.iv, encrypted),
                   .icv = message.last(sizes.icv),
                   .before_icv = message.first(message.size() - sizes.icv)};
  }
};

}  // namespace adit::crypto
