// The pre-shared key of a rule, from its line or from a file of its own.

#include <fmt/format.h>

#include "policy/lexer.h"
#include "policy/resolver.h"
#include "policy/values.h"

namespace adit::policy {

Secret Resolver::shared_key(const Statement& rule) {
  if (const auto* key = std::get_if<Secret>(&rule.value_of(Attribute::shared_key))) return *key;
  const auto* path = std::get_if<std::string>(&rule.value_of(Attribute::shared_key_file));
  if (path == nullptr || !around_.read_key_file) return {};
  return key_in(rule, *path).value_or(Secret{});
}

std::optional<Secret> Resolver::key_in(const Statement& rule, const std::string& path) {
  const Place at = where(rule, Attribute::shared_key_file);
  const auto refuse = [&](std::string problem) {
    findings_.error(at, {.problem = "SharedKeyFile: " + std::move(problem),
                         .found = {},  // a key that was meant for SharedKey may stand here
                         .expected = "a file with one line: Ascii text, Ebcdic text or Hex digits",
                         .nearest = {}});
    return std::nullopt;
  };
  const auto text = around_.read_key_file(*at.file, path);
  if (!text) return refuse(text.error());
  SourceFile file{.name = path, .text = std::string{as_text(text->reveal())}};
  Findings inside;
  std::optional<Secret> key;
  std::string problem = "holds no key";
  {
    LineReader lines{file, inside};
    if (const auto line = lines.next()) {
      ValueText words{lines, *line, inside, Compat::none, 0};
      Value value = read_shared_key(*rule.find(Attribute::shared_key_file)->row, words);
      if (auto* found = std::get_if<Secret>(&value)) key = std::move(*found);
      if (lines.next()) {
        problem = "holds more than a key";
        key.reset();
      }
    }
  }
  const auto told = std::move(inside).in_order({path});
  if (!told.empty()) problem = told.front().problem;
  explicit_bzero(file.text.data(), file.text.size());
  if (!key || !told.empty()) return refuse(std::move(problem));
  return key;
}

}  // namespace adit::policy
