#include "policy/parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/lexer.h"
#include "policy/masked.h"
#include "policy/nearest.h"
#include "policy/occurrences.h"
#include "policy/values.h"

namespace adit::policy {
namespace {

constexpr std::size_t longest_name = 32;  // characters

bool is_word(const Line* line, std::string_view word) { return line != nullptr && line->words.front().text == word; }

const AttributeRow* find_row(const StatementRow& statement, std::string_view name) {
  const auto row = std::ranges::find_if(
      statement.attributes, [name](const AttributeRow& attribute) { return equal_without_case(attribute.name, name); });
  return row == statement.attributes.end() ? nullptr : &*row;
}

bool is_block(const AttributeRow& row) { return row.form == Form::block; }

// Names of rules and actions are arguments of the ipsec command, where `-` begins an option and `,` parts names. z/OS
// refuses such names of some statements; of the others they load, and commands cannot take them.
enum class CommandName : std::uint8_t { free, advised, demanded };
CommandName command_name(StatementId id) {
  using enum StatementId;
  switch (id) {
    case ip_filter_rule:
    case ip_generic_filter_action:
    case ip_dyn_vpn_action:
    case ip_man_vpn_action:
      return CommandName::demanded;
    case ip_filter_group:
    case local_dyn_vpn_rule:
    case local_dyn_vpn_group:
    case key_exchange_rule:
      return CommandName::advised;
    default:
      return CommandName::free;
  }
}

// Where an attribute that nobody knows may be a key by another name.
bool holds_keys(StatementId id) { return id == StatementId::key_exchange_rule || id == StatementId::ip_man_vpn_action; }

class Parser {
 public:
  Parser(const SourceFile& file, StatementId root, Compat compat, Findings& findings)
      : lines_{file, findings}, root_{row_of(root)}, compat_{compat}, findings_{findings} {}

  Statement parse() {
    Statement top{.row = &root_,
                  .compat = compat_,
                  .name = {},
                  .at = {&lines_.file_name(), 1, 1, 1},
                  .name_at = {},
                  .entries = {}};
    top.name_at = top.at;
    while (lines_.peek() != nullptr) read_entry(top);
    check_occurrences(top, findings_);
    return top;
  }

 private:
  enum class Ending : std::uint8_t { goes_on, closed };

  Place place(const Line& line, std::size_t word = 0) const { return lines_.place(line, line.words[word]); }

  void refuse(const Place& at, std::string_view problem, std::string_view found, std::string_view expected,
              std::string nearest = {}) {
    findings_.error(at, {.problem = std::string{problem},
                         .found = std::string{found},
                         .expected = std::string{expected},
                         .nearest = std::move(nearest)});
  }

  void warn_of_more(const Line& line, std::size_t from) {
    if (from >= line.words.size()) return;
    const Word rest = line.rest(from);
    findings_.warning(lines_.place(line, rest), {.problem = "extra text ignored",
                                                 .found = {},  // it may be part of a key
                                                 .expected = "end of line",
                                                 .nearest = {}});
  }

  // An attribute beside a brace would not be read: a rule without it matches more than was meant.
  void refuse_beside_brace(const Line& brace) {
    if (brace.words.size() < 2) return;
    const std::string_view which = brace.words.front().text;
    refuse(lines_.place(brace, brace.rest(1)), "text beside a brace", {},  // it may be part of a key
           fmt::format("{} alone on its line: what stands beside it on a line of its own", which));
  }

  // As beside a brace; other words are no harm.
  void refuse_attribute_beside(const Statement& statement, const Line& line, std::size_t from) {
    const AttributeRow* row = find_row(*statement.row, line.words[from].text);
    if (row == nullptr) return warn_of_more(line, from);
    refuse(place(line, from), "attribute beside a statement", row->name,
           fmt::format("{} on a line of its own, inside the block", row->name));
  }

  // Passes over lines to the brace that closes the one already taken. Braces are counted, not nested in calls: their
  // number is the file's.
  void skip_block() {
    for (std::size_t depth = 1; depth != 0;) {
      const auto line = lines_.next();
      if (!line) return;
      if (is_word(&*line, "{")) ++depth;
      if (is_word(&*line, "}")) --depth;
    }
  }

