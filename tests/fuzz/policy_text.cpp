// Policy and configuration files from anyone: no text may crash the parser, and what is refused gives no policy. What
// is shown of a file holds nothing that a terminal would obey.

#include <algorithm>
#include <cstdlib>
#include <string>

#include "policy/config_iked.h"
#include "policy/config_nssd.h"
#include "policy/config_pagent.h"
#include "policy/diagnostic.h"

using namespace adit;
using namespace adit::policy;

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

void check(const std::vector<Diagnostic>& diagnostics, const SourceFile& file, bool accepted) {
  const bool refused = std::ranges::any_of(
      diagnostics, [](const Diagnostic& diagnostic) { return diagnostic.severity == Diagnostic::Severity::error; });
  demand(accepted != refused);
  const std::string shown = render(diagnostics, std::vector{file});
  demand(std::ranges::none_of(shown, [](char octet) {
    const auto value = static_cast<unsigned char>(octet);
    return (value < 0x20 && octet != '\n' && octet != '\t') || value == 0x7f;
  }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const SourceFile file{.name = "file", .text = {data, data + size}};
  const ParseResult result = parse_policy(StackName{"stack"}, nullptr, &file);
  check(result.diagnostics, file, result.policy != nullptr);
  const auto pagent = parse_pagent_config(file);
  check(pagent.diagnostics, file, pagent.value.has_value());
  const auto iked = parse_iked_config(file);
  check(iked.diagnostics, file, iked.value.has_value());
  const auto nssd = parse_nssd_config(file);
  check(nssd.diagnostics, file, nssd.value.has_value());
  return 0;
}
