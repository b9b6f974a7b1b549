#pragma once
// The files of one stack as they were read: statements with their places, the names they go by, and the policy that
// they resolve to. For whoever asks of a value where it stands: the linter, `policy show`. The policy itself carries no
// more than the place of each rule, action and offer.

#include <map>
#include <string_view>
#include <tuple>
#include <vector>

#include "policy/diagnostic.h"
#include "policy/names.h"
#include "policy/syntax.h"

namespace adit::policy {

class Document {
 public:
  /// As parse_policy(). The sources must outlive the document: places borrow the names of files.
  Document(const StackName& stack, const SourceFile* common, const SourceFile* own, const Surroundings& around = {});
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  const PolicyPointer& policy() const { return result_.policy; }
  const std::vector<Diagnostic>& diagnostics() const { return result_.diagnostics; }
  ParseResult take() && { return std::move(result_); }

  /// One for each file, the common one first.
  const std::vector<Statement>& files() const { return files_; }
  /// IpFilterPolicy, KeyExchangePolicy, LocalDynVpnPolicy: the one that holds, or null.
  const Statement* policy_statement(StatementId type) const { return names_.find_policy(type); }
  /// All global statements of one type that hold, in no order.
  const std::unordered_map<std::string_view, const Statement*>& all(StatementId type) const { return names_.all(type); }
  /// The statement that an attribute names or holds; null when there is none.
  const Statement* target(const Entry& entry) const;
  const Statement* target(const Statement& statement, Attribute id) const;

 private:
  Names names_;
  std::vector<Statement> files_;
  ParseResult result_;
};

/// The statement that a value of the policy was made from, by the value's `at`. Built when it is asked for, from the
/// syntax tree: a policy that only runs does not pay for it.
class Origins {
 public:
  explicit Origins(const Document& document);
  /// Null when the value is of another policy.
  const Statement* of(const SourceRange& at) const;

 private:
  using Key = std::tuple<std::string_view, std::uint32_t, std::uint32_t>;
  void add(const Statement& statement);

  std::map<Key, const Statement*> statements_;
};

}  // namespace adit::policy
