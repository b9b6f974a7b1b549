#include "statement_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "policy/nearest.h"

namespace adit::policy {
namespace {

constexpr std::string_view end_of_head = "----";

std::string_view first_word(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line.substr(0, line.find_first_of(" \t"));
}

}  // namespace

bool StatementCase::codes(std::string_view attribute) const {
  return std::ranges::any_of(
      text, [attribute](const std::string& coded) { return equal_without_case(first_word(coded), attribute); });
}

StatementTable StatementTable::read(const std::string& file) {
  std::ifstream in{file};
  EXPECT_TRUE(in.good()) << file;
  StatementTable table;
  std::string line;
  while (std::getline(in, line) && line != end_of_head) table.head.push_back(line);
  for (std::size_t number = table.head.size() + 2; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    const std::string rest = line.size() > 2 ? line.substr(2) : "";
    if (line[0] == '+' || line[0] == '-') {
      table.cases.push_back({.accepted = line[0] == '+', .text = {rest}, .want = {}, .line = number});
    } else if (table.cases.empty()) {
      ADD_FAILURE() << file << ':' << number << ": " << line;
    } else {
      (line[0] == '&' ? table.cases.back().text : table.cases.back().want).push_back(rest);
    }
  }
  return table;
}

std::string StatementTable::text() const {
  std::string all;
  for (const std::string& line : head) all += line + "\n";
  all += std::string{end_of_head} + "\n";
  for (const StatementCase& one : cases) {
    for (std::size_t i = 0; i < one.text.size(); ++i) {
      all += (i != 0 ? "&" : one.accepted ? "+" : "-") + (one.text[i].empty() ? "" : " " + one.text[i]) + "\n";
    }
    for (const std::string& want : one.want) all += "  " + want + "\n";
  }
  return all;
}

std::pair<std::string, std::size_t> StatementTable::context(const StatementCase* one) const {
  std::string policy;
  std::size_t line = 1;
  std::size_t at = 0;
  const auto add = [&](std::string_view one_line) {
    policy += std::string{one_line} + "\n";
    ++line;
  };
  for (const std::string& written : head) {
    if (written.starts_with('#')) continue;
    if (written == "@") {
      at = line;
      if (one != nullptr) std::ranges::for_each(one->text, add);
    } else if (written.starts_with("@ ")) {
      // `@ Name|Name line`: the line, unless the case codes one of the names.
      const std::size_t names_end = written.find(' ', 2);
      std::istringstream names{written.substr(2, names_end - 2)};
      bool is_coded = false;
      for (std::string name; std::getline(names, name, '|');) is_coded |= one != nullptr && one->codes(name);
      if (!is_coded) add(std::string_view{written}.substr(names_end + 1));
    } else {
      add(written);
    }
  }
  return {policy, at};
}

std::string table_name(const StatementRow& statement) {
  switch (statement.id) {
    case StatementId::policy_file:
      return "policy-file";
    case StatementId::image_file:
      return "image-file";
    case StatementId::wanted_policy_type:
      return "PolicyType-of-PolicyServer";
    case StatementId::loaded_policy_type:
      return "PolicyType-of-DynamicConfigPolicyLoad";
    default:
      return std::string{statement.name};
  }
}

}  // namespace adit::policy
