#pragma once
// The lines of files, found once, for whoever shows where something stands.

#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/diagnostic.h"

namespace adit::policy {

class SourceLines {
 public:
  /// The sources must outlive it.
  explicit SourceLines(std::span<const SourceFile> sources);
  /// The line without its end; empty when there is none.
  std::string_view at(const SourceRange& place) const;

 private:
  std::unordered_map<std::string_view, std::vector<std::string_view>> lines_;
};

}  // namespace adit::policy
