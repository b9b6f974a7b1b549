#include "stack/user/filter_table.h"

#include <fmt/format.h>

#include "stack/user/nftables_transaction.h"
#include "stack/user/standing_filters.h"

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

std::expected<void, SystemFailure> FilterTable::watch() {
  auto watch = TableWatch::open();
  if (!watch) return std::unexpected{watch.error()};
  watch_.emplace(std::move(*watch));
  return {};
}

std::expected<void, std::string> FilterTable::replace(const std::string& ruleset) {
  constexpr unsigned attempts = 3;
  std::expected<void, std::string> done;
  for (unsigned i = 0; i < attempts; ++i) {
    if (watch_) watch_->listen(TableWatch::Listening::off);
    done = replace_once(ruleset);
    if (watch_) watch_->listen(TableWatch::Listening::on);
    // Deleted by somebody else meanwhile, of which nothing was told?
    if (!done || is_there()) break;
    forget();
  }
  return done;
}

std::expected<void, std::string> FilterTable::replace_once(const std::string& ruleset) {
  if (!installed_) installed_ = standing_names();
  // Either way is all or nothing. The first is refused where somebody else has changed the table.
  if (!installed_ || !run_nftables(in_place(ruleset, *installed_))) {
    if (const auto done = run_nftables(ruleset); !done) return std::unexpected{done.error()};
  }
  installed_ = names_in(ruleset);
  take_over();
  return {};
}

void FilterTable::take_over() { handle_ = table_handle().value_or(std::nullopt); }

bool FilterTable::is_there() const {
  const auto standing = table_handle();
  return !standing || *standing == handle_;
}

}  // namespace adit::stack::user
