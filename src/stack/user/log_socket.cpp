#include "stack/user/log_socket.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <sys/socket.h>

#include <array>

namespace adit::stack::user {
namespace {

constexpr std::size_t largest_message = 65536;

/// One request for a group and its acknowledgement.
std::optional<SystemFailure> configure(mnl_socket* socket, std::uint16_t group, std::uint16_t attribute,
                                       const void* value, std::size_t size, const char* attempted) {
  std::array<char, 512> buffer;
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  auto& family = *static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(nfgenmsg)));
  family.nfgen_family = AF_UNSPEC;
  family.version = NFNETLINK_V0;
  family.res_id = htons(group);
  mnl_attr_put(request, attribute, size, value);
  if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0) return SystemFailure::last(attempted);
  const ssize_t got = mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
  const unsigned port = mnl_socket_get_portid(socket);
  if (got < 0 || mnl_cb_run(buffer.data(), static_cast<std::size_t>(got), 0, port, nullptr, nullptr) < 0) {
    return SystemFailure::last(attempted);
  }
  return std::nullopt;
}

struct Taken {
  const LogSocket::Each* each;
};

int note(const nlattr* attribute, void* found) {
  auto& attributes = *static_cast<std::array<const nlattr*, NFULA_MAX + 1>*>(found);
  if (mnl_attr_type_valid(attribute, NFULA_MAX) > 0) attributes[mnl_attr_get_type(attribute)] = attribute;
  return MNL_CB_OK;
}

int take(const nlmsghdr* message, void* taken) {
  if (message->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET)) return MNL_CB_OK;
  std::array<const nlattr*, NFULA_MAX + 1> attributes{};
  mnl_attr_parse(message, sizeof(nfgenmsg), note, &attributes);
  if (attributes[NFULA_PREFIX] == nullptr || attributes[NFULA_PAYLOAD] == nullptr) return MNL_CB_OK;
  const auto index = [&](unsigned attribute) {
    return attributes[attribute] == nullptr ? 0u : ntohl(mnl_attr_get_u32(attributes[attribute]));
  };
  const nlattr* payload = attributes[NFULA_PAYLOAD];
  (*static_cast<const Taken*>(taken)->each)(
      mnl_attr_get_str(attributes[NFULA_PREFIX]),
      {static_cast<const std::uint8_t*>(mnl_attr_get_payload(payload)), mnl_attr_get_payload_len(payload)},
      index(NFULA_IFINDEX_INDEV), index(NFULA_IFINDEX_OUTDEV));
  return MNL_CB_OK;
}

}  // namespace

void LogSocket::Close::operator()(mnl_socket* socket) const { mnl_socket_close(socket); }

int LogSocket::fd() const { return mnl_socket_get_fd(socket_.get()); }

std::expected<LogSocket, SystemFailure> LogSocket::open(std::uint16_t group) {
  LogSocket log;
  log.socket_.reset(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
  if (!log.socket_ || mnl_socket_bind(log.socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
    return std::unexpected{SystemFailure::last("open a netlink socket")};
  }
  const nfulnl_msg_config_cmd bind{.command = NFULNL_CFG_CMD_BIND};
  if (auto failure = configure(log.socket_.get(), group, NFULA_CFG_CMD, &bind, sizeof bind, "read the filters' log")) {
    return std::unexpected{std::move(*failure)};
  }
  const nfulnl_msg_config_mode mode{.copy_range = htonl(0xffff), .copy_mode = NFULNL_COPY_PACKET, ._pad = 0};
  if (auto failure = configure(log.socket_.get(), group, NFULA_CFG_MODE, &mode, sizeof mode, "read logged packets")) {
    return std::unexpected{std::move(*failure)};
  }
  return log;
}

void LogSocket::drain(const Each& each) {
  std::array<char, largest_message> buffer;
  Taken taken{&each};
  while (true) {
    const ssize_t size = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size <= 0) return;  // nothing more; or too much came at once, and what was lost is lost
    mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), 0, 0, take, &taken);
  }
}

}  // namespace adit::stack::user
