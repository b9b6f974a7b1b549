#include "daemons/stackd/interfaces.h"

#include <ifaddrs.h>

#include <cstring>
#include <memory>

#include "stack/user/socket_address.h"

namespace adit::daemons::stackd {

std::vector<rpc::InterfaceView> interfaces(const std::map<std::string, std::uint8_t>& security_classes) {
  ifaddrs* listed = nullptr;
  if (::getifaddrs(&listed) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype([](ifaddrs* list) { ::freeifaddrs(list); })> owner{listed};
  std::map<std::string, rpc::InterfaceView> by_name;
  for (const ifaddrs* one = listed; one != nullptr; one = one->ifa_next) {
    rpc::InterfaceView& view = by_name[one->ifa_name];
    view.name = one->ifa_name;
    if (const auto known = security_classes.find(view.name); known != security_classes.end()) {
      view.security_class = known->second;
    }
    if (one->ifa_addr == nullptr) continue;
    if (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6) continue;
    const bool is_v4 = one->ifa_addr->sa_family == AF_INET;
    sockaddr_storage name{};
    std::memcpy(&name, one->ifa_addr, is_v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    view.addresses.push_back(stack::user::endpoint_of(name, is_v4 ? IpFamily::v4 : IpFamily::v6).address);
  }
  std::vector<rpc::InterfaceView> views;
  for (auto& [name, view] : by_name) views.push_back(std::move(view));
  return views;
}

}  // namespace adit::daemons::stackd
