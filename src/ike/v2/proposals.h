#pragma once
// Proposals: what the policy's offers look like on the wire (RFC 7296 §2.13, §3.3, §3.3.1, §3.3.5), and what is chosen
// of a peer's: nothing that is not configured (§2.7, §3.3.4).

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/child_sa.h"
#include "ike/v2/rule_choice.h"
#include "ike/wire/security_association.h"

namespace adit::ike::v2 {

/// One proposal an offer, in the policy's order, each with a single transform of a type; equal ones once. `spi`: of the
/// SA that a rekey is to make; nothing in IKE_SA_INIT (RFC 7296 §3.3.1).
wire::SecurityAssociation ike_offer(const policy::KeyExchangeRule& rule, std::optional<IkeSpi> spi = std::nullopt);
/// The IKE SPI of a proposal; nothing when it has none, or zero, or one of another size.
std::optional<IkeSpi> ike_spi_of(const wire::Proposal& proposal);

struct IkeChoice {
  IkeAlgorithms algorithms;
  wire::SecurityAssociation answer;  ///< the chosen proposal, with the peer's number and no SPI
  std::optional<IkeSpi> peer_spi;    ///< that came with it
};
/// Puts our SPI into the answer to a rekey.
void name_spi(wire::SecurityAssociation& answer, IkeSpi spi);
/// The first of our offers, in order, that one of the peer's proposals contains. Nothing when none does.
std::optional<IkeChoice> choose_ike(const policy::KeyExchangeRule& rule, const wire::SecurityAssociation& offered);
/// What a responder chose of ours; nothing when it chose what was not offered.
std::optional<IkeAlgorithms> chosen_ike(const policy::KeyExchangeRule& rule, const wire::SecurityAssociation& answer);

/// Whether AH may be offered: it does not pass a NAT.
enum class Path : std::uint8_t { direct, behind_nat };

/// Transforms of an offer, without the choice of sequence numbers.
contract::ChildTransforms transforms_of(const policy::DataOffer& offer);

/// Whether any of the action's offers can be used there: an IKEv2 peer must not be asked with no proposal at all.
bool can_be_offered(const policy::DynVpnAction& action, Path path);
/// Of the first offer that can be used there.
contract::SaProtocol first_protocol(const policy::DynVpnAction& action, Path path);
/// One proposal an offer; both kinds of sequence numbers, extended ones first. With a group it joins each proposal.
wire::SecurityAssociation child_offer(const policy::DynVpnAction& action, InboundSpi spi, GroupId pfs, Path path);

struct ChildChoice {
  const policy::DataOffer* offer = nullptr;
  contract::ChildTransforms transforms;
  GroupId group = GroupId::none;
  std::vector<TransformType> chosen_none;  ///< types in the proposal of which NONE was chosen: the answer has them too
  OutboundSpi peer_spi;
  std::uint8_t number = 1;
};
/// For the responder: the first of our offers that a proposal contains. `groups`: acceptable for PFS; GroupId::none
/// where a proposal without one is.
std::optional<ChildChoice> choose_child(const policy::DynVpnAction& action, const std::vector<GroupId>& groups,
                                        const wire::SecurityAssociation& offered, Path path);
/// What a responder chose of ours, with that group of the request's KE payload; nothing when it chose what was not
/// offered, or more than one of a type.
std::optional<ChildChoice> chosen_child(const policy::DynVpnAction& action, GroupId group,
                                        const wire::SecurityAssociation& answer, Path path);
/// The answer to a choice, with our SPI.
wire::SecurityAssociation child_answer(const ChildChoice& choice, InboundSpi spi);

/// For messages: `AES_CBC-128 HMAC_SHA2_256_128 …; …`
std::string describe(const wire::SecurityAssociation& offered);
/// `AES_CBC-128 … (offer 1, pagent.conf:41); …`
std::string describe_acceptable(const policy::KeyExchangeRule& rule);
std::string describe_acceptable(const policy::DynVpnAction& action, Path path);

}  // namespace adit::ike::v2
