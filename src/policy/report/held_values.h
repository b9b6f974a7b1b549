#pragma once
// Values that hold by other words than their attribute's own: by a deprecated attribute, by one that brings a value
// with it, or in a form that leaves a part out. Read from the policy that the statements came to; the statements only
// say where it was said.

#include <map>
#include <optional>
#include <string>

#include "policy/document.h"

namespace adit::policy::report {

/// What an attribute comes to, and the entry that says so.
struct HeldValue {
  std::string value;
  const Entry* by = nullptr;
};

class HeldValues {
 public:
  /// The policy must outlive it.
  explicit HeldValues(const PolicySnapshot& policy);
  /// Nothing where the attribute's own entry, or its default, says what holds.
  std::optional<HeldValue> of(const Statement& statement, Attribute id) const;
  /// Whether an entry has any effect: not Pfs beside both newer attributes.
  static bool has_effect(const Statement& statement, const Entry& entry);

 private:
  std::map<SourceRange, const DynVpnAction*> dynamic_;
  std::map<SourceRange, const ManVpnAction*> manual_;
  std::map<SourceRange, const DataOffer*> data_offers_;
  std::map<SourceRange, const KeyExchangeOffer*> ike_offers_;
};

}  // namespace adit::policy::report
