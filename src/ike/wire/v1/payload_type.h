#pragma once
// Payload types of IKEv1 (RFC 2408 §3.1, RFC 3947 §3.2 and §5.2, and the drafts before it).

#include <cstdint>
#include <string>

namespace adit::ike::wire::v1 {

enum class PayloadType : std::uint8_t {
  none = 0,
  security_association = 1,
  key_exchange = 4,
  identification = 5,
  certificate = 6,
  certificate_request = 7,
  hash = 8,
  signature = 9,
  nonce = 10,
  notify = 11,
  delete_ = 12,
  vendor_id = 13,
  nat_detection = 20,
  nat_original_address = 21,
  nat_detection_draft = 130,         // draft-ietf-ipsec-nat-t-ike-02 and -03
  nat_original_address_draft = 131,  // the same
};
bool is_known(PayloadType type);
/// Above are numbers for private use, which a receiver that does not know them passes over (RFC 2408 §3.1).
inline constexpr std::uint8_t first_private_payload = 128;
/// `SA`, `KE`, `ID`, … as RFC 2408 writes them; the number of another.
std::string name_of(PayloadType type);

}  // namespace adit::ike::wire::v1
