#pragma once
// Answers questions to the certificate service: on threads of its own, for a signature keeps a core busy for a
// millisecond, and with the service that is in force when the question comes.

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <mutex>

#include "daemons/nssd/loaded_service.h"
#include "rpc/nss_server.h"

namespace adit::daemons::nssd {

class Answering {
 public:
  explicit Answering(std::shared_ptr<const LoadedService> loaded);
  ~Answering();
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;

  /// From any thread; `reply` is called on one of the pool's. A question names the client that it is for; its NssClient
  /// statement must be for the identity that TLS proved.
  void answer(const std::string& identity, rpc::NssQuestion question, rpc::NssServer::Reply reply);
  /// What comes from now on is answered by another service.
  void replace(std::shared_ptr<const LoadedService> loaded);

 private:
  std::shared_ptr<const LoadedService> in_force() const;

  mutable std::mutex mutex_;
  std::shared_ptr<const LoadedService> loaded_;
  boost::asio::thread_pool pool_;
};

}  // namespace adit::daemons::nssd
