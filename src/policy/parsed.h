#pragma once
// What a configuration file gave: its value, or the mistakes that keep it from having one.

#include <optional>
#include <string>
#include <vector>

#include "policy/diagnostic.h"

namespace adit::policy {

template <class T>
struct Parsed {
  std::optional<T> value;               ///< nothing when any diagnostic is an error: all or nothing
  std::vector<Diagnostic> diagnostics;  ///< all of them, in order of place
};

/// The TLS files of one side of a connection: PEM. All three, or none.
struct TlsFiles {
  std::string certificate;  ///< TlsCertificate: this side's certificate, then its chain
  std::string key;          ///< TlsKey
  std::string authorities;  ///< TlsCa: who may have signed the other side's
  auto operator<=>(const TlsFiles&) const = default;
};

}  // namespace adit::policy
