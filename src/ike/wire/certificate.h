#pragma once
// The Certificate and Certificate Request payloads (RFC 7296 §3.6, §3.7).

#include <expected>
#include <vector>

#include "base/reader.h"
#include "base/writer.h"

namespace adit::ike::wire {

struct Certificate {
  std::uint8_t encoding = 0;
  ByteString data;

  static std::expected<Certificate, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const Certificate&) const = default;
};

struct CertificateRequest {
  static constexpr std::size_t key_hash_size = 20;  // SHA-1 of a SubjectPublicKeyInfo

  std::uint8_t encoding = 0;
  ByteString authorities;  ///< for X.509: hashes of 20 octets, one after another

  static std::expected<CertificateRequest, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  /// The hashes; none when the octets are no multiple of their size.
  std::vector<ByteString> key_hashes() const;
  bool operator==(const CertificateRequest&) const = default;
};

}  // namespace adit::ike::wire
