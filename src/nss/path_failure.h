#pragma once
// Why a certification path is not valid, in words for the operator: which certificate, which value, what would do.

#include "nss/path_validation.h"

struct x509_store_ctx_st;

namespace adit::nss {

/// The first error that X509_verify_cert() stopped at.
contract::ServiceRefusal path_failure(x509_store_ctx_st* path, const PeerCertificates& peer, const PathInputs& inputs);

}  // namespace adit::nss
