// An enumerator is one more on the wire than in its domain type: the last of each shows that both lists agree.
#include "adit/v1/nss.pb.h"
#include "adit/v1/operator.pb.h"
#include "contract/certificate_service.h"
#include "ike/engine/engine.h"
#include "policy/model.h"
#include "rpc/intake.h"

namespace adit::rpc {

static_assert(choice<v1::FilterAction>(policy::FilterAction::ipsec) == v1::FilterAction_MAX);
static_assert(choice<v1::FilterLogging>(policy::FilterLogging::deny) == v1::FilterLogging_MAX);
static_assert(choice<v1::DiscardAction>(policy::DiscardAction::icmp) == v1::DiscardAction_MAX);
static_assert(choice<v1::Direction>(policy::Direction::outbound) == v1::Direction_MAX);
static_assert(choice<v1::Routing>(policy::Routing::either) == v1::Routing_MAX);
static_assert(choice<v1::ConnectQualifier>(policy::ConnectQualifier::outbound) == v1::ConnectQualifier_MAX);
static_assert(choice<v1::Granularity>(policy::Granularity::packet) == v1::Granularity_MAX);
static_assert(choice<v1::Initiation>(policy::Initiation::either) == v1::Initiation_MAX);
static_assert(choice<v1::EncapsulationChoice>(policy::EncapsulationChoice::either) == v1::EncapsulationChoice_MAX);
static_assert(choice<v1::HowToInitiate>(policy::HowToInitiate::do_not) == v1::HowToInitiate_MAX);
static_assert(choice<v1::HowToAuthMe>(policy::HowToAuthMe::digital_signature) == v1::HowToAuthMe_MAX);
static_assert(choice<v1::HowToAuthPeers>(policy::HowToAuthPeers::signature) == v1::HowToAuthPeers_MAX);
static_assert(choice<v1::UrlPreference>(policy::UrlPreference::disallow) == v1::UrlPreference_MAX);
static_assert(choice<v1::Revocation>(policy::Revocation::strict) == v1::Revocation_MAX);
static_assert(choice<v1::DfPolicy>(policy::DfSetting::set) == v1::DfPolicy_MAX);
static_assert(choice<v1::DfPolicy>(contract::DfPolicy::set) == v1::DfPolicy_MAX);
static_assert(choice<v1::EncapsulationMode>(contract::EncapsulationMode::transport) == v1::EncapsulationMode_MAX);
static_assert(choice<v1::RevocationChecking>(contract::RevocationChecking::strict) == v1::RevocationChecking_MAX);
static_assert(choice<v1::SignatureChoice>(contract::SignatureChoice::any) == v1::SignatureChoice_MAX);
static_assert(choice<v1::ServiceRefusal::Kind>(contract::ServiceRefusal::Kind::malformed) ==
              v1::ServiceRefusal_Kind_Kind_MAX);
static_assert(choice<v1::OperatorAnswer::Status>(ike::OperatorAnswer::Status::forbidden) ==
              v1::OperatorAnswer_Status_Status_MAX);
static_assert(choice<v1::IkeTunnel::State>(ike::IkeState::half_closed) == v1::IkeTunnel_State_State_MAX);
static_assert(choice<v1::IkeTunnel::Role>(ike::Role::responder) == v1::IkeTunnel_Role_Role_MAX);
static_assert(choice<v1::DynamicTunnel::State>(ike::ChildState::expired) == v1::DynamicTunnel_State_State_MAX);
static_assert(choice<v1::DynamicTunnel::Activation>(ike::Activation::remote) ==
              v1::DynamicTunnel_Activation_Activation_MAX);

}  // namespace adit::rpc
