#pragma once
// The certificate service: a client's request in, the answer out; of certificates the signer's comes first (RFC 7296
// §3.6). Pure: the ring, the grants and the time are given. A Service does not change, so threads may share one; a
// reload makes another.

#include <expected>
#include <memory>
#include <string_view>
#include <variant>

#include "base/time.h"
#include "contract/certificate_service.h"
#include "nss/grants.h"
#include "nss/key_ring.h"
#include "nss/path_validation.h"

namespace adit::nss {

using Request = std::variant<contract::ListAuthorities, contract::Sign, contract::Verify>;
using Answer = std::variant<contract::Authorities, contract::Signature, contract::Verified, contract::ServiceRefusal>;

class Service {
 public:
  Service(std::shared_ptr<const KeyRing> ring, Grants grants)
      : ring_{std::move(ring)}, grants_{std::move(grants)}, paths_{ring_} {}

  /// @param client  the name that TLS proved
  /// @param now     calendar time, against which certificates and CRLs are judged
  Answer answer(std::string_view client, const Request& request, WallTime now) const;

  std::expected<contract::Authorities, contract::ServiceRefusal> list_authorities(
      std::string_view client, const contract::ListAuthorities& request) const;
  std::expected<contract::Signature, contract::ServiceRefusal> sign(std::string_view client,
                                                                    const contract::Sign& request, WallTime now) const;
  std::expected<contract::Verified, contract::ServiceRefusal> verify(std::string_view client,
                                                                     const contract::Verify& request,
                                                                     WallTime now) const;

  const KeyRing& ring() const { return *ring_; }
  const Grants& grants() const { return grants_; }

 private:
  std::expected<std::vector<const RingAuthority*>, contract::ServiceRefusal> authorities_for(
      std::string_view client, std::span<const std::string> labels) const;

  std::shared_ptr<const KeyRing> ring_;
  Grants grants_;
  PathValidator paths_;
};

}  // namespace adit::nss
