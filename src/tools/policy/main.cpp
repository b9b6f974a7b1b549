// policy: shows what a stack's policy files come to. No daemon is asked.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "policy/document.h"
#include "policy/report/diagnostics.h"
#include "policy/report/show.h"
#include "tools/policy/files.h"

namespace adit::tools::policy_command {
namespace {

/// In docs/man/policy.1 too.
struct ExitStatus {
  static constexpr int shown = 0;
  static constexpr int configuration = 1;  ///< a file is wrong, or cannot be read
  static constexpr int command_line = 2;
};

struct Wanted {
  std::string file, common;
  std::string pagent_conf = "/etc/adit/pagent.conf", stack;
  bool as_json = false;
};

std::expected<StackFiles, std::string> files_of(const Wanted& wanted) {
  if (wanted.file.empty() && wanted.common.empty()) return files_of_stack(wanted.pagent_conf, wanted.stack);
  StackFiles files;
  if (!wanted.common.empty()) {
    auto source = read_source(wanted.common);
    if (!source) return std::unexpected{source.error()};
    files.common = *std::move(source);
  }
  if (!wanted.file.empty()) {
    auto source = read_source(wanted.file);
    if (!source) return std::unexpected{source.error()};
    files.own = *std::move(source);
  }
  return files;
}

int show(const Wanted& wanted) {
  const auto files = files_of(wanted);
  if (!files) {
    fmt::print(stderr, "{}", files.error());
    return ExitStatus::configuration;
  }
  std::vector<policy::SourceFile> sources;
  for (const auto& file : {files->common, files->own}) {
    if (file) sources.push_back(*file);
  }
  const policy::SourceFile* common = files->common ? &sources.front() : nullptr;
  const policy::SourceFile* own = files->own ? &sources.back() : nullptr;
  const policy::Document document{StackName{wanted.stack.empty() ? "stack" : wanted.stack}, common, own};
  if (document.policy() == nullptr) {
    fmt::print(stderr, "{}", policy::render(document.diagnostics(), sources));
    return ExitStatus::configuration;
  }
  const auto format = wanted.as_json ? policy::report::ShowFormat::json : policy::report::ShowFormat::text;
  fmt::print("{}", policy::report::shown_policy(document, sources, format));
  return ExitStatus::shown;
}

}  // namespace

int run(int argc, const char* const* argv) {
  CLI::App app{"Shows what policy files come to.", "policy"};
  app.require_subcommand(1);
  auto* command = app.add_subcommand("show", "The resolved policy, and where each value comes from");
  Wanted wanted;
  auto* file =
      command->add_option("FILE", wanted.file, "The stack's own policy file; without it pagent.conf says which");
  auto* common = command->add_option("--common", wanted.common, "The policy file for all stacks")->type_name("FILE");
  command->add_option("-c,--config", wanted.pagent_conf, "pagent.conf")
      ->capture_default_str()
      ->excludes(file)
      ->excludes(common);
  command->add_option("-p,--stack", wanted.stack, "Stack; default: the first of pagent.conf")
      ->excludes(file)
      ->excludes(common);
  command->add_flag("--json", wanted.as_json, "One JSON object");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? ExitStatus::shown : ExitStatus::command_line;
  }
  return show(wanted);
}

}  // namespace adit::tools::policy_command

int main(int argc, char** argv) { return adit::tools::policy_command::run(argc, argv); }
