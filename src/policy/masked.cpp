#include "policy/masked.h"

#include <algorithm>
#include <array>

#include "base/control_character.h"
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
    if (index >= secret_from) return at;
    // At every place: two attributes may have been written in one line.
    if (!is_public_attribute(word)) {
      if (!nearest_word(word, key_attributes).empty()) secret_from = index + 1;
      if (!nearest_word(word, log_on_attributes).empty()) secret_from = std::min(secret_from, index + 3);
    }
    at = next;
  }
  return line.size();
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

std::string shown_line(std::string_view line) {
  const std::size_t secret = secret_begins(line);
  return shown_text(line.substr(0, secret)) + (secret < line.size() ? "***" : "");
}

}  // namespace adit::policy
