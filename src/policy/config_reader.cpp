#include "policy/config_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace adit::policy {

std::optional<std::string> text_of(const Statement& statement, Attribute id) {
  const auto* text = std::get_if<std::string>(&statement.value_of(id));
  return text == nullptr ? std::nullopt : std::optional{*text};
}

std::vector<std::string> texts_of(const Statement& statement, Attribute id) {
  std::vector<std::string> texts;
  for (const Entry& entry : statement.entries) {
    if (entry.row->id != id) continue;
    if (const auto* text = std::get_if<std::string>(&entry.value)) texts.push_back(*text);
  }
  return texts;
}

std::optional<TlsFiles> tls_files(const Statement& statement, Findings& findings) {
  const auto certificate = text_of(statement, Attribute::tls_certificate);
  const auto key = text_of(statement, Attribute::tls_key);
  const auto authorities = text_of(statement, Attribute::tls_ca);
  if (certificate && key && authorities) {
    return TlsFiles{.certificate = *certificate, .key = *key, .authorities = *authorities};
  }
  if (certificate || key || authorities) {
    findings.error(statement.at, {.problem = "TLS files incomplete",
                                  .found = {},
                                  .expected = "TlsCertificate, TlsKey and TlsCa together",
                                  .nearest = {}});
  }
  return std::nullopt;
}

Services services_of(const Statement& statement) {
  Services services;
  for (const Entry& entry : statement.entries) {
    const auto* chosen = std::get_if<Chosen>(&entry.value);
    if (entry.row->id != Attribute::service_type || chosen == nullptr) continue;
    (chosen->choice->value == 1 ? services.certificate : services.management) = true;
  }
  return services;
}

std::vector<const Statement*> last_of_each_name(const Statement& top, StatementId type, Findings& findings) {
  std::vector<const Statement*> last;
  for (const Entry& entry : top.entries) {
    if (entry.block == nullptr || entry.block->row->id != type) continue;
    const Statement* statement = entry.block.get();
    const auto earlier = std::ranges::find(last, statement->name, &Statement::name);
    if (earlier == last.end()) {
      last.push_back(statement);
      continue;
    }
    findings.warning(statement->at, {.problem = fmt::format("{} again: the one of line {} has no effect",
                                                            statement->row->name, (*earlier)->at.line),
                                     .found = statement->name,
                                     .expected = {},
                                     .nearest = {}});
    *earlier = statement;
  }
  return last;
}

std::optional<Statement> merged(Statement& top, StatementId type) {
  std::optional<Statement> whole;
  for (Entry& entry : top.entries) {
    if (entry.block == nullptr || entry.block->row->id != type) continue;
    if (!whole) {
      whole = std::move(*entry.block);
      entry.block.reset();
      continue;
    }
    std::ranges::move(entry.block->entries, std::back_inserter(whole->entries));
    entry.block.reset();
  }
  return whole;
}

const Statement* last_of(const Statement& top, StatementId type, Findings& findings) {
  const auto last = last_of_each_name(top, type, findings);
  return last.empty() ? nullptr : last.front();
}

}  // namespace adit::policy
