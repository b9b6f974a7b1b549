#include "daemons/iked/certificate_link.h"

#include <fmt/format.h>

#include <variant>

#include "base/log.h"
#include "daemons/client_name.h"
#include "daemons/life.h"
#include "daemons/tls_files.h"

namespace adit::daemons::iked {
namespace {

constexpr std::size_t longest_client_name = 24;  // characters: the default of ClientName is cut

/// What the server's certificate must carry: the Identity coded, or the host's name. TLS compares names and addresses;
/// an identity of another kind cannot be checked, and unchecked nobody is asked for a signature.
std::optional<std::string> checkable_name(const policy::NssServer& server) {
  if (!server.identity) return std::string{};
  using enum IdentityType;
  const IdentityType type = server.identity->type;
  if (type == fqdn || type == ipv4_addr || type == ipv6_addr) return server.identity->to_string();
  log::write({CatalogueId::configuration_error,
              {{"where", server.at.to_string()},
               {"problem", "the certificate server's Identity must be an Fqdn or IpAddr, not " + name_of(type)}}});
  return std::nullopt;
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
  asked_.clear();
  if (configuration.server && configuration.tls) connect(*configuration.server, *configuration.tls);
}

void CertificateLink::connect(const policy::NssServer& server, const policy::TlsFiles& files) {
  const auto expected = checkable_name(server);
  auto tls = read_tls_files(files);
  if (!expected || !tls) return;
  const std::string address = fmt::format("{}:{}", server.host, server.port);
  client_.emplace(
      rpc::NssClient::Server{
          .host = server.host, .port = server.port, .expected_name = *expected, .tls = std::move(*tls)},
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
  if (stack == nullptr || !stack->certificate_service) {
    return refuse(request.id,
                  fmt::format("iked.conf has no NssStackConfig {} with ServiceType Cert", request.stack.text));
  }
  forget_overdue();
  asked_.push_back({request.id, std::chrono::steady_clock::now()});
  std::string name =
      stack->client_name.empty() ? default_client_name(request.stack, longest_client_name) : stack->client_name;
  client_->ask({request.id, std::move(name), std::move(request.request)});
}

/// The engine gives up a question after NssWaitLimit: while nssd is away, those need not be kept for it.
void CertificateLink::forget_overdue() {
  const auto oldest = std::chrono::steady_clock::now() - configuration_.nss_wait_limit;
  while (!asked_.empty() && asked_.front().at < oldest) asked_.pop_front();
  if (!asked_.empty()) client_->forget_before(asked_.front().id);
}

void CertificateLink::refuse(ike::RequestId id, std::string reason) {
  using contract::ServiceRefusal;
  happened_(ike::CertificateAnswer{id, ServiceRefusal{ServiceRefusal::Kind::unavailable, std::move(reason), {}, {}}});
}

}  // namespace adit::daemons::iked
