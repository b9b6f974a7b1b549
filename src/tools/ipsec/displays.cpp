#include "tools/ipsec/displays.h"

#include <algorithm>
#include <expected>
#include <span>

#include "rpc/operator_client.h"
#include "rpc/socket_paths.h"
#include "tools/ipsec/outcome.h"
#include "tools/ipsec/report/filters.h"
#include "tools/ipsec/report/newest.h"
#include "tools/ipsec/report/tunnels.h"
#include "tools/ipsec/report/values.h"

namespace adit::tools::ipsec {
namespace {

template <class Values, class Value>
bool names(const Values& selection, const Value& value) {
  return selection.empty() || std::ranges::find(selection, value) != selection.end();
}

bool takes_tunnel(const Arguments& arguments, contract::ChildSaName name, const std::string& rule,
                  const std::string& action) {
  return names(arguments.tunnels, name.tunnel.value()) && names(arguments.rules, rule) &&
         names(arguments.names, action);
}

/// The report; what was named and is not there makes the command fail.
Outcome shown(const Report& report, const Arguments& arguments) {
  const bool selects =
      !arguments.tunnels.empty() || !arguments.rules.empty() || !arguments.names.empty() || !arguments.groups.empty();
  return {laid_out(report, arguments.format), {}, selects && report.entries.empty() ? nothing_done : 0};
}

}  // namespace

Outcome display_ike_tunnels(const Arguments& arguments, const StackName& stack) {
  auto tunnels = rpc::OperatorClient{rpc::iked_socket(arguments.socket_folder)}.ike_tunnels(stack);
  if (!tunnels) return failed(tunnels.error(), no_daemon);
  Report report{heading(stack, "IKE tunnel", "Display", "IKED"), {}};
  for (const ike::IkeTunnelView& tunnel : newest_of_each(std::move(*tunnels))) {
    if (!names(arguments.tunnels, tunnel.tunnel.value()) || !names(arguments.names, tunnel.rule)) continue;
    report.entries.push_back(ike_tunnel_entry(tunnel));
  }
  return shown(report, arguments);
}

Outcome display_negotiated_tunnels(const Arguments& arguments, const StackName& stack) {
  rpc::OperatorClient iked{rpc::iked_socket(arguments.socket_folder)};
  auto tunnels = iked.dynamic_tunnels(stack);
  if (!tunnels) return failed(tunnels.error(), no_daemon);
  auto ike_tunnels = iked.ike_tunnels(stack);
  if (!ike_tunnels) return failed(ike_tunnels.error(), no_daemon);
  const std::vector<ike::IkeTunnelView> parents = newest_of_each(std::move(*ike_tunnels));
  const std::vector<ike::DynamicTunnelView> current = newest_of_each(std::move(*tunnels));
  Report report{heading(stack, "Dynamic tunnel", "Display", "IKED"), {}};
  report.heading.available = current.size();
  for (const ike::DynamicTunnelView& tunnel : current) {
    if (!takes_tunnel(arguments, tunnel.name, tunnel.local_dyn_vpn_rule, tunnel.vpn_action)) continue;
    const auto parent = std::ranges::find(parents, tunnel.parent, &ike::IkeTunnelView::tunnel);
    report.entries.push_back(negotiated_tunnel_entry(tunnel, parent == parents.end() ? nullptr : &*parent));
  }
  return shown(report, arguments);
}

namespace {

rpc::OrReason<std::vector<InstalledTunnel>> installed_tunnels(const Arguments& arguments, const StackName& stack) {
  auto answered = rpc::StackOperatorClient{rpc::stack_operator_socket(arguments.socket_folder, stack)}.tunnels();
  if (!answered) return std::unexpected{answered.error()};
  std::vector<InstalledTunnel> tunnels;
  for (rpc::InstalledTunnel& tunnel : *answered) {
    tunnels.push_back({std::move(tunnel.pair), std::move(tunnel.counters), tunnel.expires_at});
  }
  return newest_of_each(std::move(tunnels));
}

}  // namespace

Outcome display_installed_tunnels(const Arguments& arguments, const StackName& stack) {
  const auto tunnels = installed_tunnels(arguments, stack);
  if (!tunnels) return failed(tunnels.error(), no_daemon);
  Report report{heading(stack, "Dynamic tunnel", "Display", "Stack"), {}};
  report.heading.available = tunnels->size();
  const Instant now{std::chrono::duration_cast<Duration>(report.heading.now.time_since_epoch())};
  for (const InstalledTunnel& tunnel : *tunnels) {
    if (!takes_tunnel(arguments, tunnel.sa.name, tunnel.sa.local_dyn_vpn_rule, tunnel.sa.vpn_action)) continue;
    report.entries.push_back(installed_tunnel_entry(tunnel, now));
  }
  return shown(report, arguments);
}

namespace {

rpc::OrReason<std::vector<ManualTunnel>> manual_tunnels(const Arguments& arguments, const StackName& stack) {
  auto answered = rpc::StackOperatorClient{rpc::stack_operator_socket(arguments.socket_folder, stack)}.manual_tunnels();
  if (!answered) return std::unexpected{answered.error()};
  std::vector<ManualTunnel> tunnels;
  for (rpc::ManualTunnelView& view : *answered) {
    tunnels.push_back({view.tunnel, std::move(view.action), view.is_active, std::move(view.counters), view.expires_at});
  }
  return tunnels;
}

}  // namespace

Outcome display_manual_tunnels(const Arguments& arguments, const StackName& stack) {
  const auto tunnels = manual_tunnels(arguments, stack);
  if (!tunnels) return failed(tunnels.error(), no_daemon);
  Report report{heading(stack, "Manual tunnel", "Display", "Stack"), {}};
  report.heading.available = tunnels->size();
  for (const ManualTunnel& tunnel : *tunnels) {
    if (!names(arguments.tunnels, tunnel.tunnel.value()) || !names(arguments.names, tunnel.action.name)) continue;
    report.entries.push_back(manual_tunnel_entry(tunnel));
  }
  return shown(report, arguments);
}

namespace {

/// What a filter report shows of a stack's filters.
struct ShownFilters {
  rpc::InstalledFilters filters;
  std::vector<InstalledTunnel> tunnels;
  std::vector<ManualTunnel> manual;
  bool is_default = false;
  std::span<const std::uint64_t> matches;  // none of filters that are not in force

