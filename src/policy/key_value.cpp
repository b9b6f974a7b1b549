// Keys as they are written (RFC 7296 §2.15 wants ASCII and hexadecimal), and SPIs. What is wrong with a key is told
// without the key.

#include <array>
#include <utility>

#include "policy/ebcdic.h"
#include "policy/values.h"

namespace adit::policy {
namespace {

constexpr std::string_view hidden = "***";
constexpr std::string_view not_hex = "not hexadecimal";
constexpr std::string_view hex_digits = "an even number of hexadecimal digits, 0x before them or not";

enum class KeyForm : std::uint8_t { ascii, ebcdic, hex };
constexpr std::array key_forms = {Choice{.word = "Ascii", .value = std::to_underlying(KeyForm::ascii)},
                                  Choice{.word = "Ebcdic", .value = std::to_underlying(KeyForm::ebcdic)},
                                  Choice{.word = "Hex", .value = std::to_underlying(KeyForm::hex)}};

Value refused(ValueText& text, const Word& word, std::string_view problem, std::string_view expected) {
  text.refuse(word, {.problem = std::string{problem},
                     .found = std::string{word.text.empty() ? "" : hidden},
                     .expected = std::string{expected},
                     .nearest = {}});
  return {};
}

std::optional<Secret> from_hex_digits(std::string_view digits) {
  if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
  if (digits.contains(' ') || digits.contains('\t')) return std::nullopt;
  auto octets = parse_hex(digits);
  if (!octets || octets->empty()) return std::nullopt;
  Secret key{Bytes{*octets}};
  explicit_bzero(octets->data(), octets->size());
  return key;
}

std::optional<KeyForm> form_of(std::string_view word) {
  // Not read_choice(): a key whose form was forgotten must not be shown as the unknown value.
  for (const Choice& form : key_forms) {
    if (std::ranges::equal(word, form.word, {}, [](char c) { return c | 0x20; }, [](char c) { return c | 0x20; })) {
      return static_cast<KeyForm>(form.value);
    }
  }
  return std::nullopt;
}

}  // namespace

// The form, then the key.
Value read_shared_key(const AttributeRow& row, ValueText& text) {
  const Word form_word = text.take();
  const auto form = form_of(form_word.text);
  if (!form) return refused(text, form_word, "form of the key missing", expected_of(row, text.compat()));

  const Word value = text.rest();
  const std::size_t characters = count_characters(value.text);
  if (characters < row.least || characters > row.most) {
    return refused(text, value, characters == 0 ? "value missing" : "key too long", expected_of(row, text.compat()));
  }
  std::optional<Secret> key;
  switch (*form) {
    case KeyForm::ascii:
      return Secret{as_bytes(value.text)};
    case KeyForm::ebcdic:
      key = to_ebcdic(value.text);
      return key ? Value{*std::move(key)} : refused(text, value, "key not in IBM-1047", "characters of Latin-1");
    case KeyForm::hex:
      key = from_hex_digits(value.text);
      return key ? Value{*std::move(key)} : refused(text, value, not_hex, hex_digits);
  }
  return {};
}

Value read_manual_key(const AttributeRow& row, ValueText& text) {
  if (form_of(text.peek())) return read_shared_key(row, text);
  const Word value = text.take();  // no form: hexadecimal (reference §3.8)
  auto key = from_hex_digits(value.text);
  return key ? Value{*std::move(key)}
             : refused(text, value, value.text.empty() ? "value missing" : not_hex, hex_digits);
}

Value read_spi(const AttributeRow& row, ValueText& text, std::string_view expected) {
  const Word word = text.take();
  std::optional<std::uint64_t> value;
  if (word.text.starts_with("0x") || word.text.starts_with("0X")) {
    const std::string_view digits = word.text.substr(2);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < digits.size() && digits.size() <= 8; ++i) {
      const std::string octet = {'0', digits[i]};
      const auto digit = parse_hex(octet);
      if (!digit) break;
      number = number << 4 | digit->front();
      if (i + 1 == digits.size()) value = number;
    }
  } else {
    value = parse_number(word.text);
  }
  if (value && *value >= row.least && *value <= row.most) return Span{*value, *value};
  text.refuse(word, {.problem = value               ? "number out of range"
                                : word.text.empty() ? "value missing"
                                                    : "not a number",
                     .found = std::string{word.text},
                     .expected = std::string{expected},
                     .nearest = {}});
  return {};
}

}  // namespace adit::policy
