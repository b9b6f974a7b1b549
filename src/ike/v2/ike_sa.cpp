#include "ike/v2/ike_sa.h"

#include <algorithm>

namespace adit::ike::v2 {

ChildSa* IkeSa::find_child(contract::ChildSaName name) {
  const auto found = std::ranges::find(children, name, &ChildSa::name);
  return found == children.end() ? nullptr : &*found;
}

ChildSa* IkeSa::find_child(contract::SaProtocol protocol, OutboundSpi spi) {
  const auto found = std::ranges::find_if(children, [&](const ChildSa& child) {
    return child.transforms.protocol == protocol && child.outbound_spi == spi;
  });
  return found == children.end() ? nullptr : &*found;
}

StoredResponse* IkeSa::find_response(MessageId id) {
  const auto found = std::ranges::find(responses, id, &StoredResponse::id);
  return found == responses.end() ? nullptr : &*found;
}

std::size_t IkeSa::unproved_octets() const {
  if (!is_half_open(state)) return 0;
  std::size_t kept = establishing != nullptr ? establishing->auth_octets : 0;
  for (const Reassembly& parts : requests_in_parts) kept += parts.octets();
  return kept;
}

void IkeSa::erase(const ChildSa& child) { children.erase(children.begin() + (&child - children.data())); }

}  // namespace adit::ike::v2
