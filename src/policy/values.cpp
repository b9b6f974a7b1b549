#include "policy/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "policy/nearest.h"

namespace adit::policy {
namespace {

// Names of the user's statements are at most this long, and say nothing to the reports' columns beyond it.
constexpr std::size_t longest_word = 1024;

std::string in_words(std::uint64_t least, std::uint64_t most) { return fmt::format("{} to {}", least, most); }

Value read_number(const AttributeRow& row, ValueText& text, std::string_view expected) {
  const Word word = text.take();
  const auto value = parse_number(word.text);
  if (value && *value >= row.least && *value <= row.most) return Span{*value, *value};
  text.refuse(word, {.problem = value               ? "number out of range"
                                : word.text.empty() ? "value missing"
                                                    : "not a number",
                     .found = std::string{word.text},
                     .expected = std::string{expected},
                     .nearest = {}});
  return {};
}

Value read_limits(const AttributeRow& row, ValueText& text, std::string_view expected) {
  const Value least = read_number(row, text, expected);
  if (std::holds_alternative<std::monostate>(least)) return {};
  if (!text.more()) {
    text.refuse(text.take(),
                {.problem = "second number missing", .found = {}, .expected = std::string{expected}, .nearest = {}});
    return {};
  }
  const Value most = read_number(row, text, expected);
  if (std::holds_alternative<std::monostate>(most)) return {};
  const Span limits{std::get<Span>(least).first, std::get<Span>(most).first};
  if (limits.first <= limits.last) return limits;
  text.refuse(text.first(), {.problem = "first number above the second",
                             .found = fmt::format("{} {}", limits.first, limits.last),
                             .expected = std::string{expected},
                             .nearest = {}});
  return {};
}

std::string pair_in_words(const AttributeRow& row, Compat compat) {
  std::string first = listed(row.choices, compat);
  const std::string then = listed(row.followers, compat);
  if (then.empty()) return first;
  return row.followed.empty() ? fmt::format("{} [{}]", first, then)
                              : fmt::format("{}; after {} perhaps {}", first, row.followed, then);
}

Value read_pair(const AttributeRow& row, ValueText& text, std::string_view expected) {
  Chosen chosen;
  chosen.choice = read_choice(row.choices, text, expected);
  if (chosen.choice == nullptr) return {};
  if (!text.more()) return chosen;
  const Word then = text.next();
  chosen.follower_at = text.place(then);
  chosen.follower = read_choice(row.followers, text, listed(row.followers, text.compat()));
  if (chosen.follower == nullptr) return {};
  if (row.followed.empty() || equal_without_case(row.followed, chosen.choice->word)) return chosen;
  if (text.compat() != Compat::none) {  // z/OS passes over what stands behind the value (reference L2)
    chosen.follower = nullptr;
    return chosen;
  }
  text.refuse(then, {.problem = fmt::format("a word that stands after {} alone", row.followed),
                     .found = std::string{then.text},
                     .expected = pair_in_words(row, text.compat()),
                     .nearest = {}});
  return {};
}

Value read_protocol(const AttributeRow& row, ValueText& text, std::string_view expected) {
  if (!parse_number(text.peek())) {
    const Choice* choice = read_choice(row.choices, text, expected);
    return choice == nullptr ? Value{} : Value{Span{choice->value, choice->value}};
  }
  return read_number(row, text, expected);
}

Value read_word(ValueText& text, Word word, std::string_view expected) {
  if (!word.text.empty() && word.text.size() <= longest_word) return std::string{word.text};
  text.refuse(word, {.problem = word.text.empty() ? "value missing" : "value too long",
                     .found = {},
                     .expected = std::string{expected},
                     .nearest = {}});
  return {};
}

// Takes None or Any where it stands.
bool takes(std::string_view word, ValueText& text) {
  if (!equal_without_case(text.peek(), word)) return false;
  text.take();
  return true;
}

}  // namespace

Word ValueText::rest() {
  if (!more()) return after_the_end();
  const Word value = line_.rest(next_);
  next_ = line_.words.size();
  return value;
}

Word ValueText::after_the_end() const {
  const Word& last = line_.words.back();
  return {.text = {}, .column = last.column + last.length, .length = 1};
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::string listed(std::span<const Choice> choices, Compat compat) {
  std::string words;
  for (const Choice& choice : choices) {
    using enum Choice::Standing;
    if (choice.standing == unsupported || choice.standing == unsafe || choice.standing == deprecated) continue;
    if (choice.standing == extension && compat != Compat::none) continue;
    words += (words.empty() ? "" : " | ") + std::string{choice.word};
  }
  return words;
}

const Choice* read_choice(std::span<const Choice> choices, ValueText& text, std::string_view expected) {
  const Word word = text.take();
  const auto choice =
      std::ranges::find_if(choices, [&](const Choice& row) { return equal_without_case(row.word, word.text); });
  if (choice == choices.end()) {
    std::vector<std::string_view> words;
    for (const Choice& row : choices) words.push_back(row.word);
    text.refuse(word, {.problem = word.text.empty() ? "value missing" : "unknown value",
                       .found = std::string{word.text},
                       .expected = std::string{expected},
                       .nearest = nearest_word(word.text, words)});
    return nullptr;
  }
  if (choice->standing == Choice::Standing::unsafe) {
    text.refuse(word, {.problem = "counter mode with keys that do not change: nonces would come twice (RFC 4106 §2)",
                       .found = std::string{word.text},
                       .expected = std::string{expected},
                       .nearest = {}});
    return nullptr;
  }
  if (choice->standing == Choice::Standing::unsupported) {
    text.refuse(word, {.problem = "not supported by this release",
                       .found = std::string{word.text},
                       .expected = std::string{expected},
                       .nearest = {}});
    return nullptr;
  }
  if (choice->standing == Choice::Standing::extension && !text.takes_extensions()) {
    text.refuse(word, {.problem = "not known to z/OS, whose words alone Compat takes",
                       .found = std::string{word.text},
                       .expected = std::string{expected},
                       .nearest = {}});
    return nullptr;
  }
  if (choice->standing == Choice::Standing::deprecated) {
    text.warn(word, {.problem = "deprecated value",
                     .found = std::string{word.text},
                     .expected = std::string{expected},
                     .nearest = {}});
  }
  return &*choice;
}

std::string expected_of(const AttributeRow& row, Compat compat) {
  switch (row.form) {
    case Form::choice:
      return listed(row.choices, compat);
    case Form::choice_pair:
      return pair_in_words(row, compat);
    case Form::number:
      return in_words(row.least, row.most);
    case Form::number_or_none:
      return "None | " + in_words(row.least, row.most);
    case Form::span:
      return fmt::format("n or n m, {}", in_words(row.least, row.most));
    case Form::span_or_any:
      return fmt::format("Any | n or n m, {}", in_words(row.least, row.most));
    case Form::limits:
      return fmt::format("least and most, {}", in_words(row.least, row.most));
    case Form::limits_or_none:
      return fmt::format("None | least and most, {}", in_words(row.least, row.most));
    case Form::name:
      return fmt::format("name of an {}", row_of(row.statement).name);
    case Form::word:
      return "one word";
    case Form::rest:
      return "text to the end of the line";
    case Form::address:
      return "address, address/length, address-address, All, All4 or All6";
    case Form::single_address:
      return "address, All, All4 or All6";
    case Form::prefix:
      return "address/length";
    case Form::range:
      return "address-address";
    case Form::protocol:
      return fmt::format("{} | {}", listed(row.choices, compat), in_words(0, row.most));
    case Form::encryption:
      return fmt::format("{}; {}", listed(row.choices, compat), key_length_words(row, compat));
    case Form::authentication:
      return fmt::format("AH | ESP, then {}", listed(row.choices, compat));
    case Form::identity:
      return "IpAddr | Fqdn | UserAtFqdn | X500dn | KeyId, then its value";
    case Form::shared_key:
      return fmt::format("Ascii | Ebcdic | Hex, then {} characters", in_words(row.least, row.most));
    case Form::manual_key:
      return "hexadecimal digits; or Ascii | Ebcdic | Hex, then the key";
    case Form::spi:
      return in_words(row.least, row.most) + ", decimal or 0x…";
    case Form::digits:
      return row.least == row.most ? fmt::format("{} digits 0 or 1", row.least)
                                   : fmt::format("{} or {} digits 0 or 1", row.least, row.most);
    case Form::time_span:
      return "yyyymmddhhmmss:yyyymmddhhmmss";
    case Form::day_times:
      return "hh:mm-hh:mm, several with commas between";
    case Form::server:
      return "host [Port n] [Identity type value]";
    case Form::label_and_url:
      return "label, then http://… or https://…";
    case Form::user:
      return "name AuthBy Password pw | name AuthBy Passticket";
    case Form::image:
      return fmt::format("name [file] [FLUSH|NOFLUSH] [PURGE|NOPURGE] [seconds, {}]", in_words(row.least, row.most));
    case Form::block:
    case Form::ignored:
      return {};
  }
  return {};
}

Value read_value(const AttributeRow& row, ValueText text) {
  return read_value(row, text, expected_of(row, text.compat()));
}

Value read_value(const AttributeRow& row, ValueText& text, std::string_view expected) {
  switch (row.form) {
    case Form::choice: {
      const Choice* choice = read_choice(row.choices, text, expected);
      return choice == nullptr ? Value{} : Value{Chosen{.choice = choice}};
    }
    case Form::choice_pair:
      return read_pair(row, text, expected);
    case Form::number_or_none:
      if (takes("None", text)) return Nothing{};
      return read_number(row, text, expected);
    case Form::number:
      return read_number(row, text, expected);
    case Form::span_or_any:
      if (takes("Any", text)) return Nothing{};
      return read_span(row, text, expected);
    case Form::span:
      return read_span(row, text, expected);
    case Form::limits_or_none:
      if (takes("None", text)) return Nothing{};
      return read_limits(row, text, expected);
    case Form::limits:
      return read_limits(row, text, expected);
    case Form::name:
    case Form::word:
      return read_word(text, text.take(), expected);
    case Form::rest:
      return read_word(text, text.rest(), expected);
    case Form::address:
    case Form::single_address:
    case Form::prefix:
    case Form::range:
      return read_address(row, text, expected);
    case Form::protocol:
      return read_protocol(row, text, expected);
    case Form::encryption:
      return read_encryption(row, text, expected);
    case Form::authentication:
      return read_authentication(row, text, expected);
    case Form::identity:
      return read_identity(text);
    case Form::shared_key:
      return read_shared_key(row, text);
    case Form::manual_key:
      return read_manual_key(row, text);
    case Form::spi:
      return read_spi(row, text, expected);
    case Form::digits:
    case Form::time_span:
    case Form::day_times:
      return read_time(row, text, expected);
    case Form::server:
    case Form::label_and_url:
    case Form::user:
    case Form::image:
      return read_daemon_value(row, text, expected);
    case Form::block:
    case Form::ignored:
      return {};
  }
  return {};
}

}  // namespace adit::policy
