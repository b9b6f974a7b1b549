#include "ike/wire/payload_type.h"

#include <array>
#include <utility>

namespace adit::ike::wire {
namespace {

constexpr std::array<std::pair<PayloadType, const char*>, 17> payload_names = {{
    {PayloadType::security_association, "SA"},
    {PayloadType::key_exchange, "KE"},
    {PayloadType::identification_initiator, "IDi"},
    {PayloadType::identification_responder, "IDr"},
    {PayloadType::certificate, "CERT"},
    {PayloadType::certificate_request, "CERTREQ"},
    {PayloadType::authentication, "AUTH"},
    {PayloadType::nonce, "Nonce"},
    {PayloadType::notify, "N"},
    {PayloadType::delete_, "D"},
    {PayloadType::vendor_id, "V"},
    {PayloadType::traffic_selectors_initiator, "TSi"},
    {PayloadType::traffic_selectors_responder, "TSr"},
    {PayloadType::encrypted, "SK"},
    {PayloadType::configuration, "CP"},
    {PayloadType::eap, "EAP"},
    {PayloadType::encrypted_fragment, "SKF"},
}};

constexpr std::array<std::pair<ExchangeType, const char*>, 11> exchange_names = {{
    {ExchangeType::identity_protection, "Main mode"},
    {ExchangeType::aggressive, "Aggressive mode"},
    {ExchangeType::informational_v1, "Informational (IKEv1)"},
    {ExchangeType::quick_mode, "Quick mode"},
    {ExchangeType::ike_sa_init, "IKE_SA_INIT"},
    {ExchangeType::ike_auth, "IKE_AUTH"},
    {ExchangeType::create_child_sa, "CREATE_CHILD_SA"},
    {ExchangeType::informational, "INFORMATIONAL"},
    {ExchangeType::ike_session_resume, "IKE_SESSION_RESUME"},
    {ExchangeType::ike_intermediate, "IKE_INTERMEDIATE"},
    {ExchangeType::ike_followup_ke, "IKE_FOLLOWUP_KE"},
}};

template <class Names, class Type>
std::string name_in(const Names& names, Type type) {
  for (const auto& [known, name] : names) {
    if (known == type) return name;
  }
  return std::to_string(static_cast<unsigned>(type));
}

}  // namespace

bool is_known(PayloadType type) {
  for (const auto& [known, name] : payload_names) {
    if (known == type) return true;
  }
  return false;
}

std::string name_of(PayloadType type) { return name_in(payload_names, type); }
std::string name_of(ExchangeType type) { return name_in(exchange_names, type); }

}  // namespace adit::ike::wire
