#pragma once
// iked's way to the certificate service: the engine's questions out, answers in. Without a server in iked.conf every
// question is refused at once, with that reason.

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "daemons/event_loop.h"
#include "ike/engine/engine.h"
#include "policy/config_iked.h"
#include "rpc/nss_client.h"

namespace adit::daemons::iked {

class CertificateLink {
 public:
  CertificateLink(EventLoop& loop, std::function<void(ike::Input)> happened);

  /// Connects as the configuration says; a connection that is there stays when nothing about it has changed.
  void configure(const policy::IkedConfig& configuration);
  void ask(ike::CertificateRequest request);

 private:
  void connect(const policy::NssServer& server, const policy::TlsFiles& tls);
  void refuse(ike::RequestId id, std::string reason);
  void forget_overdue();

  EventLoop& loop_;
  std::function<void(ike::Input)> happened_;
  policy::IkedConfig configuration_;
  std::optional<rpc::NssClient> client_;
  struct Asked {
    ike::RequestId id;
    std::chrono::steady_clock::time_point at;
  };
  std::deque<Asked> asked_;  // ids only rise
};

}  // namespace adit::daemons::iked
