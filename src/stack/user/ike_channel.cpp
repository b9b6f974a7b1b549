#include "stack/user/ike_channel.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "stack/user/ike_frame.h"

namespace adit::stack::user {
namespace {

constexpr std::size_t record_size = ike_frame_header_size + IkeChannel::largest_datagram;
/// Octets that may wait for iked: some thousand messages, so that a burst while it signs is not lost.
constexpr int buffer_octets = 4 << 20;

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

FileDescriptor unix_socket() {
  return FileDescriptor{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
}

/// Whether another stackd has its socket there. Asked with the wrong type of socket: a socket that is open says so,
/// what a killed process left refuses, and nobody's channel is taken by the question.
bool is_in_use(const sockaddr_un& address) {
  const FileDescriptor probe{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  return ::connect(probe.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         errno == EPROTOTYPE;
}

std::unexpected<SystemFailure> bad_path(const std::string& path) {
  errno = ENAMETOOLONG;
  return std::unexpected{SystemFailure::last("socket path " + path)};
}

void enlarge_buffers(int fd) {
  // Forced where we may; else as far as the system's limit goes.
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_octets, sizeof buffer_octets) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_octets, sizeof buffer_octets);
  }
}

}  // namespace

IkeChannel::IkeChannel(FileDescriptor socket)
    : socket_{std::move(socket)},
      storage_{std::make_unique_for_overwrite<std::uint8_t[]>(largest_batch * record_size)} {
  enlarge_buffers(socket_.number());
}

std::expected<IkeChannel, SystemFailure> IkeChannel::connect(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return bad_path(path);
  FileDescriptor socket = unix_socket();
  if (!socket) return std::unexpected{SystemFailure::last("make a Unix socket")};
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    return std::unexpected{SystemFailure::last("connect to " + path)};
  }
  return IkeChannel{std::move(socket)};
}

std::expected<std::vector<IkeDatagram>, SystemFailure> IkeChannel::read_batch() {
  std::array<mmsghdr, largest_batch> messages{};
  std::array<iovec, largest_batch> parts;
  for (std::size_t i = 0; i < largest_batch; ++i) {
    parts[i] = {.iov_base = storage_.get() + i * record_size, .iov_len = record_size};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int count = recvmmsg(fd(), messages.data(), largest_batch, MSG_DONTWAIT, nullptr);
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) return {};
    return std::unexpected{SystemFailure::last("receive from the IKE channel")};
  }
  std::vector<IkeDatagram> datagrams;
  datagrams.reserve(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    // No record is empty: the end of the connection reads as one.
    if (messages[i].msg_len == 0) {
      if (!datagrams.empty()) return datagrams;
      errno = ECONNRESET;
      return std::unexpected{SystemFailure::last("receive from the IKE channel")};
    }
    const Bytes record{storage_.get() + i * record_size, messages[i].msg_len};
    if (auto datagram = parse_ike_frame(record)) datagrams.push_back(std::move(*datagram));
  }
  return datagrams;
}

std::expected<std::size_t, SystemFailure> IkeChannel::write(std::span<const IkeDatagram> datagrams) {
  std::size_t written = 0;
  while (written < datagrams.size()) {
    const std::span<const IkeDatagram> batch =
        datagrams.subspan(written, std::min(largest_batch, datagrams.size() - written));
    std::array<mmsghdr, largest_batch> messages{};
    std::array<std::array<std::uint8_t, ike_frame_header_size>, largest_batch> headers;
    std::array<std::array<iovec, 2>, largest_batch> parts;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      headers[i] = ike_frame_header(batch[i]);
      const auto* octets = batch[i].octets.data();
      parts[i] = {{{.iov_base = headers[i].data(), .iov_len = headers[i].size()},
                   {.iov_base = const_cast<std::uint8_t*>(octets), .iov_len = batch[i].octets.size()}}};
      messages[i].msg_hdr.msg_iov = parts[i].data();
      messages[i].msg_hdr.msg_iovlen = parts[i].size();
    }
    const int count = sendmmsg(fd(), messages.data(), static_cast<unsigned>(batch.size()), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EAGAIN || errno == EINTR) return written;
      return std::unexpected{SystemFailure::last("send on the IKE channel")};
    }
    written += static_cast<std::size_t>(count);
    if (static_cast<std::size_t>(count) < batch.size()) return written;
  }
  return written;
}

std::expected<IkeListener, SystemFailure> IkeListener::listen(std::string path, std::vector<uid_t> users) {
  const auto address = address_of(path);
  if (!address) return bad_path(path);
  FileDescriptor socket = unix_socket();
  if (!socket) return std::unexpected{SystemFailure::last("make a Unix socket")};
  if (is_in_use(*address)) {
    errno = EADDRINUSE;
    return std::unexpected{SystemFailure::last("bind " + path)};
  }
  ::unlink(path.c_str());
  // The mode is set before anybody can connect: a mode set later leaves a gap.
  const mode_t before = ::umask(0117);
  const int bound = ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
  ::umask(before);
  if (bound != 0) return std::unexpected{SystemFailure::last("bind " + path)};
  if (::listen(socket.number(), 1) != 0) return std::unexpected{SystemFailure::last("listen on " + path)};
  return IkeListener{std::move(socket), std::move(path), std::move(users)};
}

IkeListener::~IkeListener() {
  if (socket_) ::unlink(path_.c_str());
}

bool IkeListener::admits(const FileDescriptor& connection) const {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(connection.number(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid() || std::ranges::find(users_, peer.uid) != users_.end();
}

std::expected<IkeChannel, SystemFailure> IkeListener::accept() {
  FileDescriptor socket{::accept4(fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (!socket) return std::unexpected{SystemFailure::last("accept on " + path_)};
  if (!admits(socket)) {
    errno = EACCES;
    return std::unexpected{SystemFailure::last("accept on " + path_)};
  }
  return IkeChannel{std::move(socket)};
}

}  // namespace adit::stack::user
