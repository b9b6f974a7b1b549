#pragma once
// One stack as a client of its policy servers: the primary is always asked, the backup while the primary is away.

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string>

#include "daemons/event_loop.h"
#include "daemons/pagent/policy_files.h"
#include "rpc/central_client.h"

namespace adit::daemons::pagent {

class RemoteLink {
 public:
  /// What a server said last, and which server it was, as the log names it. Not checked: it came from outside.
  using Took = std::function<void(policy::PolicySource source, const std::string& server)>;

  RemoteLink(EventLoop& loop, RemoteStack stack, Took took);

  const RemoteStack& stack() const { return stack_; }

 private:
  enum class Role : std::uint8_t { primary, backup };
  struct Server {
    std::string role, address;
    std::optional<rpc::CentralClient> client;  ///< nothing: not asked
    bool answers = false;
    std::string told;  ///< why it is away, as the log says already
  };

  Server& server(Role role) { return servers_[std::to_underlying(role)]; }
  void ask(Role role, const policy::PolicyServerHost& host);
  void take(Role role, policy::PolicySource source);
  void note_away(Role role, const std::string& reason);
  /// Asks the backup once ServerConnectWait has passed without the primary.
  void await_primary();

  EventLoop& loop_;
  RemoteStack stack_;
  Took took_;
  std::array<Server, 2> servers_;
  boost::asio::steady_timer wait_;
};

}  // namespace adit::daemons::pagent
