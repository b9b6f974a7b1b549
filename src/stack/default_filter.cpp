#include "stack/default_filter.h"

namespace adit::stack {
namespace {

policy::Filter permit(IpFamily family, policy::Direction direction) {
  policy::Filter filter;
  filter.rule = "SYSDEFAULTRULE";
  filter.direction = direction;
  filter.source = filter.destination = IpRange::all(family);
  filter.action = policy::FilterAction::permit;
  return filter;
}

}  // namespace

policy::FilterPolicy default_filter(UntilPolicy choice) {
  policy::FilterPolicy policy;
  policy.pre_decap = true;  // nothing passes by way of a tunnel either
  policy.logging = false;
  for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    for (const policy::Direction direction : {policy::Direction::outbound, policy::Direction::inbound}) {
      if (choice == UntilPolicy::permit) {
        policy.filters.push_back(permit(family, direction));
        policy.filters.back().routing = policy::Routing::either;
      } else if (family == IpFamily::v6) {
        // Neighbour discovery: router solicitation, 133, to neighbour advertisement, 136 (RFC 4861 §4).
        constexpr PortRange types{133 << 8, 136 << 8 | 0xff};
        policy.filters.push_back(permit(family, direction));
        policy.filters.back().service = {
            .protocol = IpProtocol::icmpv6, .source_ports = types, .destination_ports = types};
      }
    }
  }
  std::uint32_t extension = 0;
  for (policy::Filter& filter : policy.filters) filter.extension = ++extension;
  return policy;
}

}  // namespace adit::stack
