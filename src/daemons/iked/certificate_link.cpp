#include "daemons/iked/certificate_link.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <variant>

#include "base/log.h"
#include "daemons/life.h"
#include "daemons/tls_files.h"

namespace adit::daemons::iked {
namespace {

/// The default of ClientName: host_stack, at most 24 characters.
std::string default_client_name(const StackName& stack) {
  constexpr std::size_t longest = 24;
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::string name = fmt::format("{}_{}", host.data(), stack.text);
  name.resize(std::min(name.size(), longest));
  return name;
}

}  // namespace

CertificateLink::CertificateLink(EventLoop& loop, std::function<void(ike::Input)> happened)
    : loop_{loop}, happened_{std::move(happened)} {}

void CertificateLink::configure(const policy::IkedConfig& configuration) {
  const bool is_same =
      client_ && configuration.server == configuration_.server && configuration.tls == configuration_.tls;
  configuration_ = configuration;
  if (is_same) return;
  client_.reset();
  if (configuration.server && configuration.tls) connect(*configuration.server, *configuration.tls);
}

void CertificateLink::connect(const policy::NssServer& server, const policy::TlsFiles& files) {
  auto tls = read_tls_files(files);
  if (!tls) return;
  const std::string address = fmt::format("{}:{}", server.host, server.port);
  client_.emplace(
      rpc::NssClient::Server{.host = server.host,
                             .port = server.port,
                             .expected_name = server.identity ? server.identity->to_string() : std::string{},
                             .tls = std::move(*tls)},
      loop_.post(),
      rpc::NssClient::Callbacks{
          .connection = {.up = [address] { log_connected("nssd", address); },
                         .down = [address](const std::string& reason) { log_lost("nssd", address, reason); }},
          .answered =
              [this](rpc::NssReply reply) { happened_(ike::CertificateAnswer{reply.id, std::move(reply.answer)}); },
      });
}

void CertificateLink::ask(ike::CertificateRequest request) {
  if (!client_) return refuse(request.id, "iked.conf names no NetworkSecurityServer, or its TLS files cannot be read");
  const policy::NssStack* stack = configuration_.find_stack(request.stack.text);
  std::string name =
      stack != nullptr && !stack->client_name.empty() ? stack->client_name : default_client_name(request.stack);
  client_->ask({request.id, std::move(name), std::move(request.request)});
}

void CertificateLink::refuse(ike::RequestId id, std::string reason) {
  using contract::ServiceRefusal;
  happened_(ike::CertificateAnswer{id, ServiceRefusal{ServiceRefusal::Kind::unavailable, std::move(reason), {}, {}}});
}

}  // namespace adit::daemons::iked
