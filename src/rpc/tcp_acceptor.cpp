#include "rpc/tcp_acceptor.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/ip_address.h"

namespace adit::rpc {
namespace {

constexpr int longest_queue = 128;  // connections that wait to be accepted
// Until it is tried again when no descriptor or memory was left for a connection.
constexpr int pause_ms = 100;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const IpAddress& address, std::uint16_t port) {
  SocketAddress made;
  if (address.family() == IpFamily::v4) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(made.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.octets().data(), sizeof v4.sin_addr);
    made.size = sizeof v4;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(made.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.octets().data(), sizeof v6.sin6_addr);
    made.size = sizeof v6;
  }
  return made;
}

std::uint16_t port_of(int listener) {
  SocketAddress bound;
  bound.size = sizeof bound.storage;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&bound.storage), &bound.size) != 0) return 0;
  return ntohs(bound.storage.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(bound.storage).sin_port
                                                  : reinterpret_cast<const sockaddr_in6&>(bound.storage).sin6_port);
}

void set(int socket, int level, int option, int value) { ::setsockopt(socket, level, option, &value, sizeof value); }

}  // namespace

std::expected<std::unique_ptr<TcpAcceptor>, std::string> TcpAcceptor::listen(const std::vector<std::string>& addresses,
                                                                             std::uint16_t port) {
  std::unique_ptr<TcpAcceptor> acceptor{new TcpAcceptor};
  acceptor->wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (acceptor->wake_ < 0) return std::unexpected{fmt::format("eventfd: {}", std::strerror(errno))};
  if (addresses.empty()) {
    // A host may be without IPv6.
    auto both = acceptor->add("::", port);
    if (!both) both = acceptor->add("0.0.0.0", port);
    if (!both) return std::unexpected{both.error()};
    return acceptor;
  }
  for (const std::string& address : addresses) {
    if (const auto added = acceptor->add(address, port != 0 ? port : acceptor->port_); !added) {
      return std::unexpected{added.error()};
    }
  }
  return acceptor;
}

std::expected<void, std::string> TcpAcceptor::add(const std::string& text, std::uint16_t port) {
  const auto failed = [&](std::string_view reason) {
    return std::unexpected{fmt::format("listen on TCP port {} of {}: {}", port, text, reason)};
  };
  const auto address = IpAddress::parse(text);
  if (!address) return failed("not an address");
  const SocketAddress at = socket_address(*address, port);
  const int listener = ::socket(at.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return failed(std::strerror(errno));
  set(listener, SOL_SOCKET, SO_REUSEADDR, 1);  // connections of a predecessor may linger
  if (address->family() == IpFamily::v6) set(listener, IPPROTO_IPV6, IPV6_V6ONLY, address->is_any() ? 0 : 1);
  if (::bind(listener, at.get(), at.size) != 0 || ::listen(listener, longest_queue) != 0) {
    const std::string reason = std::strerror(errno);
    ::close(listener);
    return failed(reason);
  }
  listeners_.push_back(listener);
  port_ = port_of(listener);
  return {};
}

TcpAcceptor::~TcpAcceptor() {
  stop();
  for (const int listener : listeners_) ::close(listener);
  if (wake_ >= 0) ::close(wake_);
}

void TcpAcceptor::start(std::function<void(int connection)> take) {
  thread_ = std::thread{[this, take = std::move(take)] { accept_until_stopped(take); }};
}

void TcpAcceptor::stop() {
  if (!thread_.joinable()) return;
  ::eventfd_write(wake_, 1);
  thread_.join();
}

void TcpAcceptor::accept_until_stopped(const std::function<void(int)>& take) {
  std::vector<pollfd> waited{{wake_, POLLIN, 0}};
  for (const int listener : listeners_) waited.push_back({listener, POLLIN, 0});
  while (true) {
    if (::poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR) return;
    if (waited.front().revents != 0) return;
    bool is_exhausted = false;
    for (std::size_t i = 1; i < waited.size(); ++i) {
      if ((waited[i].revents & POLLIN) == 0) continue;
      const int connection = ::accept4(waited[i].fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (connection >= 0) {
        set(connection, IPPROTO_TCP, TCP_NODELAY, 1);
        take(connection);
      } else {
        is_exhausted |= errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      }
    }
    if (is_exhausted && ::poll(waited.data(), 1, pause_ms) > 0) return;
  }
}

}  // namespace adit::rpc
