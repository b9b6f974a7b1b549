#include "ike/wire/v1/payload_type.h"

#include <array>
#include <utility>

namespace adit::ike::wire::v1 {
namespace {

constexpr std::array<std::pair<PayloadType, const char*>, 15> payload_names = {{
    {PayloadType::security_association, "SA"},
    {PayloadType::key_exchange, "KE"},
    {PayloadType::identification, "ID"},
    {PayloadType::certificate, "CERT"},
    {PayloadType::certificate_request, "CR"},
    {PayloadType::hash, "HASH"},
    {PayloadType::signature, "SIG"},
    {PayloadType::nonce, "NONCE"},
    {PayloadType::notify, "N"},
    {PayloadType::delete_, "D"},
    {PayloadType::vendor_id, "VID"},
    {PayloadType::nat_detection, "NAT-D"},
    {PayloadType::nat_original_address, "NAT-OA"},
    {PayloadType::nat_detection_draft, "NAT-D (draft)"},
    {PayloadType::nat_original_address_draft, "NAT-OA (draft)"},
}};

}  // namespace

bool is_known(PayloadType type) {
  for (const auto& [known, name] : payload_names) {
    if (known == type) return true;
  }
  return false;
}

std::string name_of(PayloadType type) {
  for (const auto& [known, name] : payload_names) {
    if (known == type) return name;
  }
  return std::to_string(static_cast<unsigned>(type));
}

}  // namespace adit::ike::wire::v1
