#include "rpc/policy_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "rpc/common_messages.h"
#include "rpc/filter_messages.h"
#include "rpc/key_exchange_messages.h"
#include "rpc/local_server.h"

namespace adit::rpc {
namespace {

constexpr std::size_t most_local_dyn_vpn = 1'000'000;
constexpr std::size_t octets_around = 64;  // of the PolicyChange that a snapshot travels in

/// Statements that several rules share by pointer stand once in a message, and the rules name their place.
template <class Statement>
class Places {
 public:
  template <class Add>
  std::uint32_t of(const std::shared_ptr<const Statement>& statement, Add&& add) {
    const auto [entry, is_new] = places_.try_emplace(statement.get(), static_cast<std::uint32_t>(places_.size()));
    if (is_new) add(*statement);
    return entry->second;
  }

 private:
  std::unordered_map<const Statement*, std::uint32_t> places_;
};

void write(const policy::LocalDynVpnRule& from, v1::LocalDynVpnRule& to) {
  to.set_name(from.name);
  to.set_group(from.group);
  rpc::write(from.local, *to.mutable_local());
  rpc::write(from.remote, *to.mutable_remote());
  to.set_auto_activate(from.auto_activate);
  rpc::write(from.at, *to.mutable_at());
}

policy::LocalDynVpnRule read(Intake& in, const v1::LocalDynVpnRule& from) {
  policy::LocalDynVpnRule rule{.name = in.text(from.name(), "LocalDynVpnRule name"),
                               .group = in.text(from.group(), "LocalDynVpnGroup name"),
                               .local = rpc::read(in, from.local()),
                               .remote = rpc::read(in, from.remote()),
                               .auto_activate = from.auto_activate(),
                               .at = rpc::read(in, from.at())};
  in.require(rule.local.addresses.family() == rule.remote.addresses.family(), "address families of a LocalDynVpnRule");
  return rule;
}

void write_rules(const policy::KeyExchangePolicy& from, v1::KeyExchangePolicy& to) {
  Places<policy::KeyExchangeAction> actions;
  for (const policy::KeyExchangeRule& rule : from.rules) {
    v1::KeyExchangeRule& message = *to.add_rules();
    rpc::write(rule, message);
    message.set_action(actions.of(rule.action, [&to](const auto& action) { rpc::write(action, *to.add_actions()); }));
  }
}

policy::KeyExchangePolicy read(Intake& in, const v1::KeyExchangePolicy& from) {
  policy::KeyExchangePolicy policy;
  policy.nat_keep_alive = in.duration<Seconds>(from.nat_keep_alive_seconds(), "NatKeepAliveInterval");
  in.bounded(from.actions_size(), most_rules, "KeyExchangeActions");
  in.bounded(from.rules_size(), most_rules, "KeyExchangeRules");
  if (in.failed()) return policy;

  std::vector<std::shared_ptr<const policy::KeyExchangeAction>> actions;
  for (const auto& action : from.actions()) {
    actions.push_back(std::make_shared<const policy::KeyExchangeAction>(rpc::read(in, action)));
  }
  for (const auto& message : from.rules()) {
    policy::KeyExchangeRule rule = rpc::read(in, message);
    in.require(message.action() < actions.size(), "KeyExchangeAction of a rule");
    if (in.failed()) break;
    rule.action = actions[message.action()];
    policy.rules.push_back(std::move(rule));
  }
  return policy;
}

}  // namespace

void write(const policy::FilterPolicy& from, v1::FilterPolicy& to, ManualKeys keys) {
  to.set_pre_decap(from.pre_decap);
  to.set_logging(from.logging);
  to.set_allow_on_demand(from.allow_on_demand);
  to.set_implicit_discard(choice<v1::DiscardAction>(from.implicit_discard));
  to.set_fips140(from.fips140);
  Places<policy::DynVpnAction> actions;
  Places<policy::ManVpnAction> manual;
  Places<policy::LocalStart> starts;
  Places<policy::TimeCondition> times;
  const auto place_of = [&](const std::shared_ptr<const policy::TimeCondition>& time) {
    return times.of(time, [&to](const auto& condition) { write(condition, *to.add_time_conditions()); });
  };
  for (const policy::Filter& filter : from.filters) {
    v1::Filter& message = *to.add_filters();
    write(filter, message);
    if (filter.time) message.set_time(place_of(filter.time));
    if (filter.vpn)
      message.set_vpn(actions.of(filter.vpn, [&to](const auto& vpn) { write(vpn, *to.add_vpn_actions()); }));
    if (filter.manual) {
      message.set_manual(manual.of(filter.manual, [&](const auto& action) {
        v1::ManVpnAction& written = *to.add_man_vpn_actions();
        write(action, written, keys);
        if (action.time) written.set_time(place_of(action.time));
      }));
    }
    if (filter.local_start) {
      message.set_local_start(
          starts.of(filter.local_start, [&to](const auto& start) { write(start, *to.add_local_starts()); }));
    }
  }
}

policy::FilterPolicy read(Intake& in, const v1::FilterPolicy& from) {
  policy::FilterPolicy policy{
      .pre_decap = from.pre_decap(),
      .logging = from.logging(),
      .allow_on_demand = from.allow_on_demand(),
      .implicit_discard = in.choice(from.implicit_discard(), policy::DiscardAction::icmp, "DiscardAction"),
      .fips140 = from.fips140(),
      .filters = {},
  };
  in.bounded(from.vpn_actions_size(), most_rules, "IpDynVpnActions");
  in.bounded(from.man_vpn_actions_size(), most_rules, "IpManVpnActions");
  in.bounded(from.local_starts_size(), most_rules, "IpLocalStartActions");
  in.bounded(from.time_conditions_size(), most_rules, "IpTimeConditions");
  in.bounded(from.filters_size(), most_rules, "filters");
  if (in.failed()) return policy;

  std::vector<std::shared_ptr<const policy::TimeCondition>> times;
  for (const auto& condition : from.time_conditions()) {
    times.push_back(std::make_shared<const policy::TimeCondition>(read(in, condition)));
  }

  std::vector<std::shared_ptr<const policy::DynVpnAction>> actions;
  for (const auto& action : from.vpn_actions()) {
    actions.push_back(std::make_shared<const policy::DynVpnAction>(read(in, action)));
  }
  std::vector<std::shared_ptr<const policy::ManVpnAction>> manual;
  for (const auto& action : from.man_vpn_actions()) {
    policy::ManVpnAction read_action = read(in, action);
    in.require(!action.has_time() || action.time() < times.size(), "IpTimeCondition of an IpManVpnAction");
    if (!in.failed() && action.has_time()) read_action.time = times[action.time()];
    manual.push_back(std::make_shared<const policy::ManVpnAction>(std::move(read_action)));
  }
  std::vector<std::shared_ptr<const policy::LocalStart>> starts;
  for (const auto& start : from.local_starts()) {
    starts.push_back(std::make_shared<const policy::LocalStart>(read(in, start)));
  }
  for (const v1::Filter& message : from.filters()) {
    policy::Filter filter = read(in, message);
    in.require(!(message.has_vpn() && message.has_manual()), "two tunnels of a filter");
    in.require((message.has_vpn() || message.has_manual()) == (filter.action == policy::FilterAction::ipsec),
               "tunnel of a filter");
    in.require(!message.has_manual() || message.manual() < manual.size(), "IpManVpnAction of a filter");
    in.require(!message.has_vpn() || message.vpn() < actions.size(), "IpDynVpnAction of a filter");
    in.require(!message.has_vpn() || message.has_local_start(), "IpLocalStartAction of a filter");
    in.require(!message.has_local_start() || message.local_start() < starts.size(), "IpLocalStartAction of a filter");
    in.require(!message.has_time() || message.time() < times.size(), "IpTimeCondition of a filter");
    if (in.failed()) break;
    if (message.has_time()) filter.time = times[message.time()];
    if (message.has_vpn()) filter.vpn = actions[message.vpn()];
    if (message.has_manual()) filter.manual = manual[message.manual()];
    if (message.has_local_start()) filter.local_start = starts[message.local_start()];
    policy.filters.push_back(std::move(filter));
  }
  return policy;
}

v1::PolicySnapshot to_message(const policy::PolicySnapshot& snapshot, Audience audience) {
  v1::PolicySnapshot message;
  message.set_stack(snapshot.stack.text);
  message.set_version(snapshot.version);
  write(snapshot.filter, *message.mutable_filter(),
        audience == Audience::stack ? ManualKeys::included : ManualKeys::left_out);
  v1::KeyExchangePolicy& key_exchange = *message.mutable_key_exchange();
  key_exchange.set_nat_keep_alive_seconds(static_cast<std::uint32_t>(snapshot.key_exchange.nat_keep_alive.count()));
  if (audience == Audience::iked) write_rules(snapshot.key_exchange, key_exchange);
  for (const policy::LocalDynVpnRule& rule : snapshot.local_dyn_vpn) write(rule, *message.add_local_dyn_vpn());
  return message;
}

std::expected<policy::PolicyPointer, Malformed> from_message(const v1::PolicySnapshot& message) {
  Intake in;
  auto snapshot = std::make_shared<policy::PolicySnapshot>();
  snapshot->stack.text = in.text(message.stack(), "stack");
  snapshot->version = message.version();
  snapshot->filter = read(in, message.filter());
  snapshot->key_exchange = read(in, message.key_exchange());
  in.bounded(message.local_dyn_vpn_size(), most_local_dyn_vpn, "LocalDynVpnRules");
  if (!in.failed()) {
    for (const auto& rule : message.local_dyn_vpn()) snapshot->local_dyn_vpn.push_back(read(in, rule));
  }
  return in.finish(policy::PolicyPointer{std::move(snapshot)});
}

std::optional<std::string> why_not_taken(const policy::PolicySnapshot& snapshot) {
  const v1::PolicySnapshot message = to_message(snapshot, Audience::iked);
  std::size_t octets = message.ByteSizeLong();
  // Only the keys of manual tunnels make the stack's longer.
  if (message.filter().man_vpn_actions_size() != 0) {
    octets = std::max(octets, to_message(snapshot, Audience::stack).ByteSizeLong());
  }
  if (octets > largest_message - octets_around) {
    return fmt::format(
        "the policy takes a message of {} octets: expected at most {}; use prefixes, ranges or fewer rules", octets,
        largest_message - octets_around);
  }
  const auto taken = from_message(message);
  if (taken) return std::nullopt;
  return "the policy has too many, or too long: " + taken.error().field;
}

}  // namespace adit::rpc
