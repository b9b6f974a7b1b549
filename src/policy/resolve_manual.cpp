// Manual tunnels: IpManVpnAction with its keys.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "policy/resolver.h"
#include "policy/weak_des_key.h"

namespace adit::policy {
namespace {

std::size_t key_octets(IntegrityId id) {
  const IntegrityFacts* facts = find(id);
  return facts == nullptr ? 0 : facts->key;
}

std::optional<std::uint32_t> spi_at(const Statement& statement, Attribute id) {
  const auto* spi = std::get_if<Span>(&statement.value_of(id));
  return spi == nullptr ? std::nullopt : std::optional{static_cast<std::uint32_t>(spi->first)};
}

std::string row_name(const Statement& statement, Attribute id) {
  return std::string{std::ranges::find(statement.row->attributes, id, &AttributeRow::id)->name};
}

Finding told(std::string problem, std::string expected, std::string found = {}) {
  return {.problem = std::move(problem), .found = std::move(found), .expected = std::move(expected), .nearest = {}};
}

Place place_of(const SourceRange& at) {
  return {.file = &at.file, .line = at.line, .column = at.column, .length = at.length};
}

}  // namespace

std::shared_ptr<const ManVpnAction> Resolver::man_vpn_action(const Statement& statement) {
  if (const auto made = man_vpn_actions_.find(&statement); made != man_vpn_actions_.end()) return made->second;
  auto action = std::make_shared<ManVpnAction>();
  action->name = statement.name;
  action->at = statement.name_at.range();
  action->active = is_yes(statement, Attribute::active);
  action->how_to_encap = chosen<EncapsulationChoice>(statement, Attribute::how_to_encap);
  action->df = df_of(statement);
  action->copy_dscp = is_yes(statement, Attribute::passthrough_dscp);
  if (statement.find(Attribute::lifetime) != nullptr) {
    action->lifetime = Minutes{number(statement, Attribute::lifetime)};
  }
  if (statement.find(Attribute::lifesize) != nullptr) action->lifesize_kbytes = number(statement, Attribute::lifesize);
  if (const Statement* time = target(statement, Attribute::time_condition)) action->time = time_condition(*time);
  endpoints_of(statement, *action);
  if (protection_of(statement, *action)) spis_of(statement, *action);
  return man_vpn_actions_[&statement] = std::move(action);
}

void Resolver::endpoints_of(const Statement& statement, ManVpnAction& action) {
  std::optional<IpFamily> family;
  const auto end = [&](Attribute id, std::optional<IpAddress>& address, std::string_view whose) {
    const auto ranges = addresses(statement.find(id), statement, id);
    if (ranges.size() != 1) return;  // Any, or told already
    const IpRange& range = ranges.front();
    if (range.is_single()) address = range.first;
    if (address && address->is_any()) {
      findings_.error(name_of(statement, id), told("unspecified address", fmt::format("an address of {}", whose)));
    } else if (!address && range != IpRange::all(range.family())) {
      findings_.error(name_of(statement, id), told("more than one address", "one address, Any, Any4 or Any6"));
    } else if (family && *family != range.family()) {
      findings_.error(name_of(statement, id), told("endpoints of two families", "both IPv4, or both IPv6"));
    }
    family = range.family();
  };
  end(Attribute::local_endpoint, action.local, "this host");
  end(Attribute::remote_endpoint, action.remote, "the peer");
  if (family) {
    action.family = *family;
  } else {
    of_any_family_.push_back(&action);  // Any at both ends: the traffic says which
  }
}

bool Resolver::protection_of(const Statement& statement, ManVpnAction& action) {
  const auto& cipher = value_as<EncryptionChoice>(statement, Attribute::how_to_encrypt);
  const auto& mac = value_as<AuthenticationChoice>(statement, Attribute::how_to_auth);
  check_fips(statement, cipher.id, mac.id);
  if (!statement.is_sound(Attribute::how_to_encrypt) || !statement.is_sound(Attribute::how_to_auth)) return false;
  action.ah = mac.ah;
  action.encryption = cipher.id;
  action.key_bits = cipher.key_bits;
  action.integrity = mac.id;
  if (mac.ah && cipher.id == EncryptionId::null) action.encryption = EncryptionId::none;
  action.inbound.encryption = key_of(statement, Attribute::encrypt_inbound_key, cipher.key_bits / 8);
  action.outbound.encryption = key_of(statement, Attribute::encrypt_outbound_key, cipher.key_bits / 8);
  action.inbound.integrity = key_of(statement, Attribute::auth_inbound_key, key_octets(mac.id));
  action.outbound.integrity = key_of(statement, Attribute::auth_outbound_key, key_octets(mac.id));
  const auto refuse_weak = [&](Attribute id, const Secret& key) {
    const bool is_weak = (cipher.id == EncryptionId::des && key.size() == 8 && is_weak_des_key(key)) ||
                         (cipher.id == EncryptionId::triple_des && key.size() == 24 && is_weak_triple_des_key(key));
    if (is_weak) findings_.error(name_of(statement, id), told("weak key of DES", "a key drawn at random"));
  };
  refuse_weak(Attribute::encrypt_inbound_key, action.inbound.encryption);
  refuse_weak(Attribute::encrypt_outbound_key, action.outbound.encryption);
  return true;
}

Secret Resolver::key_of(const Statement& statement, Attribute id, std::size_t octets) {
  const auto* key = std::get_if<Secret>(&statement.value_of(id));
  if (key == nullptr) {
    if (statement.find(id) != nullptr || octets == 0) return {};
    findings_.error(name_of(statement, id), told("IpManVpnAction without a key",
                                                 fmt::format("{} of {} octets", row_name(statement, id), octets)));
    return {};
  }
  if (key->size() == octets) return *key;
  if (octets == 0) {
    findings_.error(name_of(statement, id), told("a key, and no cipher for it", "HowToEncrypt other than DoNot"));
  } else {
    findings_.error(name_of(statement, id),
                    told(fmt::format("key of {} octets", key->size()), fmt::format("{} octets", octets)));
  }
  return {};
}

void Resolver::spis_of(const Statement& statement, ManVpnAction& action) {
  if (action.ah && action.encryption != EncryptionId::none) return spis_of_bundle(statement, action);
  const auto spi = [&](Attribute encrypt, Attribute auth) -> std::uint32_t {
    if (!statement.is_sound(encrypt) || !statement.is_sound(auth)) return 0;
    const auto one = spi_at(statement, encrypt), other = spi_at(statement, auth);
    if (action.ah && one) {
      findings_.error(name_of(statement, encrypt), told("an SPI of encryption, and AH does not encrypt",
                                                        fmt::format("{} alone", row_name(statement, auth))));
      return 0;
    }
    // ESP is one SA: encryption and integrity share its SPI.
    if (one && other && one != other) {
      findings_.error(name_of(statement, auth), told("two SPIs for one ESP SA", fmt::format("{}", *one)));
    }
    if (!one && !other) {
      findings_.error(name_of(statement, auth), told("IpManVpnAction without an SPI", row_name(statement, auth)));
    }
    return one ? *one : other.value_or(0);
  };
  action.inbound_spi = InboundSpi{spi(Attribute::encrypt_inbound_spi, Attribute::auth_inbound_spi)};
  action.outbound_spi = OutboundSpi{spi(Attribute::encrypt_outbound_spi, Attribute::auth_outbound_spi)};
}

// AH around ESP is two SAs each way, and each has its SPI.
void Resolver::spis_of_bundle(const Statement& statement, ManVpnAction& action) {
  const auto spi = [&](Attribute id) -> std::uint32_t {
    if (!statement.is_sound(id)) return 0;
    if (const auto coded = spi_at(statement, id)) return *coded;
    findings_.error(name_of(statement, id),
                    told("AH with encryption is two SAs, and one has no SPI", row_name(statement, id)));
    return 0;
  };
  action.inbound_spi = InboundSpi{spi(Attribute::encrypt_inbound_spi)};
  action.outbound_spi = OutboundSpi{spi(Attribute::encrypt_outbound_spi)};
  action.around_esp = {.inbound = InboundSpi{spi(Attribute::auth_inbound_spi)},
                       .outbound = OutboundSpi{spi(Attribute::auth_outbound_spi)}};
}

// What depends on the rules that lead to a tunnel, and on the tunnels beside it.
void Resolver::check_manual_tunnels() {
  std::map<std::string_view, const ManVpnAction*> names;
  std::map<std::pair<bool, InboundSpi>, const ManVpnAction*> spis;
  std::set<SourceRange> told_of;  // rules
  for (ManVpnAction* action : of_any_family_) {
    const auto leads_there = [action](const Filter& filter) { return filter.manual.get() == action; };
    const auto user = std::ranges::find_if(snapshot_.filter.filters, leads_there);  // IPv4 filters come first
    if (user != snapshot_.filter.filters.end()) action->family = user->source.family();
  }
  for (const Filter& filter : snapshot_.filter.filters) {
    if (filter.manual == nullptr) continue;
    const ManVpnAction& action = *filter.manual;
    const bool packet_gives_addresses =
        action.how_to_encap == EncapsulationChoice::transport || !action.local || !action.remote;
    if (packet_gives_addresses && filter.source.family() != action.family && told_of.insert(filter.at).second) {
      findings_.warning(place_of(filter.at),
                        told(fmt::format("{} packets of this rule are dropped: the SAs of IpManVpnAction {} have {} "
                                         "addresses",
                                         filter.source.family() == IpFamily::v4 ? "IPv4" : "IPv6", action.name,
                                         action.family == IpFamily::v4 ? "IPv4" : "IPv6"),
                             "addresses of one family in the rule, or tunnel mode with two endpoints"));
    }
    const auto [named, has_new_name] = names.try_emplace(action.name, &action);
    if (named->second == &action && !has_new_name) continue;  // seen by another filter
    if (!has_new_name) {
      findings_.error(place_of(action.at),
                      told(fmt::format("the IpManVpnAction of line {} has this name, too", named->second->at.line),
                           "a name of its own", action.name));
      continue;
    }
    if (!action.is_installed) continue;
    const auto take = [&](bool ah, InboundSpi spi) {
      const auto [held, is_free] = spis.try_emplace({ah, spi}, &action);
      if (is_free || spi.value() == 0) return;
      findings_.error(place_of(action.at),
                      told(fmt::format("inbound SPI {} is that of IpManVpnAction {} of line {}, too", spi.value(),
                                       held->second->name, held->second->at.line),
                           "an inbound SPI of its own"));
    };
    take(action.ah && !action.around_esp, action.inbound_spi);
    if (action.around_esp) take(true, action.around_esp->inbound);
  }
}

}  // namespace adit::policy
