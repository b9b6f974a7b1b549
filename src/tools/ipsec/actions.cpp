#include "tools/ipsec/actions.h"

#include <algorithm>
#include <map>

#include "rpc/operator_client.h"
#include "rpc/socket_paths.h"
#include "tools/ipsec/outcome.h"
#include "tools/ipsec/report/tunnels.h"
#include "tools/ipsec/report/values.h"

namespace adit::tools::ipsec {
namespace {

using Rows = std::vector<std::vector<std::string>>;
using Answers = std::vector<rpc::NamedAnswer>;

/// What an action says of what it was asked for.
struct StatusWords {
  const char* done;     ///< it begins now: "Deactivating"
  const char* already;  ///< it has begun before
};

std::string status_text(const ike::OperatorAnswer& answer, const StatusWords& words) {
  using enum ike::OperatorAnswer::Status;
  switch (answer.status) {
    case started:
      break;
    case already:
      return words.already;
    case not_found:
      return "Not found";
    case no_filter_rule:
      return "No IpFilterRule";
    case no_key_exchange_rule:
      return "No KeyExchangeRule";
    case no_data_offer:
      return "No IpDataOffer";
    case forbidden:
      return "Not allowed by policy";
  }
  return words.done;
}

template <class Values, class Value>
bool is_among(const Values& values, const Value& value) {
  return std::ranges::find(values, value) != values.end();
}

/// None where all are meant, as the service wants it.
template <class Id>
std::vector<Id> named_tunnels(const Arguments& arguments) {
  std::vector<Id> tunnels;
  if (arguments.all_tunnels) return tunnels;
  for (const std::uint64_t number : arguments.tunnels) tunnels.emplace_back(number);
  return tunnels;
}

/// The report of an action; one request that was refused makes the command fail, with the details on standard error.
Outcome reported(const Heading& heading, const std::vector<std::string>& columns, const Rows& rows,
                 const Answers& answers, Format format) {
  Outcome outcome{laid_out_action(heading, columns, rows, format), {}, 0};
  for (const auto& [subject, answer] : answers) {
    if (answer.status == ike::OperatorAnswer::Status::started ||
        answer.status == ike::OperatorAnswer::Status::already) {
      continue;
    }
    outcome.exit_status = nothing_done;
    const bool says_more = !answer.detail.empty() && answer.detail != subject;
    if (says_more) outcome.problem += "ipsec: " + subject + ": " + answer.detail + "\n";
  }
  return outcome;
}

/// What is done to tunnels that are there.
struct Action {
  const char* function;  ///< in the heading: "Deactivate"
  StatusWords words;     ///< the status of a tunnel
};
constexpr Action deactivation{"Deactivate", {.done = "Deactivating", .already = "Already deactivating"}};
constexpr Action refreshment{"Refresh", {.done = "Refreshing", .already = "Already refreshing"}};

template <class Id>
using Call = rpc::OrReason<Answers> (rpc::OperatorClient::*)(const StackName&, const std::vector<Id>&);

Outcome act_on_ike_tunnels(const Arguments& arguments, const StackName& stack, const Action& action,
                           Call<IkeTunnelId> call) {
  rpc::OperatorClient iked{rpc::iked_socket(arguments.socket_folder)};
  std::vector<IkeTunnelId> tunnels = named_tunnels<IkeTunnelId>(arguments);
  if (!arguments.names.empty()) {
    const auto known = iked.ike_tunnels(stack);
    if (!known) return failed(known.error(), no_daemon);
    for (const ike::IkeTunnelView& tunnel : *known) {
      if (is_among(arguments.names, tunnel.rule) && !is_among(tunnels, tunnel.tunnel)) tunnels.push_back(tunnel.tunnel);
    }
  }
  // An empty list would mean all of them.
  if (tunnels.empty() && !arguments.all_tunnels) return failed("no tunnel of these rules is active", nothing_done);

  const auto answers = (iked.*call)(stack, tunnels);
  if (!answers) return failed(answers.error(), no_daemon);
  Rows rows;
  for (const auto& [subject, answer] : *answers) {
    rows.push_back({arguments.all_tunnels ? "All IKE tunnels" : subject, status_text(answer, action.words)});
  }
  if (arguments.all_tunnels) rows.resize(1);
  return reported(heading(stack, "IKE tunnel", action.function, {}), {"Tunnel ID", "Status"}, rows, *answers,
                  arguments.format);
}

Outcome act_on_dynamic_tunnels(const Arguments& arguments, const StackName& stack, const Action& action,
                               Call<DynamicTunnelId> call) {
  rpc::OperatorClient iked{rpc::iked_socket(arguments.socket_folder)};
  const auto known = iked.dynamic_tunnels(stack);
  if (!known) return failed(known.error(), no_daemon);
  std::map<std::string, std::string> rule_of;
  std::vector<DynamicTunnelId> tunnels = named_tunnels<DynamicTunnelId>(arguments);
  for (const ike::DynamicTunnelView& tunnel : *known) {
    rule_of[name_of(tunnel.name.tunnel)] = tunnel.local_dyn_vpn_rule;
    const bool named = is_among(arguments.rules, tunnel.local_dyn_vpn_rule);
    if (named && !is_among(tunnels, tunnel.name.tunnel)) tunnels.push_back(tunnel.name.tunnel);
  }
  // An empty list would mean all of them.
  if (tunnels.empty() && !arguments.all_tunnels) return failed("no tunnel of these rules is active", nothing_done);

  const auto answers = (iked.*call)(stack, tunnels);
  if (!answers) return failed(answers.error(), no_daemon);
  Rows rows;
  for (const auto& [subject, answer] : *answers) {
    const auto rule = rule_of.find(subject);
    const bool has_rule = rule != rule_of.end() && !rule->second.empty();
    rows.push_back({arguments.all_tunnels ? "All dynamic tunnels" : subject, has_rule ? rule->second : not_applicable,
                    status_text(answer, action.words)});
  }
  if (arguments.all_tunnels) rows.resize(1);
  return reported(heading(stack, "Dynamic tunnel", action.function, {}), {"Tunnel ID", "LocalDynVpnRuleName", "Status"},
                  rows, *answers, arguments.format);
}

using ManualCall = rpc::OrReason<Answers> (rpc::StackOperatorClient::*)(const std::vector<ManualTunnelId>&);

Outcome act_on_manual_tunnels(const Arguments& arguments, const StackName& stack, const Action& action,
                              ManualCall call) {
  rpc::StackOperatorClient stackd{rpc::stack_operator_socket(arguments.socket_folder, stack)};
  const auto known = stackd.manual_tunnels();
  if (!known) return failed(known.error(), no_daemon);
  std::map<std::string, std::string> action_of;
  std::vector<ManualTunnelId> tunnels = named_tunnels<ManualTunnelId>(arguments);
  for (const rpc::ManualTunnelView& tunnel : *known) {
    action_of[name_of(tunnel.tunnel)] = tunnel.action.name;
    const bool named = is_among(arguments.names, tunnel.action.name);
    if (named && !is_among(tunnels, tunnel.tunnel)) tunnels.push_back(tunnel.tunnel);
  }
  Rows rows;
  Outcome outcome;
  for (const std::string& name : arguments.names) {
    if (std::ranges::any_of(action_of, [&](const auto& one) { return one.second == name; })) continue;
    rows.push_back({not_applicable, name, "Not found"});
    outcome.problem += "ipsec: stack " + stack.text + " has no manual tunnel of IpManVpnAction " + name + "\n";
  }
  Answers answers;
  // An empty list would mean all of them.
  if (arguments.all_tunnels || !tunnels.empty()) {
    auto answered = (stackd.*call)(tunnels);
    if (!answered) return failed(answered.error(), no_daemon);
    answers = std::move(*answered);
  }
  if (arguments.all_tunnels && answers.empty())
    return failed("stack " + stack.text + " has no manual tunnel", nothing_done);
  for (const auto& [subject, answer] : answers) {
    const auto name = action_of.find(subject);
    const bool is_known = name != action_of.end();
    rows.push_back({subject, is_known ? name->second : not_applicable, status_text(answer, action.words)});
    if (!is_known) outcome.problem += "ipsec: stack " + stack.text + " has no manual tunnel " + subject + "\n";
  }
  Outcome done = reported(heading(stack, "Manual tunnel", action.function, {}),
                          {"Tunnel ID", "VpnActionName", "Status"}, rows, answers, arguments.format);
  done.problem += outcome.problem;
  if (!done.problem.empty()) done.exit_status = nothing_done;
  return done;
}

}  // namespace

Outcome activate_manual_tunnels(const Arguments& arguments, const StackName& stack) {
  constexpr Action activation{"Activate", {.done = "Activating", .already = "Already active"}};
  return act_on_manual_tunnels(arguments, stack, activation, &rpc::StackOperatorClient::activate);
}

Outcome deactivate_manual_tunnels(const Arguments& arguments, const StackName& stack) {
  constexpr Action ending{"Deactivate", {.done = "Deactivating", .already = "Already inactive"}};
  return act_on_manual_tunnels(arguments, stack, ending, &rpc::StackOperatorClient::deactivate);
}

Outcome activate(const Arguments& arguments, const StackName& stack) {
  const auto answers = rpc::OperatorClient{rpc::iked_socket(arguments.socket_folder)}.activate(stack, arguments.rules);
  if (!answers) return failed(answers.error(), no_daemon);
  constexpr StatusWords words{.done = "Activating", .already = "Already active"};
  Rows rows;
  for (const auto& [subject, answer] : *answers) rows.push_back({subject, status_text(answer, words)});
  return reported(heading(stack, "Dynamic tunnel", "Activate", {}), {"LocalDynVpnRuleName", "Status"}, rows, *answers,
                  arguments.format);
}

Outcome deactivate_ike_tunnels(const Arguments& arguments, const StackName& stack) {
  return act_on_ike_tunnels(arguments, stack, deactivation, &rpc::OperatorClient::deactivate_ike);
}

Outcome deactivate_dynamic_tunnels(const Arguments& arguments, const StackName& stack) {
  return act_on_dynamic_tunnels(arguments, stack, deactivation, &rpc::OperatorClient::deactivate_dynamic);
}

Outcome refresh_ike_tunnels(const Arguments& arguments, const StackName& stack) {
  return act_on_ike_tunnels(arguments, stack, refreshment, &rpc::OperatorClient::refresh_ike);
}

Outcome refresh_dynamic_tunnels(const Arguments& arguments, const StackName& stack) {
  return act_on_dynamic_tunnels(arguments, stack, refreshment, &rpc::OperatorClient::refresh_dynamic);
}

Outcome choose_filters(const Arguments& arguments, const StackName& stack) {
  const bool is_default = arguments.function == Function::use_default;
  const auto choice = is_default ? rpc::FilterChoice::default_filter : rpc::FilterChoice::policy;
  const auto done = rpc::StackOperatorClient{rpc::stack_operator_socket(arguments.socket_folder, stack)}.choose(choice);
  if (!done) return failed(done.error(), nothing_done);
  return {
      laid_out_action(heading(stack, "Filter", is_default ? "Default" : "Reload", ""), {"Filters in force", "Status"},
                      {{is_default ? "Stack Profile" : "Stack Policy", "Active"}}, arguments.format),
      {},
      0};
}

}  // namespace adit::tools::ipsec
