#pragma once
// What the linter looks at: the policy, and the statements that it was made from.

#include "policy/document.h"
#include "policy/lint/remark.h"

namespace adit::policy::lint {

struct Subject {
  const Document& document;
  const PolicySnapshot& policy;  ///< the document's
  const Origins& origins;
};

/// The entry that an attribute's value comes from: its own; Pfs, which gives both newer attributes theirs. Null: the
/// default.
inline const Entry* entry_of(const Statement& statement, Attribute id) {
  const Entry* own = statement.find(id);
  const bool is_of_pfs = id == Attribute::initiate_with_pfs || id == Attribute::acceptable_pfs;
  return own == nullptr && is_of_pfs ? statement.find(Attribute::pfs) : own;
}

/// One kind of finding, or a few that share an idea: adds what it finds.
using Check = void (*)(const Subject& subject, Remarks& remarks);

void check_filter_order(const Subject& subject, Remarks& remarks);
void check_time_conditions(const Subject& subject, Remarks& remarks);
void check_ike_traffic(const Subject& subject, Remarks& remarks);
void check_forwarding(const Subject& subject, Remarks& remarks);
void check_key_exchange_order(const Subject& subject, Remarks& remarks);
void check_key_exchange_overlap(const Subject& subject, Remarks& remarks);
void check_tunnels(const Subject& subject, Remarks& remarks);
void check_transport_ends(const Subject& subject, Remarks& remarks);
void check_local_dyn_vpn(const Subject& subject, Remarks& remarks);
void check_versions(const Subject& subject, Remarks& remarks);
void check_algorithms(const Subject& subject, Remarks& remarks);
void check_aggressive_mode(const Subject& subject, Remarks& remarks);
void check_refresh(const Subject& subject, Remarks& remarks);
void check_pfs(const Subject& subject, Remarks& remarks);
void check_offers(const Subject& subject, Remarks& remarks);
void check_unused(const Subject& subject, Remarks& remarks);

}  // namespace adit::policy::lint
