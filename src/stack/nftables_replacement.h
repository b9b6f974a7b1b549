#pragma once
// How one ruleset takes the place of another so that no packet is lost that both permit. Deleting the table and making
// it anew is one transaction too, but when the kernel carries it out, the old maps are empty at once, while the old
// chains are heard until the kernel comes to unhook them: for thousands of filters up to 17 ms, in which the old rules
// drop what they do not find any more.

#include <string>
#include <string_view>
#include <vector>

namespace adit::stack {

/// What of a table has to go before the next ruleset comes: all that is not hooked.
struct TableNames {
  std::vector<std::string> maps, chains, counters;
};
/// Of a text that ruleset_for() made, or that nftables lists.
TableNames names_in(std::string_view ruleset);

/// The transaction that puts `ruleset`, a text of ruleset_for(), into the table that another such text, with `former`
/// in it, has made: the hooks stay where they are, and their rules are exchanged between two packets. Refused, all of
/// it, where the table is not as it was made.
std::string in_place(const std::string& ruleset, const TableNames& former);

}  // namespace adit::stack
