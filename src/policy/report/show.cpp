#include "policy/report/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "policy/report/held_values.h"
#include "policy/report/json_text.h"
#include "policy/report/value_text.h"

namespace adit::policy::report {
namespace {

constexpr std::string_view by_default = "default";

/// One attribute of a statement, as it holds.
struct Line {
  std::string name, value;
  std::string origin;                ///< `east.policy:12`, `default`
  const Statement* block = nullptr;  ///< inline
};

/// A statement that others take a value from where they have none.
struct Heirs {
  StatementId heir{};
  std::string_view absent;  ///< as the row of the keyword table says it
  StatementId from{};
};
constexpr std::array inheritance = {
    Heirs{StatementId::key_exchange_action, "as KeyExchangePolicy says", StatementId::key_exchange_policy},
    Heirs{StatementId::ip_local_start_action, "as IpFilterPolicy says", StatementId::ip_filter_policy},
};

const AttributeRow* row_of_attribute(const StatementRow& statement, Attribute id) {
  const auto row = std::ranges::find(statement.attributes, id, &AttributeRow::id);
  return row == statement.attributes.end() ? nullptr : &*row;
}

bool leads_to_rules(const Entry& entry) {
  return entry.row->id == Attribute::rule || entry.row->id == Attribute::group;
}

class Reading {
 public:
  Reading(const Document& document, const SourceLines& lines)
      : document_{document}, lines_{lines}, held_{*document.policy()} {}

  /// The attributes in the order of the file, then those that are not coded.
  std::vector<Line> lines_of(const Statement& statement) {
    std::vector<Line> lines;
    std::set<Attribute> coded;
    for (const Entry& entry : statement.entries) {
      coded.insert(entry.row->id);
      const bool holds = entry.row->occurs == Occurs::many || statement.find(entry.row->id) == &entry;
      if (!holds || leads_to_rules(entry) || entry.row->form == Form::ignored) continue;
      if (!HeldValues::has_effect(statement, entry)) continue;
      std::string name{entry.row->stands_for.empty() ? entry.row->name : entry.row->stands_for};
      if (entry.block != nullptr && !entry.block->name.empty()) name += " " + entry.block->name;
      if (entry.block == nullptr) note(document_.target(entry));
      const auto held = held_.of(statement, entry.row->id);
      lines.push_back({.name = std::move(name),
                       .value = held ? held->value : value_text(entry, lines_),
                       .origin = (held ? *held->by : entry).at.range().to_string(),
                       .block = entry.block.get()});
    }
    for (const AttributeRow& row : statement.row->attributes) {
      if (coded.contains(row.id) || !row.stands_for.empty() || !coded.insert(row.id).second) continue;
      if (!row.preset_in(statement.compat).empty() || !row.absent.empty()) lines.push_back(not_coded(statement, row));
    }
    return lines;
  }

  /// Statements that references led to, each once, in the order of their places.
  std::vector<const Statement*> named() {
    std::vector<const Statement*> statements;
    // What is named may name more.
    std::set<const Statement*> seen;
    while (!waiting_.empty()) {
      const Statement* next = waiting_.back();
      waiting_.pop_back();
      if (!seen.insert(next).second) continue;
      statements.push_back(next);
      follow(*next);
    }
    std::ranges::sort(statements, {}, [](const Statement* statement) { return statement->at.range(); });
    return statements;
  }

 private:
  void note(const Statement* statement) {
    if (statement != nullptr) waiting_.push_back(statement);
  }
  void follow(const Statement& statement) {
    for (const Entry& entry : statement.entries) {
      if (entry.block != nullptr) {
        follow(*entry.block);
      } else {
        note(document_.target(entry));
      }
    }
  }

  Line not_coded(const Statement& statement, const AttributeRow& row) const {
    if (const auto held = held_.of(statement, row.id)) {
      return {.name = std::string{row.name}, .value = held->value, .origin = held->by->at.range().to_string()};
    }
    for (const Heirs& heirs : inheritance) {
      if (statement.row->id != heirs.heir || row.absent != heirs.absent) continue;
      const Statement* from = document_.policy_statement(heirs.from);
      const Entry* entry = from == nullptr ? nullptr : from->find(row.id);
      if (entry != nullptr) {
        return {.name = std::string{row.name},
                .value = value_text(*entry, lines_),
                .origin = entry->at.range().to_string()};
      }
      const AttributeRow* general = row_of_attribute(policy::row_of(heirs.from), row.id);
      if (general == nullptr) break;
      return {.name = std::string{row.name},
              .value = std::string{general->preset_in(statement.compat)},
              .origin = fmt::format("{} of {}", by_default, policy::row_of(heirs.from).name)};
    }
    return {.name = std::string{row.name},
            .value = std::string{row.preset.empty() ? row.absent : row.preset_in(statement.compat)},
            .origin = std::string{by_default}};
  }

