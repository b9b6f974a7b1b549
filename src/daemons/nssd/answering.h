#pragma once
// Answers questions to the certificate service: on threads of its own, for a signature keeps a core busy for a
// millisecond, and with the service that is in force when the question comes.

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <mutex>

#include "nss/service.h"
#include "rpc/nss_server.h"

namespace adit::daemons::nssd {

class Answering {
 public:
  explicit Answering(std::shared_ptr<const nss::Service> service);
  ~Answering();
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;

  /// From any thread; `reply` is called on one of the pool's.
  void answer(const std::string& client, rpc::NssQuestion question, rpc::NssServer::Reply reply);
  /// What comes from now on is answered by another service.
  void replace(std::shared_ptr<const nss::Service> service);

 private:
  std::shared_ptr<const nss::Service> in_force() const;

  mutable std::mutex mutex_;
  std::shared_ptr<const nss::Service> service_;
  boost::asio::thread_pool pool_;
};

}  // namespace adit::daemons::nssd
