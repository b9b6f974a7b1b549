#pragma once
// iked's end of NssService. Questions wait while the server is away and are asked again when it is back; who asked
// decides how long an answer is worth waiting for.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "rpc/connection_state.h"
#include "rpc/nss_question.h"
#include "rpc/post.h"
#include "rpc/tls_credentials.h"

namespace adit::rpc {

class NssClient {
 public:
  struct Server {
    std::string host;
    std::uint16_t port = 4159;
    std::string expected_name;  ///< that its certificate must carry; empty: the host
    TlsCredentials tls;
  };
  struct Callbacks {
    ConnectionCallbacks connection;
    std::function<void(NssReply)> answered;
  };
  /// Questions without an answer, more than which are refused as unavailable.
  static constexpr std::size_t most_waiting = 64 * 1024;

  /// Callbacks come by way of `post`, and none after the destructor.
  NssClient(const Server& server, Post post, Callbacks callbacks);
  ~NssClient();
  NssClient(const NssClient&) = delete;
  NssClient& operator=(const NssClient&) = delete;

  /// On the daemon's thread; the id of a question is not used twice.
  void ask(NssQuestion question);
  /// Forgets questions with ids below `id`: nobody waits for them any more.
  void forget_before(ike::RequestId id);

 private:
  class Asking;
  std::unique_ptr<Asking> asking_;
};

}  // namespace adit::rpc
