#pragma once
// Certificates of tests, made in memory: authorities, end entities of each kind of key, revocation lists. What goes
// wrong here is the test's mistake: it throws.

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/signature.h"
#include "nss/key_ring.h"

struct x509_st;

namespace adit::test_pki {

/// The time of the tests, and the times around it.
inline constexpr WallTime now = std::chrono::sys_days{std::chrono::year{2026} / 6 / 1};
inline constexpr WallTime last_year = now - std::chrono::days{365};
inline constexpr WallTime next_year = now + std::chrono::days{365};

struct Wish {
  std::string common_name = "gateway";
  std::vector<std::string> names{};  ///< `DNS:a`, `IP:192.0.2.1`, `email:a@b`
  crypto::KeyKind kind = crypto::KeyKind::ecdsa_256;
  WallTime not_before = last_year, not_after = next_year;
  std::string key_usage{};           ///< `digitalSignature`; empty: no extension
  std::string extended_key_usage{};  ///< `serverAuth`; empty: no extension
  bool is_authority = false;
  bool is_version_1 = false;  ///< no extensions at all
};

/// A certificate with its private key.
struct Issued {
  std::shared_ptr<x509_st> x509;
  crypto::Key key;

  ByteString der() const;
  std::string pem() const;
  std::string key_pem() const;
  nss::Certificate certificate() const;
  /// Issues another certificate with this one's key and name.
  Issued issue(const Wish& wish) const;
  /// A CRL of this authority, PEM.
  std::string crl(const std::vector<Issued>& revoked, WallTime this_update = last_year,
                  WallTime next_update = next_year) const;
};

Issued self_signed(const Wish& wish);
Issued authority(const std::string& common_name);

nss::RingFile certificate_file(const std::string& label, const std::string& pem);
nss::RingFile key_file(const std::string& label, const std::string& pem);
nss::RingFile authority_file(const std::string& label, const std::string& pem);
nss::RingFile crl_file(const std::string& label, const std::string& pem);

/// The ring of these files; throws with the problems.
std::shared_ptr<const nss::KeyRing> ring_of(const std::vector<nss::RingFile>& files);

}  // namespace adit::test_pki
