#include "daemons/nssd/answering.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <thread>

#include "base/log.h"

namespace adit::daemons::nssd {
namespace {

WallTime today() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

}  // namespace

Answering::Answering(std::shared_ptr<const nss::Service> service)
    : service_{std::move(service)}, pool_{std::max(1U, std::thread::hardware_concurrency())} {}

Answering::~Answering() {
  pool_.stop();
  pool_.join();
}

void Answering::answer(const std::string& client, rpc::NssQuestion question, rpc::NssServer::Reply reply) {
  boost::asio::post(pool_, [service = in_force(), client, question = std::move(question), reply = std::move(reply)] {
    rpc::NssAnswer answer = service->answer(client, question.request, today());
    if (const auto* refusal = std::get_if<contract::ServiceRefusal>(&answer)) {
      log::write({CatalogueId::nss_request_refused,
                  {{"client", client},
                   {"reason", refusal->reason},
                   {"offered", refusal->offered},
                   {"acceptable", refusal->acceptable}}});
    }
    reply(std::move(answer));
  });
}

void Answering::replace(std::shared_ptr<const nss::Service> service) {
  const std::lock_guard lock{mutex_};
  service_ = std::move(service);
}

std::shared_ptr<const nss::Service> Answering::in_force() const {
  const std::lock_guard lock{mutex_};
  return service_;
}

}  // namespace adit::daemons::nssd
