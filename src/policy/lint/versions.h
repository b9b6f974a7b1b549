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

}  // namespace adit::policy::lint
