#include "daemons/nssd/answering.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <thread>

#include "base/log.h"

namespace adit::daemons::nssd {
namespace {

using contract::ServiceRefusal;

WallTime today() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

/// Which identity a client must have proved: its TlsIdentity, or its own name.
const std::string& identity_of(const policy::NssClientAccess& client) {
  return client.tls_identity.empty() ? client.name : client.tls_identity;
}

rpc::NssAnswer answer_to(const LoadedService& loaded, const std::string& identity, const rpc::NssQuestion& question) {
  const policy::NssClientAccess* client = loaded.configuration.find_client(question.client_name);
  if (client == nullptr || identity_of(*client) != identity) {
    return ServiceRefusal{ServiceRefusal::Kind::not_permitted,
                          "no NssClient statement lets this identity be this client",
                          fmt::format("identity {}, client {}", identity, question.client_name),
                          client == nullptr ? "a client that nssd.conf names" : "identity " + identity_of(*client)};
  }
  return loaded.service.answer(client->name, question.request, today());
}

}  // namespace

Answering::Answering(std::shared_ptr<const LoadedService> loaded)
    : loaded_{std::move(loaded)}, pool_{std::max(1U, std::thread::hardware_concurrency())} {}

Answering::~Answering() {
  pool_.stop();
  pool_.join();
}

void Answering::answer(const std::string& identity, rpc::NssQuestion question, rpc::NssServer::Reply reply) {
  boost::asio::post(pool_, [loaded = in_force(), identity, question = std::move(question), reply = std::move(reply)] {
    rpc::NssAnswer answer = answer_to(*loaded, identity, question);
    if (const auto* refusal = std::get_if<ServiceRefusal>(&answer)) {
      log::write({CatalogueId::nss_request_refused,
                  {{"client", question.client_name},
                   {"reason", refusal->reason},
                   {"offered", refusal->offered},
                   {"acceptable", refusal->acceptable}}});
    }
    reply(std::move(answer));
  });
}

void Answering::replace(std::shared_ptr<const LoadedService> loaded) {
  const std::lock_guard lock{mutex_};
  loaded_ = std::move(loaded);
}

std::shared_ptr<const LoadedService> Answering::in_force() const {
  const std::lock_guard lock{mutex_};
  return loaded_;
}

}  // namespace adit::daemons::nssd
