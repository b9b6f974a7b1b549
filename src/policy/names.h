#pragma once
// The global statements of a stack's files by type and name: the common file's, replaced one by one by the stack's own
// (docs/policy.md, "Files").

#include <array>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/findings.h"
#include "policy/syntax.h"

namespace adit::policy {

class Names {
 public:
  /// Adds the statements of a file, in order; one that is there already is replaced, with a warning if it stands in the
  /// same file. The statements must outlive the Names.
  void add(const Statement& file, Findings& findings);

  const Statement* find(StatementId type, std::string_view name) const;
  /// IpFilterPolicy, KeyExchangePolicy, LocalDynVpnPolicy: the one that holds, or null.
  const Statement* find_policy(StatementId type) const { return find(type, {}); }

  /// The statement that an attribute names, or holds inline. Null, and reported, when there is none of that name.
  const Statement* target(const Entry& entry, Findings& findings) const;

  /// All of one type, in no order.
  const std::unordered_map<std::string_view, const Statement*>& all(StatementId type) const {
    return statements_.at(static_cast<std::size_t>(type));
  }

 private:
  std::array<std::unordered_map<std::string_view, const Statement*>, static_cast<std::size_t>(StatementId::count)>
      statements_;
};

}  // namespace adit::policy
