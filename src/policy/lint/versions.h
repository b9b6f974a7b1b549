#pragma once
// Which versions of IKE a KeyExchangeAction is meant for. IKEv2 is answered whatever it says; IKEv1 is what its author
// had in mind when it starts that way, or says how IKEv1 is answered.

#include "policy/document.h"

namespace adit::policy::lint {

inline bool starts_v1(const KeyExchangeAction& action) {
  return action.how_to_initiate == HowToInitiate::main || action.how_to_initiate == HowToInitiate::aggressive;
}

/// @param statement  that the action was made from; null: not known
inline bool is_meant_for_v1(const KeyExchangeAction& action, const Statement* statement) {
  return starts_v1(action) || (statement != nullptr && statement->find(Attribute::how_to_respond_ikev1) != nullptr);
}

/// What IKEv1 has numbers for in phase 1 (RFC 2409 Appendix A, RFC 3602): CBC ciphers, and any group.
inline bool can_be_made_by_v1(const KeyExchangeOffer& offer) {
  return offer.encryption == EncryptionId::des || offer.encryption == EncryptionId::triple_des ||
         offer.encryption == EncryptionId::aes_cbc;
}

}  // namespace adit::policy::lint
