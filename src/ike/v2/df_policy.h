#pragma once
// The policy's word on the DF bit, as stacks are told it: of no version of IKE.

#include "contract/child_sa.h"
#include "policy/model.h"

namespace adit::ike::v2 {

inline contract::DfPolicy df_of(policy::DfSetting df) {
  switch (df) {
    case policy::DfSetting::copy:
      return contract::DfPolicy::copy;
    case policy::DfSetting::clear:
      return contract::DfPolicy::clear;
    case policy::DfSetting::set:
      return contract::DfPolicy::set;
  }
  return contract::DfPolicy::copy;
}

}  // namespace adit::ike::v2
