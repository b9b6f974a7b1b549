// Algorithms as the policy language names them; the key lengths they take come from the table of algorithms.

#include <array>

#include "policy/nearest.h"
#include "policy/values.h"

namespace adit::policy {

Value read_encryption(const AttributeRow& row, ValueText& text, std::string_view expected) {
  const Choice* choice = read_choice(row.choices, text, expected);
  if (choice == nullptr) return {};
  if (choice->value == encryption_aes) return EncryptionChoice{.id = EncryptionId::aes_cbc, .key_bits = 128};

  const auto id = static_cast<EncryptionId>(choice->value);
  const EncryptionFacts* facts = find(id);
  if (facts == nullptr || !facts->has_key_length) {
    return EncryptionChoice{.id = id, .key_bits = facts == nullptr ? 0 : facts->fixed_key_bits};
  }
  constexpr std::string_view lengths = "KeyLength 128 | 192 | 256";
  if (!text.more()) {
    text.warn(text.first(), {.problem = "key length not coded: 128 is used",
                             .found = std::string{choice->word},
                             .expected = std::string{lengths},
                             .nearest = {}});
    return EncryptionChoice{.id = id, .key_bits = 128};
  }
  const Word keyword = text.take();
  if (!equal_without_case(keyword.text, "KeyLength")) {
    constexpr std::array<std::string_view, 1> words = {"KeyLength"};
    text.refuse(keyword, {.problem = "unknown value",
                          .found = std::string{keyword.text},
                          .expected = std::string{lengths},
                          .nearest = nearest_word(keyword.text, words)});
    return {};
  }
  const Word length = text.take();
  const auto bits = parse_number(length.text);
  if (bits != 128U && bits != 192U && bits != 256U) {
    text.refuse(length, {.problem = length.text.empty() ? "value missing" : "no key length of this cipher",
                         .found = std::string{length.text},
                         .expected = "128 | 192 | 256",
                         .nearest = {}});
    return {};
  }
  if (*bits == 192 && !text.takes_extensions()) {
    text.refuse(length, {.problem = "not known to z/OS, whose words alone Compat takes",
                         .found = std::string{length.text},
                         .expected = "128 | 256",
                         .nearest = {}});
    return {};
  }
  return EncryptionChoice{.id = id, .key_bits = static_cast<unsigned>(*bits)};
}

Value read_authentication(const AttributeRow& row, ValueText& text, std::string_view expected) {
  constexpr std::array protocols = {Choice{.word = "AH", .value = 1}, Choice{.word = "ESP", .value = 0}};
  const Choice* protocol = read_choice(protocols, text, expected);
  if (protocol == nullptr) return {};
  const Choice* algorithm = read_choice(row.choices, text, expected);
  if (algorithm == nullptr) return {};
  return AuthenticationChoice{.ah = protocol->value == 1, .id = static_cast<IntegrityId>(algorithm->value)};
}

}  // namespace adit::policy
