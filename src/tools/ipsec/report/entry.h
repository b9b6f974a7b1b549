#pragma once
// One object of a report as fields in their order: what every layout (detail, short, wide, JSON) is made from.

#include <string>
#include <string_view>
#include <vector>

namespace adit::tools::ipsec {

/// Where a field begins in the short layout.
enum class Place : unsigned char { same_row, new_row };

struct Field {
  std::string name;   ///< "KeyExchangeRuleName"
  std::string value;  ///< "n/a" where it does not apply
  Place place = Place::same_row;
  unsigned indent = 0;     ///< blanks before the name in the detail layout: a part of the field above
  std::string short_name;  ///< in the short layout, where it differs
};

class Entry {
 public:
  Entry& add(std::string_view name, std::string value) {
    fields_.push_back({.name = std::string{name}, .value = std::move(value)});
    return *this;
  }
  /// The field begins a row of the short layout.
  Entry& row(std::string_view name, std::string value) {
    add(name, std::move(value));
    fields_.back().place = Place::new_row;
    return *this;
  }
  /// The field is a part of the one above.
  Entry& part(std::string_view name, std::string value) {
    add(name, std::move(value));
    fields_.back().indent = 1;
    return *this;
  }
  /// The short layout calls the field last added by another name.
  Entry& called(std::string_view short_name) {
    fields_.back().short_name = short_name;
    return *this;
  }
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

}  // namespace adit::tools::ipsec
