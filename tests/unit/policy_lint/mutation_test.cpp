// Files that are nearly right: lines and letters of the examples exchanged, doubled, cut and made up. Nothing may
// crash, what has an error gives no policy, and what loads can be linted and shown without its keys.

#include <array>
#include <random>

#include "linted.h"
#include "policy/report/diagnostics.h"
#include "policy/report/remarks.h"
#include "policy/report/show.h"

namespace adit::policy::lint {
namespace {

constexpr int rounds = 1500;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string mutated(std::vector<std::string> lines, std::mt19937& random) {
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  static constexpr std::array<std::string_view, 12> words = {
      "{", "}", "All", "4294967296", "10.0.0.0/33", "::", "-1", "#", "\xff\x00\xfe", "Group1", "None", "65535 1"};
  for (std::size_t edits = 1 + below(4); edits > 0; --edits) {
    std::string& line = lines[below(lines.size())];
    const std::string& other = lines[below(lines.size())];
    switch (below(7)) {
      case 0:
        line = other;
        break;
      case 1:
        line.clear();
        break;
      case 2:
        line += "\n" + other;
        break;
      case 3:
        line += " " + std::string{words.at(below(words.size()))};
        break;
      case 4:
        line = line.substr(0, line.find_last_of(' ') + 1) + std::string{words.at(below(words.size()))};
        break;
      case 5:
        if (!line.empty()) line[below(line.size())] = static_cast<char>(below(256));
        break;
      default:
        line = line.substr(0, below(line.size() + 1));
        break;
    }
  }
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(Mutations, GiveMistakesOrAPolicyThatCanBeLookedAt) {
  std::mt19937 random{6};  // NOLINT(cert-msc51-cpp): the same files in each run
  int loaded = 0;
  int refused = 0;
  for (const char* path : {"../examples/two-hosts/east.policy", "../examples/two-hosts/east-certificate.policy",
                           "vectors/policy/gateway-to-gateway.policy", "vectors/policy/base.policy"}) {
    const std::vector<std::string> lines = lines_of(text_of(path));
    for (int round = 0; round < rounds; ++round) {
      const SourceFile source{.name = "mutated", .text = mutated(lines, random)};
      const Document document{StackName{"east"}, nullptr, &source};
      const bool has_errors = std::ranges::any_of(document.diagnostics(), [](const Diagnostic& diagnostic) {
        return diagnostic.severity == Diagnostic::Severity::error;
      });
      ASSERT_EQ(document.policy() == nullptr, has_errors) << source.text;
      ASSERT_FALSE(report::diagnostics_json("mutated", document.diagnostics()).empty());
      if (document.policy() == nullptr) {
        ++refused;
        continue;
      }
      ++loaded;
      const std::string told = report::remarks_text(lint(document), std::span{&source, 1});
      const std::string shown = report::shown_policy(document, std::span{&source, 1}, report::ShowFormat::text);
      for (const std::string_view key : {"7Vtq2", "your-own"}) {
        ASSERT_EQ(told.find(key), std::string::npos) << source.text;
        ASSERT_EQ(shown.find(key), std::string::npos) << source.text;
      }
    }
  }
  // Both ways must be walked often enough to show anything.
  EXPECT_GT(loaded, 200);
  EXPECT_GT(refused, rounds);
}

}  // namespace
}  // namespace adit::policy::lint
