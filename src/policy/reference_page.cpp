#include "policy/reference_page.h"

#include <fmt/format.h>

#include "policy/keywords.h"
#include "policy/values.h"

namespace adit::policy {
namespace {

// `|` parts the columns of a table in Markdown.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '|') escaped += '\\';
    escaped += letter;
  }
  return escaped;
}

std::string values_of(const AttributeRow& row) {
  if (row.form == Form::block) return fmt::format("a block of {}", row_of(row.statement).name);
  if (row.form == Form::ignored) return "ignored";
  return expected_of(row, Compat::none);
}

std::string default_of(const AttributeRow& row) {
  if (!row.stands_for.empty()) return {};
  if (row.need == Need::required) return "required";
  std::string preset{row.preset.empty() ? row.absent : row.preset};
  const std::string_view v1r12 = row.preset_in(Compat::v1r12), v2r2 = row.preset_in(Compat::v2r2);
  if (v1r12 == row.preset && v2r2 == row.preset) return preset;
  if (v1r12 == v2r2) return fmt::format("{}; with Compat {}", preset, v1r12);
  return fmt::format("{}; with Compat V1R12, V2R1 {}, V2R2 {}", preset, v1r12, v2r2);
}

std::string meaning_of(const AttributeRow& row) {
  std::string meaning = row.stands_for.empty() ? std::string{row.help} : fmt::format("read as {}", row.stands_for);
  if (row.is_ours) meaning += " (ours)";
  if (!row.unsupported.empty()) meaning += fmt::format(". Refused: {}", row.unsupported);
  if (!row.idle.empty()) meaning += fmt::format(". Taken with a warning: {}", row.idle);
  std::string extensions;
  std::string refused;
  std::string unsafe;
  for (const Choice& choice : row.choices) {
    using Standing = Choice::Standing;
    if (choice.standing == Standing::standard || choice.standing == Standing::deprecated) continue;
    auto& list = choice.standing == Standing::extension     ? extensions
                 : choice.standing == Standing::unsupported ? refused
                                                            : unsafe;
    list += (list.empty() ? "" : ", ") + std::string{choice.word};
  }
  if (!extensions.empty()) meaning += ". Ours: " + extensions;
  if (!refused.empty()) meaning += ". Known and refused by this release: " + refused;
  if (!unsafe.empty()) meaning += ". Refused with keys that do not change: " + unsafe;
  return meaning;
}

}  // namespace

std::string reference_tables() {
  std::string page;
  for (const StatementRow& statement : statement_table()) {
    // The top of a policy file holds the statements, each of which has its own section.
    if (statement.id == StatementId::policy_file) continue;
    page += fmt::format("### {}\n\n", statement.name);
    if (!statement.help.empty()) page += fmt::format("{}\n\n", statement.help);
    page += "| attribute | values | default | meaning |\n| --- | --- | --- | --- |\n";
    for (const AttributeRow& row : statement.attributes) {
      page += fmt::format("| {}{} | {} | {} | {} |\n", row.name, row.occurs == Occurs::many ? " (rep.)" : "",
                          cell(values_of(row)), cell(default_of(row)), cell(meaning_of(row)));
    }
    page += "\n";
  }
  return page;
}

}  // namespace adit::policy
