#include "stack/user/delivery.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>

namespace adit::stack::user {

void Delivery::Close::operator()(mnl_socket* socket) const { mnl_socket_close(socket); }

std::expected<Delivery, SystemFailure> Delivery::open(std::map<std::string, std::uint8_t> security_classes) {
  Delivery delivery;
  delivery.classes_ = std::move(security_classes);
  delivery.socket_.reset(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (!delivery.socket_ || mnl_socket_bind(delivery.socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
    return std::unexpected{SystemFailure::last("open a netlink socket")};
  }
  return delivery;
}

std::uint8_t Delivery::security_class(unsigned interface) {
  if (classes_.empty() || interface == 0) return 0;
  const auto [known, is_new] = classes_by_index_.try_emplace(interface);
  if (!is_new) return known->second;
  std::array<char, IF_NAMESIZE> name{};
  if (if_indextoname(interface, name.data()) == nullptr) return 0;
  const auto listed = classes_.find(name.data());
  if (listed != classes_.end()) known->second = listed->second;
  return known->second;
}

Delivery::Destination Delivery::destination_of(const IpAddress& address) {
  std::array<char, 4096> buffer;
  nlmsghdr* question = mnl_nlmsg_put_header(buffer.data());
  question->nlmsg_type = RTM_GETROUTE;
  question->nlmsg_flags = NLM_F_REQUEST;
  question->nlmsg_seq = ++last_question_;
  auto& route = *static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(question, sizeof(rtmsg)));
  route.rtm_family = address.is_v4() ? AF_INET : AF_INET6;
  route.rtm_dst_len = static_cast<std::uint8_t>(address.bits());
  mnl_attr_put(question, RTA_DST, address.size(), address.octets().data());
  if (mnl_socket_sendto(socket_.get(), question, question->nlmsg_len) < 0) return Destination::unknown;
  const ssize_t size = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
  const auto* answer = reinterpret_cast<const nlmsghdr*>(buffer.data());
  if (size <= 0 || !mnl_nlmsg_ok(answer, static_cast<int>(size)) || answer->nlmsg_seq != last_question_ ||
      answer->nlmsg_type != RTM_NEWROUTE) {
    return Destination::unknown;
  }
  switch (static_cast<const rtmsg*>(mnl_nlmsg_get_payload(answer))->rtm_type) {
    case RTN_LOCAL:
    case RTN_BROADCAST:
    case RTN_MULTICAST:
    case RTN_ANYCAST:
      return Destination::here;
    case RTN_UNICAST:
      return Destination::elsewhere;
    default:
      return Destination::unknown;
  }
}

}  // namespace adit::stack::user
