#include "nss/revocation_list.h"

#include <openssl/err.h>

#include <fmt/format.h>

#include "nss/certificate_names.h"
#include "nss/openssl_pointer.h"

namespace adit::nss {

std::expected<RevocationList, std::string> RevocationList::parse_der(Bytes der) {
  if (der.size() > largest)
    return std::unexpected{fmt::format("a CRL of {} octets; {} are the most", der.size(), largest)};
  const unsigned char* at = der.data();
  std::shared_ptr<X509_CRL> crl{d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())), X509_CRL_free};
  if (!crl) {
    ERR_clear_error();
    return std::unexpected{"not a CRL in DER"};
  }
  if (at != der.data() + der.size())
    return std::unexpected{fmt::format("{} octets after the CRL", der.data() + der.size() - at)};
  return RevocationList{std::move(crl)};
}

std::string RevocationList::issuer() const { return text_of(X509_CRL_get_issuer(native())); }
WallTime RevocationList::this_update() const { return wall_time_of(X509_CRL_get0_lastUpdate(native())); }

}  // namespace adit::nss
