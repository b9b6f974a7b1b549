#pragma once
// pagent as a policy server: hands to each policy client what its files say, and keeps what they said while they are
// wrong.

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemons/pagent/policy_files.h"
#include "rpc/central_server.h"

namespace adit::daemons::pagent {

class PolicyDesk {
 public:
  /// Begins, goes on and ends, as what was read asks for; clients whose policy has changed get it. An error, told for
  /// the operator, when the port cannot be had.
  std::expected<void, std::string> configure(const std::optional<ServerRole>& role);

 private:
  std::vector<rpc::CentralServer::Grant> grants_of(const ServerRole& role);
  std::shared_ptr<const Secret> source_of(const ServedClient& client) const;

  std::map<std::string, std::shared_ptr<const Secret>> sources_;  // by client: what its files said last that was right
  rpc::TlsListening at_;
  rpc::TlsCredentials tls_;
  std::unique_ptr<rpc::CentralServer> server_;
};

}  // namespace adit::daemons::pagent
