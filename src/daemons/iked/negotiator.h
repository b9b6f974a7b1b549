#pragma once
// The whole of iked: one engine, the stacks of the host as their sockets appear, the certificate service, and the
// operators.

#include <boost/asio/steady_timer.hpp>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemons/iked/certificate_link.h"
#include "daemons/iked/engine_loop.h"
#include "daemons/iked/stack_link.h"
#include "rpc/operator_server.h"

namespace adit::daemons::iked {

class Negotiator {
 public:
  /// An error is told for the operator.
  static std::expected<std::unique_ptr<Negotiator>, std::string> start(EventLoop& loop, std::string socket_folder,
                                                                       const policy::IkedConfig& configuration);
  Negotiator(const Negotiator&) = delete;
  Negotiator& operator=(const Negotiator&) = delete;

  /// What can be changed while it runs: the certificate service.
  void configure(const policy::IkedConfig& configuration) { certificates_.configure(configuration); }

 private:
  Negotiator(EventLoop& loop, std::string socket_folder, const policy::IkedConfig& configuration);
  Outlets outlets();
  rpc::OperatorServer::Callbacks operator_callbacks();
  void look_for_stacks();
  template <class Action, class Id>
  std::vector<rpc::NamedAnswer> act(const StackName& stack, const std::vector<Id>& tunnels, char letter);

  EventLoop& loop_;
  const std::string socket_folder_;
  EngineLoop engine_;
  CertificateLink certificates_;
  std::map<StackName, std::unique_ptr<StackLink>> stacks_;
  boost::asio::steady_timer next_look_;
  std::unique_ptr<rpc::OperatorServer> operators_;
};

}  // namespace adit::daemons::iked
