// Every statement and every attribute, accepted and refused, by the tables of tests/vectors/policy/statements.
// ADIT_RENEW_DOCS=1 policy_test --gtest_filter='StatementTables.*' writes what the rows come to; read the difference.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "policy/config_iked.h"
#include "policy/config_nssd.h"
#include "policy/config_pagent.h"
#include "policy/values.h"
#include "resolved_text.h"
#include "sources.h"
#include "statement_rows.h"

namespace adit::policy {
namespace {

const std::string folder = std::string{ADIT_TEST_DATA} + "/vectors/policy/statements/";

/// What a file comes to: the values of its policy, none for the daemons' files; and what is wrong with it.
struct Come {
  std::map<std::string, Fields> values;
  std::vector<Diagnostic> diagnostics;
  bool is_taken = false;
};

template <class T>
Come come(const Parsed<T>& parsed) {
  return {.values = {}, .diagnostics = parsed.diagnostics, .is_taken = parsed.value.has_value()};
}

/// By the `# of FILE` with which the head of a table begins; a policy file where it says nothing.
Come read(const StatementTable& table, const SourceFile& source) {
  const std::string& kind = table.head.front();
  if (kind == "# of pagent.conf") return come(parse_pagent_config(source));
  if (kind == "# of an image file") return come(parse_image_config(source));
  if (kind == "# of iked.conf") return come(parse_iked_config(source));
  if (kind == "# of nssd.conf") return come(parse_nssd_config(source));
  Surroundings around;
  around.read_key_file = [](const std::string&, const std::string& path) -> std::expected<Secret, std::string> {
    if (path == "missing.key") return std::unexpected{std::string{"No such file or directory"}};
    return Secret{as_bytes(path == "good.key"  ? std::string_view{"# of east\nAscii 0123456789abcdefghijk\n"}
                           : path == "two.key" ? std::string_view{"Hex 00\nHex 01\n"}
                                               : std::string_view{"0123456789abcdefghijk\n"})};
  };
  around.address_of = [](const std::string& host) {
    return host == "gw.example.com" ? IpAddress::parse("192.0.2.7") : std::nullopt;
  };
  ParseResult result = parse_policy(StackName{"east"}, nullptr, &source, around);
  return {.values = result.policy ? resolved(*result.policy) : std::map<std::string, Fields>{},
          .diagnostics = std::move(result.diagnostics),
          .is_taken = result.policy != nullptr};
}

/// `1:17 error: number out of range: "65536"; nearest x`, the line counted from the first one of the case.
std::string told(const Diagnostic& diagnostic, std::size_t first_line) {
  return fmt::format("{}:{} {}: {}{}{}", static_cast<int>(diagnostic.at.line) - static_cast<int>(first_line) + 1,
                     diagnostic.at.column, name_of(diagnostic.severity), diagnostic.problem,
                     diagnostic.found.empty() ? "" : ": \"" + diagnostic.found + "\"",
                     diagnostic.nearest.empty() ? "" : "; nearest " + diagnostic.nearest);
}

std::vector<std::string> result_of(const StatementTable& table, const Come& context, const StatementCase& one) {
  const auto [text, at] = table.context(&one);
  const Come got = read(table, {.name = "test.policy", .text = text});
  EXPECT_EQ(got.is_taken, one.accepted) << "all or nothing";
  std::vector<std::string> lines;
  if (got.is_taken) lines = difference(context.values, got.values);
  for (const Diagnostic& diagnostic : got.diagnostics) lines.push_back(told(diagnostic, at));
  return lines;
}

class StatementTables : public ::testing::TestWithParam<StatementId> {};

TEST_P(StatementTables, SayWhatEachLineComesTo) {
  const std::string file = folder + table_name(row_of(GetParam())) + ".rows";
  StatementTable table = StatementTable::read(file);
  const Come context = read(table, {.name = "test.policy", .text = table.context(nullptr).first});
  for (StatementCase& one : table.cases) {
    SCOPED_TRACE(fmt::format("{}:{}: {}", file, one.line, one.text.front()));
    const std::vector<std::string> got = result_of(table, context, one);
    if (std::getenv("ADIT_RENEW_DOCS") != nullptr) {
      one.want = got;
    } else {
      EXPECT_EQ(got, one.want);
    }
  }
  if (std::getenv("ADIT_RENEW_DOCS") != nullptr) std::ofstream{file} << table.text();
}

// Whoever adds an attribute adds a row that it takes, and one that it refuses.
TEST_P(StatementTables, HaveARowForEachAttributeTakenAndRefused) {
  const StatementTable table = StatementTable::read(folder + table_name(row_of(GetParam())) + ".rows");
  for (const AttributeRow& row : row_of(GetParam()).attributes) {
    const auto has = [&](bool accepted) {
      return std::ranges::any_of(
          table.cases, [&](const StatementCase& one) { return one.accepted == accepted && one.codes(row.name); });
    };
    EXPECT_TRUE(has(true) || !row.unsupported.empty()) << row.name << " has no row that is taken";
    EXPECT_TRUE(has(false) || row.form == Form::ignored) << row.name << " has no row that is refused";
  }
}

std::vector<StatementId> all_statements() {
  std::vector<StatementId> all;
  for (const StatementRow& statement : statement_table()) all.push_back(statement.id);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Each, StatementTables, ::testing::ValuesIn(all_statements()), [](const auto& tested) {
  std::string name = table_name(row_of(tested.param));
  std::erase_if(name, [](char letter) { return !std::isalnum(static_cast<unsigned char>(letter)); });
  return name;
});

TEST(StatementTablesFolder, HasNoTableWithoutAStatement) {
  std::size_t tables = 0;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) tables += entry.path().extension() == ".rows";
  EXPECT_EQ(tables, statement_table().size());
}

}  // namespace
}  // namespace adit::policy
