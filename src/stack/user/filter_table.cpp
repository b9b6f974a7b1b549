#include "stack/user/filter_table.h"

#include <fmt/format.h>

#include "stack/user/nftables_transaction.h"

namespace adit::stack::user {

namespace {

/// Of the table as an earlier run or the boot has left it; nothing when there is none. Not by one listing of all of it,
/// with its rules: for a large policy that is long.
std::optional<TableNames> standing_names() {
  TableNames names;
  for (const auto& [kind, found] :
       {std::pair{"maps", &TableNames::maps}, {"chains", &TableNames::chains}, {"counters", &TableNames::counters}}) {
    const auto listed = run_nftables(fmt::format("list {} inet", kind));
    if (!listed) return std::nullopt;
    const std::size_t begin = listed->find("table inet adit {\n");
    if (begin == std::string::npos) continue;
    names.*found = names_in(std::string_view{*listed}.substr(begin, listed->find("\n}", begin) - begin)).*found;
  }
  return names.chains.empty() ? std::nullopt : std::optional{std::move(names)};
}

}  // namespace

std::expected<void, std::string> FilterTable::replace(const std::string& ruleset) {
  if (!installed_) installed_ = standing_names();
  // Either way is all or nothing. The first is refused where somebody else has changed the table.
  if (!installed_ || !run_nftables(in_place(ruleset, *installed_))) {
    if (const auto done = run_nftables(ruleset); !done) return std::unexpected{done.error()};
  }
  installed_ = names_in(ruleset);
  return {};
}

}  // namespace adit::stack::user
