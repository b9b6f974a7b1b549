#include "stack/user/tun_device.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstring>

#include "stack/merging.h"

namespace adit::stack::user {
namespace {

// Newer than the headers of Debian 12: linux/if_tun.h since Linux 6.2.
constexpr unsigned tun_f_uso4 = 0x20, tun_f_uso6 = 0x40;

bool set_offloads(int fd) {
  constexpr unsigned tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
  return ioctl(fd, TUNSETOFFLOAD, tcp | tun_f_uso4 | tun_f_uso6) == 0 || ioctl(fd, TUNSETOFFLOAD, tcp) == 0;
}

}  // namespace

std::expected<TunDevice, SystemFailure> TunDevice::open(const std::string& name) {
  FileDescriptor file{::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  if (!file) return std::unexpected{SystemFailure::last("open /dev/net/tun")};
  ifreq request{};
  if (name.empty() || name.size() >= sizeof request.ifr_name) {
    errno = EINVAL;
    return std::unexpected{SystemFailure::last("TUN device name " + name)};
  }
  std::memcpy(request.ifr_name, name.data(), name.size());
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  if (ioctl(file.number(), TUNSETIFF, &request) != 0) {
    return std::unexpected{SystemFailure::last("make TUN device " + name)};
  }
  if (!set_offloads(file.number())) return std::unexpected{SystemFailure::last("set offloads of " + name)};
  const unsigned index = if_nametoindex(name.c_str());
  if (index == 0) return std::unexpected{SystemFailure::last("find TUN device " + name)};
  return TunDevice{std::move(file), name, index};
}

std::expected<void, SystemFailure> TunDevice::set_mtu(unsigned octets) {
  const FileDescriptor any{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq request{};
  std::memcpy(request.ifr_name, name_.data(), name_.size());
  request.ifr_mtu = static_cast<int>(octets);
  if (ioctl(any.number(), SIOCSIFMTU, &request) != 0) {
    return std::unexpected{SystemFailure::last("set the MTU of " + name_)};
  }
  return {};
}

std::size_t TunDevice::read(MutableBytes into) {
  const ssize_t size = ::read(fd(), into.data(), into.size());
  return size < 0 ? 0 : static_cast<std::size_t>(size);
}

bool TunDevice::write(const OffloadHeader& header, std::span<const Bytes> pieces) {
  std::array<iovec, Merger::most_pieces + 1> parts;
  OffloadHeader written = header;
  parts[0] = {.iov_base = &written, .iov_len = OffloadHeader::size};
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    parts[i + 1] = {.iov_base = const_cast<std::uint8_t*>(pieces[i].data()), .iov_len = pieces[i].size()};
  }
  return ::writev(fd(), parts.data(), static_cast<int>(pieces.size() + 1)) >= 0;
}

}  // namespace adit::stack::user
