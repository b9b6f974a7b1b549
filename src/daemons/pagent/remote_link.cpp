#include "daemons/pagent/remote_link.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "daemons/life.h"

namespace adit::daemons::pagent {

RemoteLink::RemoteLink(EventLoop& loop, RemoteStack stack, Took took)
    : loop_{loop}, stack_{std::move(stack)}, took_{std::move(took)}, wait_{loop.context()} {
  server(Role::primary).role = "primary";
  server(Role::backup).role = "backup";
  ask(Role::primary, stack_.servers.primary);
  await_primary();
}

void RemoteLink::ask(Role role, const policy::PolicyServerHost& host) {
  Server& asked = server(role);
  asked.address = fmt::format("{}:{}", host.host, host.port);
  asked.told.clear();
  asked.client.emplace(
      rpc::CentralClient::Server{
          .host = host.host, .port = host.port, .expected_name = host.identity, .tls = stack_.tls},
      stack_.client, loop_.post(),
      rpc::CentralClient::Callbacks{
          .received = [this, role](policy::PolicySource source) { take(role, std::move(source)); },
          .malformed =
              [this, role](const std::string& field) { log_malformed("policy server " + server(role).address, field); },
          .away = [this, role](const std::string& reason) { note_away(role, reason); }});
}

void RemoteLink::take(Role role, policy::PolicySource source) {
  Server& from = server(role);
  if (!std::exchange(from.answers, true)) {
    from.told.clear();
    log::write(
        {CatalogueId::policy_server_answers,
         {{"stack", stack_.stack.text}, {"role", from.role}, {"address", from.address}, {"client", stack_.client}}});
  }
  if (role == Role::primary) {
    wait_.cancel();
    if (Server& backup = server(Role::backup); backup.client) {
      log::write({CatalogueId::backup_server_left, {{"stack", stack_.stack.text}, {"address", from.address}}});
      backup.client.reset();
      backup.answers = false;
    }
  }
  took_(std::move(source), "policy server " + from.address);
}

void RemoteLink::note_away(Role role, const std::string& reason) {
  Server& from = server(role);
  const bool is_lost = std::exchange(from.answers, false);
  // Once for each reason, not for each attempt.
  if (is_lost || from.told != reason) {
    log::write({is_lost ? CatalogueId::policy_server_lost : CatalogueId::policy_server_away,
                {{"stack", stack_.stack.text}, {"role", from.role}, {"address", from.address}, {"reason", reason}}});
  }
  from.told = is_lost ? std::string{} : reason;
  if (is_lost && role == Role::primary) await_primary();
}

void RemoteLink::await_primary() {
  if (!stack_.servers.backup) return;
  wait_.expires_after(stack_.servers.wait);
  wait_.async_wait([this](const boost::system::error_code& cancelled) {
    // Cancelled too late counts as well: the primary answers, or the backup is asked already.
    if (cancelled || server(Role::primary).answers || server(Role::backup).client) return;
    ask(Role::backup, *stack_.servers.backup);
  });
}

}  // namespace adit::daemons::pagent
