#include "stack/user/routing.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <optional>

#include "stack/user/file_descriptor.h"

namespace adit::stack::user {
namespace {

constexpr std::array families{AF_INET, AF_INET6};

/// One request to the kernel and its acknowledgement.
class RouteRequest {
 public:
  RouteRequest(std::uint16_t type, std::uint16_t flags) : header_{mnl_nlmsg_put_header(buffer_.data())} {
    header_->nlmsg_type = type;
    header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    header_->nlmsg_seq = 1;
  }
  template <class Body>
  Body& body() {
    return *static_cast<Body*>(mnl_nlmsg_put_extra_header(header_, sizeof(Body)));
  }
  void put(std::uint16_t attribute, std::uint32_t value) { mnl_attr_put_u32(header_, attribute, value); }
  void put_octet(std::uint16_t attribute, std::uint8_t value) { mnl_attr_put_u8(header_, attribute, value); }

  /// Nothing when the kernel did it; else why not.
  std::optional<SystemFailure> send(const std::string& attempted) {
    using Socket = std::unique_ptr<mnl_socket, decltype([](mnl_socket* socket) { mnl_socket_close(socket); })>;
    const Socket socket{mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)};
    if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0 ||
        mnl_socket_sendto(socket.get(), header_, header_->nlmsg_len) < 0) {
      return SystemFailure::last(attempted);
    }
    std::array<char, 8192> answer;
    const ssize_t size = mnl_socket_recvfrom(socket.get(), answer.data(), answer.size());
    if (size < 0 || mnl_cb_run(answer.data(), static_cast<std::size_t>(size), 1, mnl_socket_get_portid(socket.get()),
                               nullptr, nullptr) < 0) {
      return SystemFailure::last(attempted);
    }
    return std::nullopt;
  }

 private:
  std::array<char, 1024> buffer_;
  nlmsghdr* header_;
};

std::string family_name(int family) { return family == AF_INET ? "IPv4" : "IPv6"; }

std::optional<SystemFailure> set_up(const Steering& steering) {
  RouteRequest request{RTM_NEWLINK, 0};
  auto& link = request.body<ifinfomsg>();
  link.ifi_family = AF_UNSPEC;
  link.ifi_index = static_cast<int>(steering.device_index);
  link.ifi_flags = link.ifi_change = IFF_UP;
  request.put(IFLA_MTU, steering.mtu);
  return request.send("set " + steering.device + " up");
}

/// On a device without an IPv4 address, reverse path filtering drops everything, loose or not. The dummy address of
/// RFC 7600 §4.8 is nobody's; of host scope, it never becomes a source.
std::optional<SystemFailure> add_dummy_address(const Steering& steering) {
  constexpr std::uint32_t dummy = 0xc0000008;  // 192.0.0.8
  RouteRequest request{RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE};
  auto& address = request.body<ifaddrmsg>();
  address.ifa_family = AF_INET;
  address.ifa_prefixlen = 32;
  address.ifa_scope = RT_SCOPE_HOST;
  address.ifa_index = steering.device_index;
  request.put(IFA_LOCAL, htonl(dummy));
  return request.send("give " + steering.device + " an address");
}

std::optional<SystemFailure> change_rule(const Steering& steering, int family, std::uint16_t type,
                                         std::uint16_t flags) {
  RouteRequest request{type, flags};
  auto& rule = request.body<fib_rule_hdr>();
  rule.family = static_cast<std::uint8_t>(family);
  rule.table = RT_TABLE_UNSPEC;  // numbers above 255 stand in the attribute alone
  rule.action = FR_ACT_TO_TBL;
  request.put(FRA_TABLE, steering.table);
  request.put(FRA_PRIORITY, steering.priority);
  request.put(FRA_FWMARK, steering.mark);
  request.put(FRA_FWMASK, 0xffffffff);
  // systemd-networkd removes rules that it does not know at each of its starts, but for those of this protocol.
  request.put_octet(FRA_PROTOCOL, RTPROT_KERNEL);
  return request.send(family_name(family) + " routing rule");
}

std::optional<SystemFailure> add_route(const Steering& steering, int family) {
  RouteRequest request{RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE};
  auto& route = request.body<rtmsg>();
  route.rtm_family = static_cast<std::uint8_t>(family);
  route.rtm_table = RT_TABLE_UNSPEC;
  route.rtm_protocol = RTPROT_STATIC;
  route.rtm_scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  route.rtm_type = RTN_UNICAST;
  request.put(RTA_TABLE, steering.table);
  request.put(RTA_OIF, steering.device_index);
  return request.send(family_name(family) + " default route to " + steering.device);
}

std::optional<SystemFailure> write_setting(const std::string& path, char value) {
  const FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!file || ::write(file.number(), &value, 1) != 1) return SystemFailure::last("write " + path);
  return std::nullopt;
}

/// Loose reverse path filtering: what the TUN brings has its way back through the wire as far as the kernel's tables
/// know, which strict filtering takes for forged. And no IPv6 autoconfiguration on a link without neighbours.
std::vector<SystemFailure> set_device_settings(const std::string& device) {
  const std::string v4 = "/proc/sys/net/ipv4/conf/" + device, v6 = "/proc/sys/net/ipv6/conf/" + device;
  std::vector<SystemFailure> failures;
  for (const auto& [path, value] :
       {std::pair{v4 + "/rp_filter", '2'}, std::pair{v6 + "/addr_gen_mode", '1'}, std::pair{v6 + "/accept_ra", '0'}}) {
    if (auto failure = write_setting(path, value)) failures.push_back(std::move(*failure));
  }
  return failures;
}

}  // namespace

std::expected<std::vector<SystemFailure>, SystemFailure> steer(const Steering& steering) {
  stop_steering(steering);
  std::vector<SystemFailure> tolerated = set_device_settings(steering.device);
  if (auto failure = set_up(steering)) return std::unexpected{std::move(*failure)};
  if (auto failure = add_dummy_address(steering)) return std::unexpected{std::move(*failure)};
  for (const int family : families) {
    auto failure = add_route(steering, family);
    if (!failure) failure = change_rule(steering, family, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);
    if (!failure) continue;
    // A host may run without IPv6: it has no such packets either.
    const bool is_absent =
        family == AF_INET6 && (failure->reason.value() == EAFNOSUPPORT || failure->reason.value() == EOPNOTSUPP);
    if (!is_absent) return std::unexpected{std::move(*failure)};
    tolerated.push_back(std::move(*failure));
  }
  return tolerated;
}

void stop_steering(const Steering& steering) {
  constexpr int most_leftovers = 16;  // one is usual; more only if somebody else added the same
  for (const int family : families) {
    for (int i = 0; i < most_leftovers && !change_rule(steering, family, RTM_DELRULE, 0); ++i) {
    }
  }
}

}  // namespace adit::stack::user
