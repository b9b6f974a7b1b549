#include "policy/masked.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/control_character.h"
#include "policy/keywords.h"
#include "policy/lexer.h"
#include "policy/nearest.h"

namespace adit::policy {
namespace {

// Attributes whose value is secret from its first word on, or from the word after one of the forms.
constexpr std::array<std::string_view, 7> key_attributes = {
    "SharedKey",      "SharedKeyFile",   "EncryptInboundKey", "EncryptOutboundKey",
    "AuthInboundKey", "AuthOutboundKey", "Password"};
// `UserId name AuthBy Password pw`: what stands where the method should may be the password.
constexpr std::array<std::string_view, 1> log_on_attributes = {"UserId"};
constexpr std::array<std::string_view, 4> forms = {"Ascii", "Ebcdic", "Hex", "Password"};

bool is_one_of(std::span<const std::string_view> words, std::string_view word) {
  return std::ranges::any_of(words, [word](std::string_view one) { return equal_without_case(one, word); });
}

// Neighbours of the keys by name, whose values are not secret.
bool is_public_attribute(std::string_view word) {
  static constexpr std::array<std::string_view, 8> spis = {
      "EncryptInboundSpi", "EncryptOutboundSpi", "AuthInboundSpi", "AuthOutboundSpi",
      "EncryptInboundSa",  "EncryptOutboundSa",  "AuthInboundSa",  "AuthOutboundSa"};
  return is_one_of(spis, word);
}

std::string in_lower_case(std::string_view word) {
  std::string lower{word};
  for (char& letter : lower) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter;
  return lower;
}

// Words of the language: `KeyExchangeRule` and `PresharedKey` hold "key", and no key stands after them.
bool is_of_the_language(const std::string& lower) {
  static const std::unordered_set<std::string> words = [] {
    std::unordered_set<std::string> all = {"keylength", "keyid"};
    for (const StatementRow& statement : statement_table()) {
      all.insert(in_lower_case(statement.name));
      for (const AttributeRow& row : statement.attributes) {
        all.insert(in_lower_case(row.name));
        for (const auto choices : {row.choices, row.followers}) {
          for (const Choice& choice : choices) all.insert(in_lower_case(choice.word));
        }
      }
    }
    return all;
  }();
  return words.contains(lower);
}

// Other languages write `name=value` and `name: value`.
std::size_t end_of_name(std::string_view word) { return std::min(word.find_first_of("=:"), word.size()); }

// A word as its author may have called a key: EncryptKey, PSK, SharedSecret, SharedKey=value.
bool speaks_of_a_key(std::string_view word) {
  const std::string name = in_lower_case(word.substr(0, end_of_name(word)));
  const bool is_known = name.size() == word.size() && is_of_the_language(name);
  return (name.contains("key") || name.contains("psk") || name.contains("secret")) && !is_known;
}

// Longer than any SPI: eight octets and more are a key.
bool is_long_hexadecimal(std::string_view word) {
  constexpr std::size_t shortest_key = 16;
  if (!word.starts_with("0x") && !word.starts_with("0X")) return false;
  return std::min(word.find_first_not_of("0123456789abcdefABCDEF", 2), word.size()) - 2 >= shortest_key;
}

// Where a secret begins, or the end. A misspelt attribute is taken for the one it resembles: its value is a key all the
// same.
std::size_t secret_begins(std::string_view line) {
  static constexpr std::string_view blanks = " \t";
  const auto after = [line](std::size_t at) {
    return std::min(line.find_first_not_of(blanks, std::min(line.find_first_of(blanks, at), line.size())), line.size());
  };
  std::size_t secret_from = line.size();  // counted in words
  std::size_t at = std::min(line.find_first_not_of(blanks), line.size());
  for (std::size_t index = 0; at < line.size(); ++index) {
    const std::string_view word = line.substr(at, std::min(line.find_first_of(blanks, at), line.size()) - at);
    const std::size_t next = after(at);
    if (is_one_of(forms, word)) return next;
    if (index >= secret_from || is_long_hexadecimal(word)) return at;
    if (speaks_of_a_key(word)) {
      const std::size_t value = end_of_name(word) + 1;
      return value < word.size() ? at + value : next;
    }
    // At every place: two attributes may have been written in one line.
    if (!is_public_attribute(word)) {
      if (!nearest_word(word, key_attributes).empty()) secret_from = index + 1;
      if (!nearest_word(word, log_on_attributes).empty()) secret_from = std::min(secret_from, index + 3);
    }
    at = next;
  }
  return line.size();
}

std::string shown_to(std::string_view line, std::size_t end) {
  return shown_text(line.substr(0, end)) + (end < line.size() ? "***" : "");
}

}  // namespace

std::string shown_text(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const bool is_control = text.front() != '\t' && control_character_size(text) != 0;
    if (size == 0 || is_control) {
      shown += '?';
    } else {
      shown += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return shown;
}

std::string shown_line(std::string_view line) { return shown_to(line, secret_begins(line)); }

std::string shown_first_word(std::string_view line) {
  const std::size_t word = std::min(line.find_first_not_of(" \t"), line.size());
  std::size_t end = std::min(line.find_first_of("=: \t", word), line.size());
  end = std::min(line.find_first_not_of("=: \t", end), line.size());
  return shown_to(line, std::min(end, secret_begins(line)));
}

std::string_view shown_word(std::string_view word, FoundAs as) {
  if (is_long_hexadecimal(word)) return "***";
  return as == FoundAs::keyword ? word.substr(0, end_of_name(word)) : word;
}

}  // namespace adit::policy
