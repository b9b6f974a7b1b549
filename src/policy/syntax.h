#pragma once
// What a file says, before references are followed: statements with their attributes, values and places.

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/findings.h"
#include "policy/keywords.h"
#include "policy/model.h"

namespace adit::policy {

/// Two numbers, both included; a single number twice.
struct Span {
  std::uint64_t first = 0, last = 0;
};
/// `None` or `Any` where a number could stand.
struct Nothing {};
/// One word of the row's choices, and perhaps one of its followers.
struct Chosen {
  const Choice* choice = nullptr;
  const Choice* follower = nullptr;
  Place follower_at{};
};
/// One range; two for All: each family.
struct AddressSpec {
  std::vector<IpRange> ranges;
};
struct EncryptionChoice {
  EncryptionId id{};
  unsigned key_bits = 0;
};
struct AuthenticationChoice {
  bool ah = false;
  IntegrityId id = IntegrityId::none;
};
/// An attribute of the daemons' files that has parts.
struct ServerAddress {
  std::string host;
  std::uint16_t port = 0;
  std::optional<Identity> identity;
};
struct LabelAndUrl {
  std::string label, url;
};
struct UserLogOn {
  std::string name;
  Secret password;  ///< empty: Passticket
};
struct ImageWords {
  std::string stack;
  std::optional<std::string> file;
  std::optional<std::uint64_t> seconds;
};

using Value =
    std::variant<std::monostate, Chosen, Span, Nothing, AddressSpec, std::string, EncryptionChoice,
                 AuthenticationChoice, IdentityPattern, Secret, ServerAddress, LabelAndUrl, UserLogOn, ImageWords>;

struct Statement;

/// One attribute as coded.
struct Entry {
  const AttributeRow* row = nullptr;
  Place at;  ///< of the attribute's name
  Place value_at;
  Value value;  ///< monostate: it was wrong, and reported
  std::unique_ptr<Statement> block;
};

struct Statement {
  const StatementRow* row = nullptr;
  Compat compat = Compat::none;  ///< whose defaults hold
  std::string name;              ///< empty: none
  Place at;                      ///< of the statement's keyword
  Place name_at;                 ///< of its name, or of the keyword
  std::vector<Entry> entries;

  /// The attribute as coded: the last one, an older spelling only where the newer is absent. Null: not coded.
  const Entry* find(Attribute id) const;
  /// Not coded, or coded rightly: what is wrong is told once, and not again by what depends on it.
  bool is_sound(Attribute id) const {
    const Entry* entry = find(id);
    return entry == nullptr || entry->block != nullptr || !std::holds_alternative<std::monostate>(entry->value);
  }
  /// Its value, or the row's preset; monostate where there is none.
  const Value& value_of(Attribute id) const;
};

/// The preset of an attribute of a statement that is not coded at all.
const Value& preset_of(const StatementRow& row, Attribute id, Compat compat);

/// The value of an attribute that always has one: coded, or by its preset.
template <class T>
const T& value_as(const Statement& statement, Attribute id) {
  const Value& coded = statement.value_of(id);
  if (const T* value = std::get_if<T>(&coded)) return *value;
  // Coded wrongly and reported: the preset lets the rest of the statement be checked.
  if (const T* value = std::get_if<T>(&preset_of(*statement.row, id, statement.compat))) return *value;
  static const T none{};
  return none;
}
template <class Enum>
Enum chosen_of(const Value& value, Enum otherwise) {
  const auto* chosen = std::get_if<Chosen>(&value);
  return chosen == nullptr || chosen->choice == nullptr ? otherwise : static_cast<Enum>(chosen->choice->value);
}
template <class Enum>
Enum chosen(const Statement& statement, Attribute id) {
  return chosen_of<Enum>(Value{value_as<Chosen>(statement, id)}, Enum{});
}
inline bool is_yes(const Statement& statement, Attribute id) { return chosen<unsigned>(statement, id) == 1; }
inline std::uint64_t number(const Statement& statement, Attribute id) { return value_as<Span>(statement, id).first; }

}  // namespace adit::policy
