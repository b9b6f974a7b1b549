// Global statements that nothing leads to: they are checked, and not installed.

#include <fmt/format.h>

#include <unordered_set>
#include <vector>

#include "policy/lint/subject.h"

namespace adit::policy::lint {

void check_unused(const Subject& subject, Remarks& remarks) {
  std::unordered_set<const Statement*> used;
  std::vector<const Statement*> waiting;
  for (const StatementId root :
       {StatementId::ip_filter_policy, StatementId::key_exchange_policy, StatementId::local_dyn_vpn_policy}) {
    if (const Statement* policy = subject.document.policy_statement(root)) waiting.push_back(policy);
  }
  while (!waiting.empty()) {
    const Statement* statement = waiting.back();
    waiting.pop_back();
    if (!used.insert(statement).second) continue;
    for (const Entry& entry : statement->entries) {
      if (const Statement* next = subject.document.target(entry)) waiting.push_back(next);
    }
  }
  for (const Statement& file : subject.document.files()) {
    for (const Entry& entry : file.entries) {
      if (entry.block == nullptr || used.contains(entry.block.get())) continue;
      const Statement& statement = *entry.block;
      remarks.add(
          {.kind = Kind::unused_statement,
           .at = statement.name_at.range(),
           .other = std::nullopt,
           .problem =
               fmt::format("{} {} is not used: nothing of the policy names it", statement.row->name, statement.name),
           .advice = fmt::format("{}Ref {} where it is meant, or remove it", statement.row->name, statement.name)});
    }
  }
}

}  // namespace adit::policy::lint
