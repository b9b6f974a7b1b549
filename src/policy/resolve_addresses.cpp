#include "policy/resolver.h"

namespace adit::policy {

std::vector<IpRange> Resolver::addresses(const Entry* entry, const Statement& statement, Attribute id) {
  if (entry != nullptr && entry->row->form == Form::name) {
    const Statement* named = target(*entry);
    return named == nullptr ? std::vector<IpRange>{} : addresses_of(*named);
  }
  const Value& value = entry != nullptr ? entry->value : preset_of(*statement.row, id, statement.compat);
  const auto* spec = std::get_if<AddressSpec>(&value);
  return spec == nullptr ? std::vector<IpRange>{} : spec->ranges;
}

std::vector<IpRange> Resolver::addresses_of(const Statement& statement) {
  if (statement.row->id != StatementId::ip_addr_group) {
    return value_as<AddressSpec>(statement, Attribute::address).ranges;
  }
  const auto [at, is_new] = address_groups_.try_emplace(&statement);
  if (!is_new) return at->second;
  std::vector<IpRange> ranges;
  for (const Entry& entry : statement.entries) {
    const Statement* member = target(entry);
    if (member == nullptr) continue;
    const std::vector<IpRange> of_member = addresses_of(*member);  // no group: groups do not nest
    ranges.insert(ranges.end(), of_member.begin(), of_member.end());
  }
  if (statement.entries.empty()) {
    findings_.warning(statement.at,
                      {.problem = "group without members", .found = statement.name, .expected = {}, .nearest = {}});
  }
  address_groups_[&statement] = ranges;
  return ranges;
}

}  // namespace adit::policy
