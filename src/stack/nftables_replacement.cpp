#include "stack/nftables_replacement.h"

#include <fmt/format.h>

#include <algorithm>

#include "stack/nftables_ruleset.h"

namespace adit::stack {

namespace {

/// The hooks that every ruleset has, each the same in all.
constexpr std::string_view lasting_hooks[] = {"prerouting", "input", "forward", "forward_out", "output", "postrouting"};

}  // namespace

TableNames names_in(std::string_view ruleset) {
  TableNames names;
  for (std::size_t begin = 0; begin < ruleset.size();) {
    const std::size_t end = std::min(ruleset.find('\n', begin), ruleset.size());
    std::string_view line = ruleset.substr(begin, end - begin);
    begin = end + 1;
    const bool is_ours = line.starts_with("  "), is_listed = line.starts_with("\t");
    if (!is_ours && !is_listed) continue;
    line.remove_prefix(is_ours ? 2 : 1);  // rules stand further in
    for (const auto& [word, found] : {std::pair{std::string_view{"map "}, &names.maps},
                                      {std::string_view{"chain "}, &names.chains},
                                      {std::string_view{"counter "}, &names.counters}}) {
      if (!line.starts_with(word)) continue;
      const std::string_view rest = line.substr(word.size());
      const std::string_view name = rest.substr(0, rest.find(' '));
      if (std::ranges::find(lasting_hooks, name) == std::end(lasting_hooks)) found->emplace_back(name);
    }
  }
  return names;
}

std::string in_place(const std::string& ruleset, const TableNames& former) {
  std::string text = "flush table inet adit\n";
  // Maps first: their elements lead to chains.
  for (const std::string& name : former.maps) text += "delete map inet adit " + name + "\n";
  for (const std::string& name : former.chains) text += "delete chain inet adit " + name + "\n";
  for (const std::string& name : former.counters) text += "delete counter inet adit " + name + "\n";
  return text + ruleset.substr(ruleset_removed().size());
}

}  // namespace adit::stack
