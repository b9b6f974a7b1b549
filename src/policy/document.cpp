#include "policy/document.h"

#include "policy/parser.h"
#include "policy/resolver.h"

namespace adit::policy {

Document::Document(const StackName& stack, const SourceFile* common, const SourceFile* own,
                   const Surroundings& around) {
  static const std::string no_file = "policy";
  Findings findings;
  std::vector<std::string> order;
  files_.reserve(2);  // Names and places borrow the statements
  // One release for both: a statement of the common file is resolved among those of the stack's own.
  std::optional<Compat> compat = own != nullptr ? compat_of(*own) : std::nullopt;
  if (!compat && common != nullptr) compat = compat_of(*common);
  for (const SourceFile* file : {common, own}) {
    if (file == nullptr) continue;
    order.push_back(file->name);
    files_.push_back(parse_file(StatementId::policy_file, *file, compat.value_or(Compat::none), findings));
    names_.add(files_.back(), findings);
  }
  const SourceFile* main = own != nullptr ? own : common;
  const Place nowhere{.file = main != nullptr ? &main->name : &no_file, .line = 1, .column = 1, .length = 1};
  PolicySnapshot resolved = Resolver{names_, compat.value_or(Compat::none), around, findings}.resolve(stack, nowhere);
  if (!findings.has_errors()) result_.policy = std::make_shared<const PolicySnapshot>(std::move(resolved));
  result_.diagnostics = std::move(findings).in_order(order);
}

const Statement* Document::target(const Entry& entry) const {
  if (entry.block != nullptr) return entry.block.get();
  const auto* name = std::get_if<std::string>(&entry.value);
  return name == nullptr || entry.row->form != Form::name ? nullptr : names_.find(entry.row->statement, *name);
}

const Statement* Document::target(const Statement& statement, Attribute id) const {
  const Entry* entry = statement.find(id);
  return entry == nullptr ? nullptr : target(*entry);
}

Origins::Origins(const Document& document) {
  for (const Statement& file : document.files()) add(file);
}

// Depth is bounded by the table of keywords, in which no statement holds one of its own kind.
void Origins::add(const Statement& statement) {
  for (const Entry& entry : statement.entries) {
    if (entry.block == nullptr) continue;
    const Place& at = entry.block->name_at;
    statements_.emplace(Key{*at.file, at.line, at.column}, entry.block.get());
    add(*entry.block);
  }
}

const Statement* Origins::of(const SourceRange& at) const {
  const auto found = statements_.find(Key{at.file, at.line, at.column});
  return found == statements_.end() ? nullptr : found->second;
}

}  // namespace adit::policy
