// Values that stand in the daemons' configuration files alone.

#include "policy/nearest.h"
#include "policy/values.h"

namespace adit::policy {
namespace {

Value refused(ValueText& text, const Word& word, std::string_view problem, std::string_view expected) {
  text.refuse(word, {.problem = word.text.empty() ? "value missing" : std::string{problem},
                     .found = std::string{word.text},
                     .expected = std::string{expected},
                     .nearest = {}});
  return {};
}

Value read_server(ValueText& text, std::string_view expected) {
  const Word host = text.take();
  if (host.text.empty()) return refused(text, host, {}, expected);
  ServerAddress server{.host = std::string{host.text}, .port = 4159, .identity = std::nullopt};
  while (text.more()) {
    const Word keyword = text.take();
    if (equal_without_case(keyword.text, "Port")) {
      const Word word = text.take();
      const auto port = parse_number(word.text);
      if (!port || *port == 0 || *port > 65535) return refused(text, word, "not a port", "1 to 65535");
      server.port = static_cast<std::uint16_t>(*port);
    } else if (equal_without_case(keyword.text, "Identity")) {
      const Word at{.text = text.peek(), .column = keyword.column, .length = keyword.length};
      Value identity = read_identity(text);
      const auto* pattern = std::get_if<IdentityPattern>(&identity);
      if (pattern == nullptr) return {};
      if (!pattern->exact) return refused(text, at, "identity with a wildcard", "an exact identity");
      server.identity = pattern->exact;
    } else {
      return refused(text, keyword, "unknown value", expected);
    }
  }
  return server;
}

Value read_label_and_url(ValueText& text, std::string_view expected) {
  const Word whole = text.rest();
  const std::size_t gap = whole.text.find_last_of(" \t");
  if (whole.text.empty() || gap == std::string_view::npos) return refused(text, whole, "URL missing", expected);
  const std::string_view url = whole.text.substr(gap + 1);
  std::string_view label = whole.text.substr(0, gap);
  label = label.substr(0, label.find_last_not_of(" \t") + 1);
  if (!url.starts_with("http://") && !url.starts_with("https://")) return refused(text, whole, "not a URL", expected);
  return LabelAndUrl{.label = std::string{label}, .url = std::string{url}};
}

Value read_user(ValueText& text, std::string_view expected) {
  const Word name = text.take();
  if (name.text.empty()) return refused(text, name, {}, expected);
  const Word by = text.take();
  if (!equal_without_case(by.text, "AuthBy")) return refused(text, by, "unknown value", expected);
  const Word method = text.take();
  if (equal_without_case(method.text, "Passticket")) return UserLogOn{.name = std::string{name.text}, .password = {}};
  if (!equal_without_case(method.text, "Password")) {
    // It may be the password itself.
    const Word hidden{.text = method.text.empty() ? "" : "***", .column = method.column, .length = method.length};
    return refused(text, hidden, "unknown value", expected);
  }
  const Word password = text.rest();
  if (password.text.empty()) return refused(text, password, {}, expected);
  return UserLogOn{.name = std::string{name.text}, .password = Secret{as_bytes(password.text)}};
}

Value read_image(const AttributeRow& row, ValueText& text, std::string_view expected) {
  const Word stack = text.take();
  if (stack.text.empty()) return refused(text, stack, {}, expected);
  ImageWords image{.stack = std::string{stack.text}, .file = std::nullopt, .seconds = std::nullopt};
  const auto is_option = [](std::string_view word) {
    return equal_without_case(word, "FLUSH") || equal_without_case(word, "NOFLUSH") ||
           equal_without_case(word, "PURGE") || equal_without_case(word, "NOPURGE");
  };
  for (bool first = true; text.more(); first = false) {
    const Word word = text.take();
    // FLUSH and PURGE concern other kinds of policy: of IPSec, filters and tunnels always stay (docs/policy.md).
    if (is_option(word.text)) continue;
    if (const auto seconds = parse_number(word.text)) {
      if (*seconds < row.least || *seconds > row.most) return refused(text, word, "number out of range", expected);
      image.seconds = seconds;
    } else if (first) {
      image.file = std::string{word.text};
    } else {
      return refused(text, word, "unknown value", expected);
    }
  }
  return image;
}

}  // namespace

Value read_daemon_value(const AttributeRow& row, ValueText& text, std::string_view expected) {
  switch (row.form) {
    case Form::server:
      return read_server(text, expected);
    case Form::label_and_url:
      return read_label_and_url(text, expected);
    case Form::user:
      return read_user(text, expected);
    default:
      return read_image(row, text, expected);
  }
}

}  // namespace adit::policy
