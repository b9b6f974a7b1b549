#include "datagram_stream.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <stdexcept>

#include "stack/user/socket_address.h"

namespace adit::test {
namespace {

constexpr std::uint16_t receiver_port = 7008;
constexpr timeval patience{.tv_sec = 5, .tv_usec = 0};

int bound_socket(Host& host, const IpAddress& address, std::uint16_t port) {
  int made = -1;
  host.space().run([&] {
    made = socket(address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_storage name{};
    const socklen_t size = stack::user::write_name(name, address, port);
    if (bind(made, reinterpret_cast<sockaddr*>(&name), size) != 0) throw std::runtime_error{"bind"};
  });
  return made;
}

}  // namespace

DatagramStream::DatagramStream(Host& from, const IpAddress& source, Host& to, const IpAddress& destination)
    : sender_{bound_socket(from, source, 0)}, receiver_{bound_socket(to, destination, receiver_port)} {
  sockaddr_storage name{};
  const socklen_t size = stack::user::write_name(name, destination, receiver_port);
  if (connect(sender_, reinterpret_cast<sockaddr*>(&name), size) != 0) throw std::runtime_error{"connect"};
  thread_ = std::thread{[this] { run(); }};
}

DatagramStream::~DatagramStream() {
  finish();
  close(sender_);
  close(receiver_);
}

void DatagramStream::run() {
  std::uint64_t number = 0;
  while (!ends_ || arrived_ < sent_) {
    while (!ends_ && sent_ - arrived_ < most_under_way) {
      if (send(sender_, &sent_, sizeof sent_, 0) != sizeof sent_) break;
      ++sent_;
    }
    if (recv(receiver_, &number, sizeof number, 0) != sizeof number) break;  // nothing for as long as we have patience
    ++arrived_;
  }
  broken_ = true;
}

bool DatagramStream::advances() {
  const std::uint64_t wanted = arrived_ + 4 * most_under_way;
  while (arrived_ < wanted && !broken_) std::this_thread::yield();
  return arrived_ >= wanted;
}

std::uint64_t DatagramStream::finish() {
  ends_ = true;
  if (thread_.joinable()) thread_.join();
  return sent_ - arrived_;
}

}  // namespace adit::test
