#pragma once
// The release, as the daemons, the reports and --version print it.

namespace adit {

inline constexpr const char* version = "0.1.0";

}  // namespace adit