  const Document& document_;
  const SourceLines& lines_;
  HeldValues held_;
  std::vector<const Statement*> waiting_;
};

/// A rule in its place, and the group that put it there.
struct PlacedRule {
  const Statement* rule = nullptr;
  std::string group;
};

void collect_rules(const Document& document, const Statement& holder, const std::string& group,
                   std::set<const Statement*>& seen, std::vector<PlacedRule>& rules) {
  for (const Entry& entry : holder.entries) {
    const Statement* target = leads_to_rules(entry) ? document.target(entry) : nullptr;
    if (target == nullptr) continue;
    if (entry.row->id == Attribute::group) {
      collect_rules(document, *target, target->name, seen, rules);  // groups do not nest
    } else if (seen.insert(target).second) {
      rules.push_back({target, group});
    }
  }
}

constexpr std::array policy_statements = {StatementId::ip_filter_policy, StatementId::key_exchange_policy,
                                          StatementId::local_dyn_vpn_policy};

class Text {
 public:
  explicit Text(Reading& reading) : reading_{reading} {}

  void heading(const std::string& what, const Statement& statement, std::size_t depth) {
    text_ += fmt::format("{}{:<{}} {}\n", indent(depth), what, room(depth), statement.at.range().to_string());
  }
  void statement(const Statement& statement, std::size_t depth) {
    for (const Line& line : reading_.lines_of(statement)) {
      const std::string what = line.value.empty() ? line.name : fmt::format("{:<28} {}", line.name, line.value);
      text_ += fmt::format("{}{:<{}} {}\n", indent(depth), what, room(depth), line.origin);
      if (line.block != nullptr) this->statement(*line.block, depth + 1);
    }
  }
  std::string take() && { return std::move(text_); }

 private:
  static constexpr std::size_t origin_column = 72;
  static std::string indent(std::size_t depth) { return std::string(2 * depth, ' '); }
  static std::size_t room(std::size_t depth) { return origin_column - std::min(2 * depth, origin_column); }

  Reading& reading_;
  std::string text_;
};

std::string as_text(const Document& document, Reading& reading) {
  Text text{reading};
  for (const StatementId id : policy_statements) {
    const Statement* policy = document.policy_statement(id);
    if (policy == nullptr) continue;
    text.heading(std::string{policy->row->name}, *policy, 0);
    text.statement(*policy, 1);
    std::set<const Statement*> seen;
    std::vector<PlacedRule> rules;
    collect_rules(document, *policy, {}, seen, rules);
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const auto& [rule, group] = rules[i];
      text.heading(
          fmt::format("{}. {} {}{}", i + 1, rule->row->name, rule->name, group.empty() ? "" : ", of group " + group),
          *rule, 1);
      text.statement(*rule, 2);
    }
  }
  for (const Statement* statement : reading.named()) {
    text.heading(fmt::format("{} {}", statement->row->name, statement->name), *statement, 0);
    text.statement(*statement, 1);
  }
  return std::move(text).take();
}

nlohmann::ordered_json as_json(Reading& reading, const Statement& statement) {
  nlohmann::ordered_json attributes = nlohmann::ordered_json::array();
  for (const Line& line : reading.lines_of(statement)) {
    nlohmann::ordered_json attribute = {
        {"name", shown(line.name)}, {"value", shown(line.value)}, {"origin", line.origin}};
    if (line.block != nullptr) attribute["statement"] = as_json(reading, *line.block);
    attributes.push_back(std::move(attribute));
  }
  return {{"statement", statement.row->name},
          {"name", shown(statement.name)},
          {"at", place(statement.at.range())},
          {"attributes", std::move(attributes)}};
}

nlohmann::ordered_json as_json(const Document& document, Reading& reading) {
  nlohmann::ordered_json report = nlohmann::ordered_json::object();
  for (const StatementId id : policy_statements) {
    const Statement* policy = document.policy_statement(id);
    if (policy == nullptr) continue;
    nlohmann::ordered_json json = as_json(reading, *policy);
    std::set<const Statement*> seen;
    std::vector<PlacedRule> rules;
    collect_rules(document, *policy, {}, seen, rules);
    json["rules"] = nlohmann::ordered_json::array();
    for (const auto& [rule, group] : rules) {
      json["rules"].push_back(as_json(reading, *rule));
      if (!group.empty()) json["rules"].back()["group"] = shown(group);
    }
    report[std::string{policy->row->name}] = std::move(json);
  }
  report["named"] = nlohmann::ordered_json::array();
  for (const Statement* statement : reading.named()) report["named"].push_back(as_json(reading, *statement));
  return report;
}

}  // namespace

std::string shown_policy(const Document& document, std::span<const SourceFile> sources, ShowFormat format) {
  const SourceLines lines{sources};
  Reading reading{document, lines};
  return format == ShowFormat::json ? to_text(as_json(document, reading)) : as_text(document, reading);
}

}  // namespace adit::policy::report
