#include "daemons/stackd/manual_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "daemons/wall_clock.h"

namespace adit::daemons::stackd {
namespace {

using Status = ike::OperatorAnswer::Status;

std::string name_of(ManualTunnelId tunnel) { return fmt::format("M{}", tunnel.value()); }

rpc::NamedAnswer answer(ManualTunnelId tunnel, Status status) {
  return {.subject = name_of(tunnel), .answer = {.status = status, .detail = {}}};
}

}  // namespace

std::expected<void, std::string> ManualDesk::replace_policy(const policy::FilterPolicy& policy,
                                                            const SetPolicy& set_policy) {
  const std::vector<ManualTunnelId> ended = tunnels_.ended_by(policy);
  std::vector<contract::RemoveChildSa> pairs;
  for (const ManualTunnelId tunnel : ended) pairs.push_back({.stack = stack_, .name = tunnels_.find(tunnel)->name()});
  if (auto done = set_policy(std::move(pairs)); !done) return done;
  for (const ManualTunnelId tunnel : ended) tell_end(*tunnels_.find(tunnel), "the policy has changed");
  install(tunnels_.follow(policy, wall_now()));
  return {};
}

std::vector<ManualTunnelId> ManualDesk::or_all(const std::vector<ManualTunnelId>& named) const {
  if (!named.empty()) return named;
  std::vector<ManualTunnelId> all;
  for (const auto& [id, tunnel] : tunnels_.all()) all.push_back(id);
  return all;
}

std::vector<rpc::NamedAnswer> ManualDesk::activate(const std::vector<ManualTunnelId>& named) {
  std::vector<rpc::NamedAnswer> answers;
  std::vector<contract::InstallChildSa> pairs;
  for (const ManualTunnelId id : or_all(named)) {
    auto pair = tunnels_.activate(id, wall_now());
    const Status status = pair ? Status::started : tunnels_.find(id) != nullptr ? Status::already : Status::not_found;
    answers.push_back(answer(id, status));
    if (pair) pairs.push_back(*std::move(pair));
  }
  install(std::move(pairs));
  return answers;
}

std::vector<rpc::NamedAnswer> ManualDesk::deactivate(const std::vector<ManualTunnelId>& named) {
  std::vector<rpc::NamedAnswer> answers;
  for (const ManualTunnelId id : or_all(named)) {
    const stack::ManualTunnel* tunnel = tunnels_.find(id);
    auto pair = tunnels_.deactivate(id);
    answers.push_back(answer(id, pair ? Status::started : tunnel != nullptr ? Status::already : Status::not_found));
    if (!pair) continue;
    data_plane_.remove(*std::move(pair));
    tell_end(*tunnel, "by command");
  }
  return answers;
}

void ManualDesk::tell_end(const stack::ManualTunnel& tunnel, const std::string& reason) const {
  log::write(
      {CatalogueId::manual_tunnel_deleted,
       {{"stack", stack_.text}, {"tunnel", name_of(tunnel.id)}, {"action", tunnel.action->name}, {"reason", reason}}});
}

void ManualDesk::note_limit(const contract::ChildSaName& name) {
  const stack::ManualTunnel* tunnel = tunnels_.find(name.manual_tunnel());
  if (tunnels_.note_end(name)) tell_end(*tunnel, "its Lifetime or Lifesize is over");
}

void ManualDesk::install(std::vector<contract::InstallChildSa> pairs) {
  if (pairs.empty()) return;
  data_plane_.install(std::move(pairs),
                      [this](const contract::InstallResult& result) { post_([this, result] { note(result); }); });
}

void ManualDesk::note(const contract::InstallResult& result) {
  const stack::ManualTunnel* tunnel = tunnels_.find(result.name.manual_tunnel());
  if (tunnel == nullptr || tunnel->name() != result.name) return;  // another has taken its place
  LogRecord record{result.refused ? CatalogueId::manual_tunnel_refused : CatalogueId::manual_tunnel_activated,
                   {{"stack", stack_.text}, {"tunnel", name_of(tunnel->id)}, {"action", tunnel->action->name}}};
  if (result.refused) record.fields.push_back({"reason", *result.refused});
  if (result.refused) tunnels_.note_end(result.name);
  log::write(record);
}

std::vector<rpc::ManualTunnelView> ManualDesk::views(const std::vector<contract::ChildSaCounters>& counters) const {
  std::vector<rpc::ManualTunnelView> views;
  for (const auto& [id, tunnel] : tunnels_.all()) {
    rpc::ManualTunnelView view{.tunnel = id, .action = *tunnel.action, .is_active = tunnel.is_active};
    view.action.inbound = view.action.outbound = {};
    view.expires_at = tunnel.expires;
    const auto counted = std::ranges::find(counters, tunnel.name(), &contract::ChildSaCounters::name);
    if (tunnel.is_active && counted != counters.end()) view.counters = *counted;
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace adit::daemons::stackd
