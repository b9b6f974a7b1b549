#pragma once
// One certificate revocation list (RFC 5280 §5). A value, as Certificate is.

#include <expected>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/time.h"

struct X509_crl_st;

namespace adit::nss {

class RevocationList {
 public:
  /// Octets. About 100 000 entries; a larger one would take the memory of thousands of SAs.
  static constexpr std::size_t largest = std::size_t{4} * 1024 * 1024;

  /// One DER CRL and nothing after it; an error says what is wrong.
  static std::expected<RevocationList, std::string> parse_der(Bytes der);

  std::string issuer() const;
  WallTime this_update() const;
  X509_crl_st* native() const { return crl_.get(); }

 private:
  explicit RevocationList(std::shared_ptr<X509_crl_st> crl) : crl_{std::move(crl)} {}

  std::shared_ptr<X509_crl_st> crl_;
};

}  // namespace adit::nss
