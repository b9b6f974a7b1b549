#pragma once
// What the readers of the daemons' configuration files share: the last statement counts, TLS files come together.

#include <optional>
#include <string>
#include <vector>

#include "policy/findings.h"
#include "policy/parsed.h"
#include "policy/parser.h"

namespace adit::policy {

/// The value of an attribute that is text; nothing when it is not coded.
std::optional<std::string> text_of(const Statement& statement, Attribute id);
/// All values of a repeatable one, in order.
std::vector<std::string> texts_of(const Statement& statement, Attribute id);

/// TlsCertificate, TlsKey and TlsCa; an error when only some of them are coded.
std::optional<TlsFiles> tls_files(const Statement& statement, Findings& findings);

/// ServiceType, all of them.
struct Services {
  bool certificate = false, management = false;
};
Services services_of(const Statement& statement);

/// The last statement of a type, with a warning about earlier ones; null when there is none.
const Statement* last_of(const Statement& top, StatementId type, Findings& findings);
/// All statements of a type as one, in order, so that the last value counts; taken out of `top`.
std::optional<Statement> merged(Statement& top, StatementId type);
/// The last statement of each name, in order of place, with a warning about earlier ones.
std::vector<const Statement*> last_of_each_name(const Statement& top, StatementId type, Findings& findings);

/// The value, unless there are errors, with what was found.
template <class T>
Parsed<T> finished(T value, Findings findings, const SourceFile& file) {
  Parsed<T> parsed;
  if (!findings.has_errors()) parsed.value = std::move(value);
  parsed.diagnostics = std::move(findings).in_order({file.name});
  return parsed;
}

}  // namespace adit::policy