  // Reads one line and what belongs to it into the statement.
  Ending read_entry(Statement& into) {
    const Line line = *lines_.next();
    const std::string_view keyword = line.words.front().text;
    if (keyword == "}") return close(into, line);
    if (keyword == "{") {
      refuse(place(line), "brace without a statement", "{", "an attribute or a statement before it");
      skip_block();
      return Ending::goes_on;
    }
    const AttributeRow* row = find_row(*into.row, keyword);
    if (row == nullptr) return unknown(into, line);
    if (is_block(*row)) return read_block(into, *row, line);
    if (row->form == Form::ignored) return pass_over(*row, line);
    read_attribute(into, *row, line);
    return Ending::goes_on;
  }

  Ending close(const Statement& into, const Line& line) {
    if (into.row == &root_) {
      refuse(place(line), "brace without a statement", "}", "a statement");
      return Ending::goes_on;
    }
    refuse_beside_brace(line);
    return Ending::closed;
  }

  void check_compat(const Statement& into, const Entry& entry) {
    if (entry.row->is_ours && entry.row->id != Attribute::compat && compat_ != Compat::none) {
      refuse(entry.at, "not known to z/OS, whose words alone Compat takes", entry.row->name, {});
    }
    const auto is_block_entry = [](const Entry& other) { return other.block != nullptr; };
    if (entry.row->id == Attribute::compat && std::ranges::any_of(into.entries, is_block_entry)) {
      refuse(entry.at, "Compat after a statement", entry.row->name, "Compat before all statements of the file");
    }
  }

  Ending pass_over(const AttributeRow& row, const Line& line) {
    findings_.note(
        place(line),
        {.problem = fmt::format("{} ignored: {}", row.name, row.help), .found = {}, .expected = {}, .nearest = {}});
    if (!is_word(lines_.peek(), "{")) return Ending::goes_on;
    lines_.next();
    skip_block();
    return Ending::goes_on;
  }

  void read_attribute(Statement& into, const AttributeRow& row, const Line& line) {
    ValueText text{lines_, line, findings_, compat_};
    Entry entry{.row = &row, .at = place(line), .value_at = lines_.place(line, text.first()), .value = {}, .block = {}};
    entry.value = read_value(row, text, expected_of(row, compat_));
    if (!row.unsupported.empty()) refuse(entry.at, row.unsupported, row.name, {});
    check_compat(into, entry);
    const bool is_sound = !std::holds_alternative<std::monostate>(entry.value);
    if (is_sound && !row.idle.empty() && !equal_without_case(line.rest(1).text, row.preset)) {
      findings_.warning(
          entry.at, {.problem = fmt::format("{}: {}", row.name, row.idle), .found = {}, .expected = {}, .nearest = {}});
    }
    if (!row.stands_for.empty() && row.form != Form::image) {
      findings_.note(entry.at, {.problem = fmt::format("{} is read as {}", row.name, row.stands_for),
                                .found = {},
                                .expected = {},
                                .nearest = {}});
    }
    // A value that was wrong says where it went wrong: what follows it there is no mistake of its own.
    if (is_sound && text.more()) {
      warn_of_more(line, text.taken());
    }
    into.entries.push_back(std::move(entry));
  }

  Ending read_block(Statement& into, const AttributeRow& row, const Line& line) {
    const StatementRow& kind = row_of(row.statement);
    Entry entry{.row = &row, .at = place(line), .value_at = place(line), .value = {}, .block = {}};
    entry.block = std::make_unique<Statement>(Statement{
        .row = &kind, .compat = compat_, .name = {}, .at = place(line), .name_at = place(line), .entries = {}});
    Statement& statement = *entry.block;
    check_compat(into, entry);
    bool opened = line.words.size() > 1 && line.words.back().text == "{";
    if (opened) refuse(place(line, line.words.size() - 1), "brace beside a statement", "{", "{ alone on the next line");
    read_name(statement, into.row == &root_ ? Naming::required : kind.naming, line,
              line.words.size() - (opened ? 1 : 0));
    if (!row.unsupported.empty()) refuse(entry.at, row.unsupported, row.name, {});
    if (!opened && is_word(lines_.peek(), "{")) {
      const Line brace = *lines_.next();
      refuse_beside_brace(brace);
      opened = true;
    } else if (!opened) {
      refuse(place(line), "statement without a block", kind.name, "{ alone on the next line");
      // The brace was forgotten when an attribute of the statement follows; else there is no block to read.
      const Line* ahead = lines_.peek();
      opened = ahead != nullptr && find_row(kind, ahead->words.front().text) != nullptr;
    }
    if (opened) read_members(statement);
    check_occurrences(statement, findings_);
    into.entries.push_back(std::move(entry));
    return Ending::goes_on;
  }

