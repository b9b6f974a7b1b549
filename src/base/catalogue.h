#pragma once
// The messages that Adit writes for operators. One row a message in catalogue.inc: its stable id, severity and text.
// z/OS's id where z/OS has a message for the event, ours (ADTnnnnX) otherwise; the wording is ours. docs/messages.md
// comes from it.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace adit {

enum class Severity : std::uint8_t { debug, info, warning, error };

enum class CatalogueId : std::uint16_t {
#define ADIT_MESSAGE(name, id, severity, text) name,
#include "base/catalogue.inc"
#undef ADIT_MESSAGE
};

struct CatalogueRow {
  CatalogueId message;
  std::string_view id;  ///< "EZD1751I"
  Severity severity;
  std::string_view text;  ///< with {field} where a value goes
};

std::span<const CatalogueRow> catalogue();
const CatalogueRow& row_of(CatalogueId message);

/// One message with its values: what a pure core hands out, and the shell writes.
struct LogRecord {
  struct Field {
    std::string name, value;
    bool operator==(const Field&) const = default;
  };
  CatalogueId message{};
  std::vector<Field> fields;

  /// `EZD1751I IKEv2 exchange IKE_AUTH with 192.0.2.2[500] …`; a field that the text does not name follows as
  /// name=value. Characters that are not printable come out escaped: values are often a peer's words.
  std::string to_string() const;
  bool operator==(const LogRecord&) const = default;
};

}  // namespace adit
