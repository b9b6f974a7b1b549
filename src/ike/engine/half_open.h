#pragma once
// Bounds on what peers that have proved nothing may cost: how many half-open SAs, how many of one address, and from
// when on a cookie is asked for (RFC 7296 §2.6).

#include <cstddef>
#include <unordered_map>

#include "base/ip_address.h"
#include "ike/engine/options.h"

namespace adit::ike {

class HalfOpenLimits {
 public:
  explicit HalfOpenLimits(const EngineOptions& options) : options_{options} {}

  enum class Verdict : std::uint8_t { admit, ask_for_cookie, drop };
  enum class CookieProof : std::uint8_t { none, right };

  /// What becomes of an IKE_SA_INIT request, before anything is allocated for it.
  Verdict judge(const IpAddress& peer, CookieProof proof) const;

  void opened(const IpAddress& peer, CookieProof proof);
  void settled(const IpAddress& peer, CookieProof proof);  ///< authenticated, or gone
  std::size_t count() const { return count_; }

 private:
  struct OfAddress {
    std::size_t without_cookie = 0, with_cookie = 0;
    std::size_t& of(CookieProof proof) { return proof == CookieProof::right ? with_cookie : without_cookie; }
  };

  const EngineOptions& options_;
  std::size_t count_ = 0;
  std::unordered_map<IpAddress, OfAddress> by_address_;  // at most one entry a half-open SA
};

}  // namespace adit::ike
