#pragma once
// IKE datagrams between stackd, which owns the UDP sockets, and iked: a Unix SOCK_SEQPACKET connection, one datagram a
// record, several records in a system call. The non-ESP marker of port 4500 (RFC 3948 §2.2) never crosses it.

#include <sys/types.h>

#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "stack/user/file_descriptor.h"
#include "stack/user/system_failure.h"

namespace adit::stack::user {

/// From `local` to `remote` on the way out, from `remote` to `local` on the way in. Local port 4500 means that stackd
/// puts the marker before it; there, a datagram that is the octet 0xff alone is a NAT keepalive and leaves as it is.
struct IkeDatagram {
  Endpoint local, remote;
  ByteString octets;
  bool operator==(const IkeDatagram&) const = default;
};

/// One end of the connection. Nothing blocks: wait for fd() to be readable or writable.
class IkeChannel {
 public:
  /// Of one call; the next brings the rest.
  static constexpr std::size_t largest_batch = 32;
  /// Of one datagram: what UDP can carry.
  static constexpr std::size_t largest_datagram = 65535;

  explicit IkeChannel(FileDescriptor socket);
  /// iked's end: connects to the socket that a stackd listens on.
  static std::expected<IkeChannel, SystemFailure> connect(const std::string& path);

  int fd() const { return socket_.number(); }
  /// What has arrived, in order; empty when nothing has. A failure when the other end is gone: close and connect anew.
  /// A record that is no datagram is dropped.
  std::expected<std::vector<IkeDatagram>, SystemFailure> read_batch();
  /// Hands over as many of them as the socket takes now and says how many, from the first. The rest may be written
  /// again when fd() is writable, or dropped: IKE retransmits.
  std::expected<std::size_t, SystemFailure> write(std::span<const IkeDatagram> datagrams);

 private:
  FileDescriptor socket_;
  std::unique_ptr<std::uint8_t[]> storage_;  // largest_batch records
};

/// stackd's end: the socket that iked connects to.
class IkeListener {
 public:
  /// Takes the path over when a socket is left there. Its file mode is 0660; of those who can open it, root, our own
  /// user and `users` are admitted (SO_PEERCRED): whoever connects speaks IKE in this stack's name.
  static std::expected<IkeListener, SystemFailure> listen(std::string path, std::vector<uid_t> users);
  IkeListener(IkeListener&&) = default;
  IkeListener& operator=(IkeListener&&) = default;
  ~IkeListener();

  int fd() const { return socket_.number(); }
  /// The next one that connected; a failure when it is not one of the users.
  std::expected<IkeChannel, SystemFailure> accept();

 private:
  IkeListener(FileDescriptor socket, std::string path, std::vector<uid_t> users)
      : socket_{std::move(socket)}, path_{std::move(path)}, users_{std::move(users)} {}
  bool admits(const FileDescriptor& connection) const;

  FileDescriptor socket_;
  std::string path_;
  std::vector<uid_t> users_;
};

}  // namespace adit::stack::user
