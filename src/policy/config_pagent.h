#pragma once
// pagent.conf and the image configuration files it names (docs/policy.md): which stacks there are, and where the policy
// files of each stand. Text in, values out; who opens the files is pagent.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong_id.h"
#include "base/time.h"
#include "policy/config_central.h"
#include "policy/parsed.h"

namespace adit::policy {

/// Whose the policy is where no TcpImage says: the stack of the host itself (docs/operations.md).
inline constexpr std::string_view default_stack = "tcpip";

/// One `TcpImage name [file] [FLUSH|NOFLUSH] [PURGE|NOPURGE] [seconds]` (PEPInstance).
struct PagentImage {
  StackName stack;
  std::optional<std::string> file;  ///< image configuration file; nothing: pagent.conf itself serves as one
  Seconds check_interval{1800};     ///< how often the files are looked at for changes
  SourceRange at;
  auto operator<=>(const PagentImage&) const = default;
};

struct PagentConfig {
  std::vector<PagentImage> images;           ///< one a stack
  std::optional<std::string> common_policy;  ///< CommonIPSecConfig: for every stack
  std::optional<std::string> own_policy;     ///< IPSecConfig here: for the stacks without an image file
  unsigned log_level = 31;                   ///< sum of bits, 1 SYSERR to 256 TRACE
  std::optional<RemotePolicy> remote;        ///< PolicyServer here: for the stacks without an image file
  std::optional<ServerConnection> servers;   ///< policy servers that this pagent is a client of
  std::optional<ClientConnection> serves;    ///< what it is a policy server with
  auto operator<=>(const PagentConfig&) const = default;
};
Parsed<PagentConfig> parse_pagent_config(const SourceFile& file);

struct ImageConfig {
  std::optional<std::string> own_policy;  ///< IPSecConfig: the stack's own IPSec policy file
  std::optional<RemotePolicy> remote;     ///< PolicyServer: it takes the place of all local files
  auto operator<=>(const ImageConfig&) const = default;
};
Parsed<ImageConfig> parse_image_config(const SourceFile& file);

}  // namespace adit::policy
