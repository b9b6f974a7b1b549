#pragma once
// nssd's end of NssService: mutual TLS 1.3 on a TCP port, the client known by its certificate.

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "rpc/nss_question.h"
#include "rpc/tls_credentials.h"

namespace adit::rpc {

class NssServer {
 public:
  using Reply = std::function<void(NssAnswer)>;
  struct Callbacks {
    /// A question of the client that TLS proved, by its certificate's first subjectAltName or else common name. Comes
    /// on gRPC's threads: hand it on. `reply` is called once, from any thread; it does nothing when the client has
    /// gone.
    std::function<void(const std::string& client, NssQuestion question, Reply reply)> asked;
    std::function<void(const std::string& client)> connected;
    std::function<void(const std::string& client)> disconnected;
  };
  using Listening = TlsListening;
  /// An error is told for the operator.
  static std::expected<std::unique_ptr<NssServer>, std::string> start(const Listening& at, const TlsCredentials& tls,
                                                                      Callbacks callbacks);
  ~NssServer();
  NssServer(const NssServer&) = delete;
  NssServer& operator=(const NssServer&) = delete;

  std::uint16_t port() const;  ///< the one asked for, or the one that was free when 0 was

 private:
  class Serving;
  explicit NssServer(std::unique_ptr<Serving> serving);
  std::unique_ptr<Serving> serving_;
};

}  // namespace adit::rpc
