#include "daemons/pagent/policy_desk.h"

#include <fmt/format.h>

#include <chrono>
#include <mutex>

#include "base/log.h"

namespace adit::daemons::pagent {
namespace {

/// Lets so many lines of refused clients into the log in a minute: whoever has a certificate may come as often as it
/// likes.
class RefusalLog {
 public:
  void write(const std::string& client, const std::string& identity, const std::string& reason) {
    if (!admits()) return;
    log::write({CatalogueId::policy_client_refused,
                {{"client", client.empty() ? "without a name" : client}, {"identity", identity}, {"reason", reason}}});
  }

 private:
  static constexpr unsigned most_in_a_minute = 60;

  bool admits() {
    const std::lock_guard lock{mutex_};
    const auto now = std::chrono::steady_clock::now();
    if (now - begun_ > std::chrono::minutes{1}) {
      begun_ = now;
      count_ = 0;
    }
    return count_++ < most_in_a_minute;
  }

  std::mutex mutex_;
  std::chrono::steady_clock::time_point begun_{};
  unsigned count_ = 0;
};

void log_client(CatalogueId message, const std::string& client, const std::string& identity) {
  log::write({message, {{"client", client}, {"identity", identity}}});
}

rpc::CentralServer::Callbacks callbacks() {
  return {
      .served = [](const std::string& client,
                   const std::string& identity) { log_client(CatalogueId::policy_client_served, client, identity); },
      .gone = [](const std::string& client,
                 const std::string& identity) { log_client(CatalogueId::policy_client_gone, client, identity); },
      .refused = [log = std::make_shared<RefusalLog>()](
                     const std::string& client, const std::string& identity,
                     const std::string& reason) { log->write(client, identity, reason); }};
}

}  // namespace

std::expected<void, std::string> PolicyDesk::configure(const std::optional<ServerRole>& role) {
  if (!role) {
    server_.reset();
    sources_.clear();
    return {};
  }
  std::vector<rpc::CentralServer::Grant> grants = grants_of(*role);
  if (server_ && role->at == at_ && role->tls == tls_) {
    server_->replace(std::move(grants));
    return {};
  }
  server_.reset();  // the port is free for the one that follows
  auto server = rpc::CentralServer::start(role->at, role->tls, std::move(grants), callbacks());
  if (!server) return std::unexpected{server.error()};
  server_ = std::move(*server);
  at_ = role->at;
  tls_ = role->tls;
  log::write({CatalogueId::policy_server_ready,
              {{"port", fmt::to_string(server_->port())}, {"clients", fmt::to_string(role->clients.size())}}});
  return {};
}

std::vector<rpc::CentralServer::Grant> PolicyDesk::grants_of(const ServerRole& role) {
  std::vector<rpc::CentralServer::Grant> grants;
  std::map<std::string, std::shared_ptr<const Secret>> sources;
  for (const ServedClient& client : role.clients) {
    const auto source = source_of(client);
    sources[client.name] = source;
    grants.push_back({.client = client.name, .tls_identity = client.tls_identity, .source = source});
  }
  sources_ = std::move(sources);
  return grants;
}

std::shared_ptr<const Secret> PolicyDesk::source_of(const ServedClient& client) const {
  const auto entry = sources_.find(client.name);
  std::shared_ptr<const Secret> before = entry == sources_.end() ? nullptr : entry->second;
  if (client.source == nullptr) {
    log::write({before ? CatalogueId::client_policy_kept : CatalogueId::client_policy_missing,
                {{"client", client.name}, {"errors", fmt::to_string(client.errors)}}});
    return before;
  }
  if (before && SecretView{*before} == *client.source) return before;
  log::write({CatalogueId::client_policy_read, {{"client", client.name}, {"files", client.files}}});
  return client.source;
}

}  // namespace adit::daemons::pagent
