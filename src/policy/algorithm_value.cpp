// Algorithms as the policy language names them; the key lengths they take come from the table of algorithms.

#include <fmt/format.h>

#include <array>

#include "policy/nearest.h"
#include "policy/values.h"

namespace adit::policy {

namespace {

bool comes_in_lengths(const Choice& choice) {
  const EncryptionFacts* facts = find(static_cast<EncryptionId>(choice.value));
  return facts != nullptr && facts->has_key_length;
}

std::string_view lengths_in(Compat compat) { return compat == Compat::none ? "128 | 192 | 256" : "128 | 256"; }

// A length that is passed over would be taken for the one that holds.
bool refuse_key_length(const Choice& choice, const AttributeRow& row, ValueText& text) {
  // z/OS passes over what stands behind the value (reference L2).
  if (!equal_without_case(text.peek(), "KeyLength") || text.compat() != Compat::none) return false;
  const Word at = text.take();
  if (choice.value == encryption_aes && text.peek() == "128") {  // it says what holds
    text.take();
    return false;
  }
  text.refuse(at, {.problem = "KeyLength after a cipher that has one length",
                   .found = std::string{choice.word},
                   .expected = key_length_words(row, text.compat()),
                   .nearest = {}});
  return true;
}

}  // namespace

std::string key_length_words(const AttributeRow& row, Compat compat) {
  std::string ciphers;
  for (const Choice& choice : row.choices) {
    using enum Choice::Standing;
    const bool is_taken = choice.standing == standard || (choice.standing == extension && compat == Compat::none);
    if (is_taken && comes_in_lengths(choice)) ciphers += (ciphers.empty() ? "" : ", ") + std::string{choice.word};
  }
  return fmt::format("KeyLength {} after {}", lengths_in(compat), ciphers);
}

Value read_encryption(const AttributeRow& row, ValueText& text, std::string_view expected) {
  const Choice* choice = read_choice(row.choices, text, expected);
  if (choice == nullptr) return {};
  if (!comes_in_lengths(*choice)) {
    if (refuse_key_length(*choice, row, text)) return {};
    if (choice->value == encryption_aes) return EncryptionChoice{.id = EncryptionId::aes_cbc, .key_bits = 128};
    const auto id = static_cast<EncryptionId>(choice->value);
    const EncryptionFacts* facts = find(id);
    return EncryptionChoice{.id = id, .key_bits = facts == nullptr ? 0 : facts->fixed_key_bits};
  }
  const auto id = static_cast<EncryptionId>(choice->value);
  const std::string_view lengths = lengths_in(text.compat());
  const std::string key_lengths = fmt::format("KeyLength {}", lengths);
  if (!text.more()) {
    text.warn(text.first(), {.problem = "key length not coded: 128 is used",
                             .found = std::string{choice->word},
                             .expected = key_lengths,
                             .nearest = {}});
    return EncryptionChoice{.id = id, .key_bits = 128};
  }
  const Word keyword = text.take();
  if (!equal_without_case(keyword.text, "KeyLength")) {
    constexpr std::array<std::string_view, 1> words = {"KeyLength"};
    text.refuse(keyword, {.problem = "unknown value",
                          .found = std::string{keyword.text},
                          .expected = key_lengths,
                          .nearest = nearest_word(keyword.text, words)});
    return {};
  }
  const Word length = text.take();
  const auto bits = parse_number(length.text);
  if (bits != 128U && bits != 192U && bits != 256U) {
    text.refuse(length, {.problem = length.text.empty() ? "value missing" : "no key length of this cipher",
                         .found = std::string{length.text},
                         .expected = std::string{lengths},
                         .nearest = {}});
    return {};
  }
  if (*bits == 192 && !text.takes_extensions()) {
    text.refuse(length, {.problem = "not known to z/OS, whose words alone Compat takes",
                         .found = std::string{length.text},
                         .expected = std::string{lengths},
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
