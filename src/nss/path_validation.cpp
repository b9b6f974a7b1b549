#include "nss/path_validation.h"

#include <openssl/err.h>

#include "nss/openssl_pointer.h"
#include "nss/path_failure.h"

namespace adit::nss {
namespace {

using contract::RevocationChecking;
using contract::ServiceRefusal;

// OpenSSL counts the certificates between the peer's and the anchor.
constexpr int most_between = static_cast<int>(KeyRing::longest_chain) - 2;

// A CRL is absent, stale, out of scope or from nobody we could verify: no word on the certificate. A CRL with a wrong
// signature is not among them: it would let a peer hide the true CRL behind a newer one of its own making.
bool says_nothing_of_revocation(int error) {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
      return true;
    default:
      return false;
  }
}

const PathInputs& inputs_of(X509_STORE_CTX* path) {
  // The path of a CRL's issuer is validated below that of the certificate, in a context that knows its parent alone.
  while (X509_STORE_CTX* parent = X509_STORE_CTX_get0_parent_ctx(path)) path = parent;
  return *static_cast<const PathInputs*>(X509_STORE_CTX_get_app_data(path));
}

// Called by OpenSSL with each error it finds; 1 has it go on as if there were none.
int judge_error(int is_fine, X509_STORE_CTX* path) {
  if (is_fine != 0) return 1;
  const int error = X509_STORE_CTX_get_error(path);
  if (!says_nothing_of_revocation(error)) return 0;
  if (inputs_of(path).revocation == RevocationChecking::loose) return 1;
  // A trust anchor is trusted by being in the ring; nobody's CRL is needed for it (RFC 5280 §6.1).
  const bool is_anchor = X509_STORE_CTX_get_error_depth(path) == sk_X509_num(X509_STORE_CTX_get0_chain(path)) - 1;
  return is_anchor && error == X509_V_ERR_UNABLE_TO_GET_CRL ? 1 : 0;
}

BorrowedCertificates supporting(const PeerCertificates& peer, const KeyRing& ring) {
  BorrowedCertificates stack{sk_X509_new_null()};
  for (const Certificate& certificate : peer.supporting) sk_X509_push(stack.get(), certificate.native());
  for (const RingCertificate& held : ring.certificates())
    if (held.certificate.is_authority()) sk_X509_push(stack.get(), held.certificate.native());
  return stack;
}

BorrowedCertificates anchors(const PathInputs& inputs) {
  BorrowedCertificates stack{sk_X509_new_null()};
  for (const RingAuthority* anchor : inputs.anchors) sk_X509_push(stack.get(), anchor->certificate.native());
  return stack;
}

void borrow(const std::vector<RevocationList>& lists, BorrowedCrls& stack) {
  for (const RevocationList& list : lists) sk_X509_CRL_push(stack.get(), list.native());
}

void set_inputs(X509_VERIFY_PARAM* parameters, const PathInputs& inputs) {
  X509_VERIFY_PARAM_set_time(parameters, inputs.at.time_since_epoch().count());
  X509_VERIFY_PARAM_set_depth(parameters, most_between);
  X509_VERIFY_PARAM_set_auth_level(parameters, PathValidator::security_level);
  // An anchor need not be self-signed (RFC 5280 §6.1); policies are processed always, for CAs may require them.
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK;
  if (inputs.revocation != RevocationChecking::none)
    flags |=
        X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_USE_DELTAS;
  if (inputs.requires_explicit_policy) flags |= X509_V_FLAG_EXPLICIT_POLICY;
  if (inputs.inhibits_policy_mapping) flags |= X509_V_FLAG_INHIBIT_MAP;
  if (inputs.inhibits_any_policy) flags |= X509_V_FLAG_INHIBIT_ANY;
  X509_VERIFY_PARAM_set_flags(parameters, flags);
  // OpenSSL takes an empty set for "no policy will do" where a CA requires an explicit one: any-policy must be said.
  if (inputs.initial_policies.empty()) X509_VERIFY_PARAM_add0_policy(parameters, OBJ_nid2obj(NID_any_policy));
  for (const std::string& policy : inputs.initial_policies)
    X509_VERIFY_PARAM_add0_policy(parameters, OBJ_txt2obj(policy.c_str(), 1));
}

}  // namespace

PathValidator::PathValidator(std::shared_ptr<const KeyRing> ring)
    : ring_{std::move(ring)}, store_{X509_STORE_new(), X509_STORE_free} {
  for (const RingAuthority& authority : ring_->authorities())
    X509_STORE_add_cert(store_.get(), authority.certificate.native());
}

std::expected<void, ServiceRefusal> PathValidator::validate(const PeerCertificates& peer,
                                                            const PathInputs& inputs) const {
  // For each certificate OpenSSL looks at one CRL, the most current. Loose checking forgives an issuer of it that
  // cannot be verified, so a peer could hide a CRL of ours that is out of date and revokes it behind one by a key of
  // its own.
  if (inputs.revocation == RevocationChecking::loose && !peer.revocation_lists.empty()) {
    const auto by_ours = validate_with(CrlSources::ring, peer, inputs);
    if (!by_ours) return by_ours;
  }
  return validate_with(CrlSources::ring_and_peer, peer, inputs);
}

std::expected<void, ServiceRefusal> PathValidator::validate_with(CrlSources sources, const PeerCertificates& peer,
                                                                 const PathInputs& inputs) const {
  const BorrowedCertificates untrusted = supporting(peer, *ring_);
  const BorrowedCertificates trusted = anchors(inputs);
  BorrowedCrls crls{sk_X509_CRL_new_null()};
  borrow(ring_->revocation_lists(), crls);
  if (sources == CrlSources::ring_and_peer) borrow(peer.revocation_lists, crls);
  const StoreContextPointer path{X509_STORE_CTX_new()};
  if (!path || X509_STORE_CTX_init(path.get(), store_.get(), peer.signer.native(), untrusted.get()) != 1) {
    ERR_clear_error();
    return std::unexpected{ServiceRefusal{
        .kind = ServiceRefusal::Kind::unavailable, .reason = "out of memory", .offered = {}, .acceptable = {}}};
  }
  // The store has all anchors of the ring, for the issuers of CRLs; the certificate's own path may end in these alone.
  X509_STORE_CTX_set0_trusted_stack(path.get(), trusted.get());
  X509_STORE_CTX_set0_crls(path.get(), crls.get());
  X509_STORE_CTX_set_verify_cb(path.get(), judge_error);
  X509_STORE_CTX_set_app_data(path.get(), const_cast<PathInputs*>(&inputs));  // read alone, by inputs_of()
  set_inputs(X509_STORE_CTX_get0_param(path.get()), inputs);

  const bool is_valid = X509_verify_cert(path.get()) == 1;
  ERR_clear_error();
  if (is_valid) return {};
  return std::unexpected{path_failure(path.get(), peer, inputs)};
}

}  // namespace adit::nss
