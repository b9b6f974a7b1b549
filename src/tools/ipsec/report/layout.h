#pragma once
// The frame of a report (heading, entries, count) in its layouts: detail, short, wide and JSON. Values in, text out.

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "tools/ipsec/report/entry.h"

namespace adit::tools::ipsec {

enum class Format : unsigned char { brief, detail, wide, json };  // brief: -r short

/// At most three values of a heading, side by side.
struct HeadingValue {
  std::string name, value;
  bool operator==(const HeadingValue&) const = default;
};
using HeadingLine = std::vector<HeadingValue>;

struct Heading {
  std::string stack;
  WallTime now;
  std::string primary;   ///< "IKE tunnel"
  std::string function;  ///< "Display"
  std::string source;    ///< "IKED"; empty in reports of actions
  std::string scope = "Current";
  std::optional<std::size_t> available;  ///< TotAvail; absent: n/a
  std::vector<HeadingLine> further;      ///< heading lines of this report alone
};

struct Report {
  Heading heading;
  std::vector<Entry> entries;
};

std::string laid_out(const Report& report, Format format);

/// A report of an action: the columns' names, then a row an object.
std::string laid_out_action(const Heading& heading, const std::vector<std::string>& columns,
                            const std::vector<std::vector<std::string>>& rows, Format format);

}  // namespace adit::tools::ipsec
