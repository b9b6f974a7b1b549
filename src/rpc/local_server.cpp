#include "rpc/local_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grpcpp/server_posix.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace adit::rpc {
namespace {

constexpr int pause_ms = 100;

std::string failure(std::string_view attempted, const std::string& path) {
  return fmt::format("{} {}: {}", attempted, path, std::strerror(errno));
}

/// Whether a process listens there: a second one must not take its place. What a killed one left refuses.
bool is_in_use(const sockaddr_un& address) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  // EAGAIN: so many wait to be accepted that no more can.
  const bool in_use =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EAGAIN;
  ::close(probe);
  return in_use;
}

/// A listening socket with mode 0660, or why not.
std::expected<int, std::string> listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::unexpected{"socket path is too long: " + path};
  std::memcpy(address.sun_path, path.data(), path.size());

  if (is_in_use(address)) return std::unexpected{"another process serves " + path};
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return std::unexpected{failure("socket", path)};
  struct stat found{};
  if (::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) ::unlink(path.c_str());
  // The mode is set before anybody can connect: between bind and listen every connection is refused.
  const bool listening = ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                         ::chmod(path.c_str(), 0660) == 0 && ::listen(listener, 64) == 0;
  if (listening) return listener;
  const std::string reason = failure("listen on", path);
  ::close(listener);
  return std::unexpected{reason};
}

}  // namespace

std::expected<std::unique_ptr<LocalServer>, std::string> LocalServer::start(
    const LocalSocket& socket, const std::vector<grpc::Service*>& services) {
  const auto listener = listen_at(socket.path);
  if (!listener) return std::unexpected{listener.error()};
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(largest_message);
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const int wake = ::eventfd(0, EFD_CLOEXEC);
  if (server == nullptr || wake < 0) {
    ::close(*listener);
    return std::unexpected{"gRPC server did not start on " + socket.path};
  }
  return std::unique_ptr<LocalServer>{new LocalServer{socket, *listener, wake, std::move(server)}};
}

LocalServer::LocalServer(LocalSocket socket, int listener, int wake, std::unique_ptr<grpc::Server> server)
    : socket_{std::move(socket)}, listener_{listener}, wake_{wake}, server_{std::move(server)} {
  acceptor_ = std::thread{[this] { accept_until_stopped(); }};
}

LocalServer::~LocalServer() {
  stop();
  ::close(listener_);
  ::close(wake_);
}

void LocalServer::stop() {
  if (!acceptor_.joinable()) return;
  ::eventfd_write(wake_, 1);
  acceptor_.join();
  ::unlink(socket_.path.c_str());
  server_->Shutdown(std::chrono::system_clock::now());  // the deadline has passed: calls are cancelled, not waited for
}

void LocalServer::accept_until_stopped() {
  pollfd waited[] = {{listener_, POLLIN, 0}, {wake_, POLLIN, 0}};
  while (true) {
    if (::poll(waited, 2, -1) < 0 && errno != EINTR) return;
    if (waited[1].revents != 0) return;
    if ((waited[0].revents & POLLIN) == 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0) {
      // Without a descriptor left the connection waits on: it is tried again after a pause, not at once for ever.
      const bool is_exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      if (is_exhausted) ::poll(&waited[1], 1, pause_ms);
      continue;
    }
    if (admits(connection)) {
      grpc::AddInsecureChannelFromFd(server_.get(), connection);
    } else {
      ::close(connection);
    }
  }
}

bool LocalServer::admits(int connection) const {
  if (!socket_.users) return true;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  const bool is_own = peer.uid == ::geteuid() && socket_.own_user == LocalSocket::OwnUser::admitted;
  return peer.uid == 0 || is_own || std::ranges::find(*socket_.users, peer.uid) != socket_.users->end();
}

}  // namespace adit::rpc
