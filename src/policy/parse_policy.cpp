#include "policy/diagnostic.h"
#include "policy/parser.h"
#include "policy/resolver.h"

namespace adit::policy {

ParseResult parse_policy(const StackName& stack, const SourceFile* common, const SourceFile* own) {
  static const std::string no_file = "policy";
  Findings findings;
  Names names;
  std::vector<std::string> order;
  std::vector<Statement> files;
  files.reserve(2);
  for (const SourceFile* file : {common, own}) {
    if (file == nullptr) continue;
    order.push_back(file->name);
    files.push_back(parse_file(StatementId::policy_file, *file, findings));
    names.add(files.back(), findings);
  }
  const SourceFile* main = own != nullptr ? own : common;
  const Place nowhere{.file = main != nullptr ? &main->name : &no_file, .line = 1, .column = 1, .length = 1};
  PolicySnapshot resolved = Resolver{names, findings}.resolve(stack, nowhere);

  ParseResult result;
  if (!findings.has_errors()) result.policy = std::make_shared<const PolicySnapshot>(std::move(resolved));
  result.diagnostics = std::move(findings).in_order(order);
  return result;
}

}  // namespace adit::policy