  const policy::FilterPolicy& policy() const { return is_default ? filters.default_filter : *filters.policy; }
  std::string source() const { return is_default ? "Stack Profile" : "Stack Policy"; }
};

std::expected<ShownFilters, Outcome> shown_filters(const Arguments& arguments, const StackName& stack) {
  auto answered = rpc::StackOperatorClient{rpc::stack_operator_socket(arguments.socket_folder, stack)}.filters();
  if (!answered) return std::unexpected{failed(answered.error(), no_daemon)};
  ShownFilters shown{.filters = std::move(*answered), .tunnels = {}, .manual = {}, .matches = {}};
  shown.is_default = arguments.scope == FilterScope::profile ||
                     (arguments.scope == FilterScope::current && shown.filters.default_in_force);
  if (!shown.is_default && !shown.filters.policy) {
    const std::string in_force =
        shown.filters.default_in_force ? "" : "; the filters that were in force when stackd started still are";
    return std::unexpected{failed("stack " + stack.text + " has no policy yet" + in_force, nothing_done)};
  }
  if (shown.is_default == shown.filters.default_in_force) shown.matches = shown.filters.matches;
  if (shown.is_default) return shown;
  auto tunnels = installed_tunnels(arguments, stack);
  if (!tunnels) return std::unexpected{failed(tunnels.error(), no_daemon)};
  shown.tunnels = std::move(*tunnels);
  auto manual = manual_tunnels(arguments, stack);
  if (!manual) return std::unexpected{failed(manual.error(), no_daemon)};
  shown.manual = std::move(*manual);
  return shown;
}

std::string name_of(FilterScope scope) {
  if (scope == FilterScope::profile) return "Profile";
  return scope == FilterScope::policy ? "Policy" : "Current";
}

}  // namespace

Outcome display_filters(const Arguments& arguments, const StackName& stack) {
  const auto found = shown_filters(arguments, stack);
  if (!found) return found.error();
  const FilterTable table{found->policy(), found->matches, found->tunnels, found->manual, found->filters.installed_at};
  Report report{heading(stack, "Filter", "Display", found->source()),
                filter_entries(table, {.names = arguments.names, .groups = arguments.groups})};
  report.heading.scope = name_of(arguments.scope);
  report.heading.available = filter_entries(table).size();
  report.heading.further = filter_heading(found->policy(), found->filters.nat_keep_alive);
  if (!found->filters.refused.empty()) report.heading.further.push_back({{"NotInstalled", found->filters.refused}});
  return shown(report, arguments);
}

Outcome test_traffic(const Arguments& arguments, const StackName& stack) {
  const auto found = shown_filters(arguments, stack);
  if (!found) return found.error();
  const FilterTable table{found->policy(), found->matches, found->tunnels, found->manual, found->filters.installed_at};
  Report report{heading(stack, "IP Traffic Test", "Display", found->source()),
                matching_entries(table, arguments.traffic)};
  report.heading.available = report.entries.size();
  report.heading.further = test_heading(found->policy(), arguments.traffic);
  return shown(report, arguments);
}

Outcome display_interfaces(const Arguments& arguments, const StackName& stack) {
  const auto found = rpc::StackOperatorClient{rpc::stack_operator_socket(arguments.socket_folder, stack)}.interfaces();
  if (!found) return failed(found.error(), no_daemon);
  Report report{heading(stack, "Interface", "Display", "Stack"), {}};
  for (const rpc::InterfaceView& interface : *found) {
    // One entry an address, as one interface of the original has one.
    std::vector<std::string> addresses;
    for (const IpAddress& address : interface.addresses) addresses.push_back(address.to_string());
    if (addresses.empty()) addresses.emplace_back(not_applicable);
    for (const std::string& address : addresses) {
      Entry entry;
      entry.add("InterfaceName", interface.name)
          .row("InterfaceAddress", address)
          .row("SecurityClass", std::to_string(interface.security_class))
          .add("DVIPA", "No");
      report.entries.push_back(std::move(entry));
    }
  }
  report.heading.available = report.entries.size();
  return shown(report, arguments);
}

}  // namespace adit::tools::ipsec
