#include "tools/policy/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>

#include "policy/config_pagent.h"
#include "policy/nearest.h"

namespace adit::tools::policy_command {
namespace {

constexpr std::streamoff largest_file = std::streamoff{64} << 20;  // octets, as pagent reads them

std::string named_by(const std::string& file, const std::string& name) {
  return (std::filesystem::path{file}.parent_path() / name).lexically_normal().string();
}

/// The value of a configuration file, or its mistakes.
template <class T>
std::expected<T, std::string> parsed(const policy::SourceFile& source,
                                     policy::Parsed<T> (*parse)(const policy::SourceFile&)) {
  policy::Parsed<T> result = parse(source);
  if (result.value) return *std::move(result.value);
  return std::unexpected{policy::render(result.diagnostics, std::span{&source, 1})};
}

}  // namespace

std::expected<policy::SourceFile, std::string> read_source(const std::string& path) {
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(path, unknown)) {
    return std::unexpected{fmt::format("{}: {}\n", path, unknown ? unknown.message() : "is no regular file")};
  }
  std::ifstream file{path, std::ios::binary | std::ios::ate};
  const std::streamoff size = file ? std::streamoff{file.tellg()} : -1;
  if (size < 0) return std::unexpected{fmt::format("{}: {}\n", path, std::strerror(errno))};
  if (size > largest_file) return std::unexpected{fmt::format("{}: is larger than 64 MiB\n", path)};
  policy::SourceFile source{.name = path, .text = std::string(static_cast<std::size_t>(size), '\0')};
  file.seekg(0);
  if (!file.read(source.text.data(), size)) return std::unexpected{fmt::format("{}: cannot be read\n", path)};
  return source;
}

std::expected<StackFiles, std::string> files_of_stack(const std::string& pagent_conf, const std::string& stack) {
  const auto main_file = read_source(pagent_conf);
  if (!main_file) return std::unexpected{main_file.error()};
  const auto pagent = parsed(*main_file, policy::parse_pagent_config);
  if (!pagent) return std::unexpected{pagent.error()};
  const auto image = std::ranges::find_if(pagent->images, [&](const policy::PagentImage& one) {
    return stack.empty() || policy::equal_without_case(one.stack.text, stack);  // as ipsec -p
  });
  if (image == pagent->images.end()) return std::unexpected{fmt::format("{}: no TcpImage {}\n", pagent_conf, stack)};

  std::optional<std::string> own = pagent->own_policy;
  std::string named_in = pagent_conf;
  if (image->file) {
    named_in = named_by(pagent_conf, *image->file);
    const auto image_file = read_source(named_in);
    if (!image_file) return std::unexpected{image_file.error()};
    const auto config = parsed(*image_file, policy::parse_image_config);
    if (!config) return std::unexpected{config.error()};
    own = config->own_policy;
  }
  StackFiles files;
  if (pagent->common_policy) {
    auto source = read_source(named_by(pagent_conf, *pagent->common_policy));
    if (!source) return std::unexpected{source.error()};
    files.common = *std::move(source);
  }
  if (own) {
    auto source = read_source(named_by(named_in, *own));
    if (!source) return std::unexpected{source.error()};
    files.own = *std::move(source);
  }
  if (!files.common && !files.own) {
    return std::unexpected{fmt::format("{}: stack {} has no policy file\n", pagent_conf, image->stack.text)};
  }
  return files;
}

}  // namespace adit::tools::policy_command
