#pragma once
// A policy server's end of CentralPolicyService: hands each policy client the text of its policy, and each that
// follows.

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/secret.h"
#include "rpc/tls_credentials.h"

namespace adit::rpc {

class CentralServer {
 public:
  /// What one client may have. What is not granted is denied.
  struct Grant {
    std::string client;                    ///< ClientName
    std::string tls_identity;              ///< the name that its certificate must prove
    std::shared_ptr<const Secret> source;  ///< octets of a policy::PolicySource; null: there is none that is right
  };
  /// On gRPC's threads.
  struct Callbacks {
    std::function<void(const std::string& client, const std::string& identity)> served, gone;
    std::function<void(const std::string& client, const std::string& identity, const std::string& reason)> refused;
  };
  /// Streams at one time of one identity, and of all: a host has a stream for each of its stacks.
  static constexpr std::size_t most_of_one_identity = 64, most_streams = 4096;

  /// An error is told for the operator.
  static std::expected<std::unique_ptr<CentralServer>, std::string> start(const TlsListening& at,
                                                                          const TlsCredentials& tls,
                                                                          std::vector<Grant> grants,
                                                                          Callbacks callbacks);
  ~CentralServer();
  CentralServer(const CentralServer&) = delete;
  CentralServer& operator=(const CentralServer&) = delete;

  /// Takes the place of all grants. A client whose source has changed gets it; one that is granted nothing any more is
  /// cut off.
  void replace(std::vector<Grant> grants);
  std::uint16_t port() const;

 private:
  class Serving;
  explicit CentralServer(std::unique_ptr<Serving> serving);
  std::unique_ptr<Serving> serving_;
};

}  // namespace adit::rpc
