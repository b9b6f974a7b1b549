#pragma once
// A policy client's end of CentralPolicyService, with one policy server. It reconnects by itself, more and more
// patiently; what it told last stays in force meanwhile.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "policy/policy_source.h"
#include "rpc/post.h"
#include "rpc/tls_credentials.h"

namespace adit::rpc {

class CentralClient {
 public:
  struct Server {
    std::string host;
    std::uint16_t port = 0;
    std::string expected_name;  ///< that its certificate must carry
    TlsCredentials tls;
  };
  struct Callbacks {
    std::function<void(policy::PolicySource)> received;
    std::function<void(const std::string& field)> malformed;  ///< octets that are no PolicySource were passed over
    /// The server does not answer, or has refused, or the connection broke: once for each attempt.
    std::function<void(const std::string& reason)> away;
  };
  /// Pauses between attempts double from the one to the other; each is drawn between half of it and all of it.
  static constexpr std::chrono::milliseconds shortest_pause{500}, longest_pause{60'000};

  /// Asks for the policy of `client`. Callbacks come by way of `post`, and none after the destructor.
  CentralClient(const Server& server, const std::string& client, Post post, Callbacks callbacks);
  ~CentralClient();
  CentralClient(const CentralClient&) = delete;
  CentralClient& operator=(const CentralClient&) = delete;

 private:
  class Retrieving;
  std::unique_ptr<Retrieving> retrieving_;
};

}  // namespace adit::rpc
