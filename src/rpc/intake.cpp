#include "rpc/intake.h"

namespace adit::rpc {

IpAddress Intake::address(const std::string& octets, std::string_view field) {
  const auto address = IpAddress::from_octets(as_bytes(octets));
  require(address.has_value(), field);
  return failed() ? IpAddress{} : *address;
}

std::string Intake::text(const std::string& value, std::string_view field) {
  require(value.size() <= longest_text && !value.contains('\0'), field);
  return failed() ? std::string{} : value;
}

ByteString Intake::octets(const std::string& value, std::size_t most, std::string_view field) {
  require(value.size() <= most, field);
  if (failed()) return {};
  const Bytes octets = as_bytes(value);
  return {octets.begin(), octets.end()};
}

}  // namespace adit::rpc
