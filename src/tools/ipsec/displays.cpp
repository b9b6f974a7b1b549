#include "tools/ipsec/displays.h"

#include <algorithm>

#include "rpc/operator_client.h"
#include "rpc/socket_paths.h"
#include "tools/ipsec/outcome.h"
#include "tools/ipsec/report/filters.h"
#include "tools/ipsec/report/newest.h"
#include "tools/ipsec/report/tunnels.h"

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

Outcome display_filters(const Arguments& arguments, const StackName& stack) {
  const auto filters = rpc::StackOperatorClient{rpc::stack_operator_socket(arguments.socket_folder, stack)}.filters();
  if (!filters) return failed(filters.error(), no_daemon);
  if (!filters->policy) return failed("stack " + stack.text + " has no policy yet", nothing_done);
  const auto tunnels = installed_tunnels(arguments, stack);
  if (!tunnels) return failed(tunnels.error(), no_daemon);
  const FilterTable table{*filters->policy, filters->matches, *tunnels, filters->installed_at};
  Report report{heading(stack, "Filter", "Display", "Stack Policy"),
                filter_entries(table, {.names = arguments.names, .groups = arguments.groups})};
  report.heading.available = filter_entries(table).size();
  report.heading.further = filter_heading(*filters->policy, filters->nat_keep_alive);
  return shown(report, arguments);
}

}  // namespace adit::tools::ipsec
