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

  /// What is kept of a half-open SA's peer has changed from so many octets to so many.
  void keeps(const IpAddress& peer, std::size_t before, std::size_t now);
  std::size_t octets() const { return octets_; }
  /// How many more may be kept of this peer: of all, and of its address.
  std::size_t room_for(const IpAddress& peer) const;

  /// Who has one IPv6 address has a net of them (RFC 4291 §2.5.1): such a net counts as one source.
  static IpAddress source_of(const IpAddress& peer);

 private:
  struct OfSource {
    std::size_t without_cookie = 0, with_cookie = 0, octets = 0;
    std::size_t& of(CookieProof proof) { return proof == CookieProof::right ? with_cookie : without_cookie; }
    bool operator==(const OfSource&) const = default;
  };
  void forget_if_idle(const IpAddress& source);

  const EngineOptions& options_;
  std::size_t count_ = 0;
  std::size_t octets_ = 0;
  std::unordered_map<IpAddress, OfSource> by_source_;  // at most one entry a half-open SA
};

}  // namespace adit::ike
