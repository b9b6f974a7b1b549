#pragma once
// Payload types of IKE (RFC 7296 §3.2, RFC 7383 §2.5), and the names of exchanges (RFC 7296 §3.1): none that is marked
// as unspecified (§3).

#include <cstdint>
#include <string>

namespace adit::ike::wire {

enum class PayloadType : std::uint8_t {
  none = 0,
  security_association = 33,
  key_exchange = 34,
  identification_initiator = 35,
  identification_responder = 36,
  certificate = 37,
  certificate_request = 38,
  authentication = 39,
  nonce = 40,
  notify = 41,
  delete_ = 42,
  vendor_id = 43,
  traffic_selectors_initiator = 44,
  traffic_selectors_responder = 45,
  encrypted = 46,
  configuration = 47,
  eap = 48,
  encrypted_fragment = 53,
};
bool is_known(PayloadType type);
/// `SA`, `KE`, `IDi`, … as RFC 7296 §3.2 writes them; the number of another.
std::string name_of(PayloadType type);

enum class ExchangeType : std::uint8_t {
  identity_protection = 2,  // IKEv1 (RFC 2408 §3.1)
  aggressive = 4,           // IKEv1
  informational_v1 = 5,
  quick_mode = 32,  // IKEv1
  ike_sa_init = 34,
  ike_auth = 35,
  create_child_sa = 36,
  informational = 37,
  ike_session_resume = 38,  // RFC 5723
  ike_intermediate = 43,    // RFC 9242
  ike_followup_ke = 44,     // RFC 9370
};
std::string name_of(ExchangeType type);

}  // namespace adit::ike::wire