  // Depth is bounded by the table of keywords, in which no statement holds one of its own kind.
  void read_members(Statement& statement) {
    while (lines_.peek() != nullptr) {
      if (begins_above(statement, *lines_.peek())) return;
      if (read_entry(statement) == Ending::closed) return;
    }
    refuse(statement.at, "statement not closed", statement.row->name, "} alone on a line before the end of the file");
  }

  // A `}` was forgotten when a statement that cannot stand here, but at the top of a file, begins no further right than
  // the one it would stand in.
  bool begins_above(const Statement& statement, const Line& line) {
    const std::string_view keyword = line.words.front().text;
    if (find_row(*statement.row, keyword) != nullptr) return false;
    const AttributeRow* row = find_row(root_, keyword);
    if (row == nullptr || !is_block(*row) || line.words.front().column > statement.at.column) return false;
    refuse(place(line), fmt::format("{} not closed", statement.row->name), keyword,
           fmt::format("}} for the {} of line {}", statement.row->name, statement.at.line));
    return true;
  }

  void read_name(Statement& statement, Naming naming, const Line& line, std::size_t words) {
    if (statement.row->naming == Naming::none) {
      if (words > 1) refuse_attribute_beside(statement, line, 1);
      return;
    }
    if (words < 2) {
      if (naming == Naming::required) {
        refuse(place(line), "name missing", statement.row->name, fmt::format("{} name", statement.row->name));
      }
      return;
    }
    const Word& name = line.words[1];
    statement.name = std::string{name.text};
    statement.name_at = lines_.place(line, name);
    if (name.length > longest_name) {
      refuse(statement.name_at, "name too long", name.text, fmt::format("1 to {} characters", longest_name));
    }
    const CommandName wanted = command_name(statement.row->id);
    if (wanted != CommandName::free && (name.text.starts_with('-') || name.text.contains(','))) {
      Finding finding{.problem = "name that commands cannot take",
                      .found = std::string{name.text},
                      .expected = "no - at its start and no comma in it",
                      .nearest = {}};
      if (wanted == CommandName::demanded) {
        findings_.error(statement.name_at, std::move(finding));
      } else {
        findings_.warning(statement.name_at, std::move(finding));
      }
    }
    if (words > 2) refuse_attribute_beside(statement, line, 2);
  }

  Ending unknown(const Statement& into, const Line& line) {
    const std::string_view keyword = shown_word(line.words.front().text, FoundAs::keyword);
    const bool has_block = is_word(lines_.peek(), "{");
    const AttributeRow* elsewhere = find_row(root_, keyword);
    std::vector<std::string_view> words;
    for (const AttributeRow& row : into.row->attributes) {
      if (is_block(row) || !has_block) words.push_back(row.name);
    }
    const std::string where{into.row->name};
    if (elsewhere != nullptr && is_block(*elsewhere) && has_block) {
      refuse(place(line), fmt::format("{} cannot stand in {}", elsewhere->name, where), keyword, "the top of the file");
    } else {
      Finding finding{.problem = has_block ? "unknown statement" : "unknown attribute",
                      .found = std::string{keyword},
                      .expected = fmt::format("{} of {}", has_block ? "a statement" : "an attribute", where),
                      .nearest = findings_.is_full() ? std::string{} : nearest_word(keyword, words),
                      .may_hold_key = holds_keys(into.row->id)};
      if (compat_ == Compat::none) {
        findings_.error(place(line), std::move(finding));
      } else {  // as z/OS, which passes over what it does not know
        finding.problem += ", passed over";
        findings_.warning(place(line), std::move(finding));
      }
    }
    if (has_block) {
      lines_.next();
      skip_block();
    }
    return Ending::goes_on;
  }

  LineReader lines_;
  const StatementRow& root_;
  Compat compat_;
  Findings& findings_;
};

}  // namespace

Statement parse_file(StatementId root, const SourceFile& file, Compat compat, Findings& findings) {
  return Parser{file, root, compat, findings}.parse();
}

std::optional<Compat> compat_of(const SourceFile& file) {
  Findings unheard;
  LineReader lines{file, unheard};
  std::optional<Compat> found;
  // Only what stands before the first statement: a file of many rules is not read twice.
  while (const auto line = lines.next()) {
    const AttributeRow* row = find_row(row_of(StatementId::policy_file), line->words.front().text);
    if (row == nullptr || is_block(*row)) return found;
    if (row->id != Attribute::compat) continue;
    const Value value = read_value(*row, ValueText{lines, *line, unheard, Compat::none});
    if (std::holds_alternative<Chosen>(value)) found = chosen_of<Compat>(value, Compat::none);
  }
  return found;
}

}  // namespace adit::policy
