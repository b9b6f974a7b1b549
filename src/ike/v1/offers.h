#pragma once
// Offers of the policy as IKEv1 proposes them, in phase 1 (RFC 2409 §5, appendix A) and in phase 2 (RFC 2407 §4.4,
// §4.5, RFC 3947 §5.1), and what is chosen of a peer's: nothing that is not configured. Lifetimes are taken inside the
// limits of the policy alone (docs/policy.md).

#include <optional>
#include <string>

#include "contract/child_sa.h"
#include "ike/v1/vendor_ids.h"
#include "ike/wire/v1/security_association.h"
#include "policy/model.h"

namespace adit::ike::v1 {

enum class Mode : std::uint8_t { main, aggressive };

/// What both ends agreed on for a phase 1 SA.
struct Phase1Choice {
  EncryptionId encryption{};
  unsigned key_bits = 0;
  PrfId hash{};
  GroupId group{};
  AuthMethod method{};
  Seconds lifetime{0};
  std::optional<std::uint64_t> lifesize_kbytes;
  bool operator==(const Phase1Choice&) const = default;
};
/// `AES_CBC-128 HMAC_SHA2_256 DH MODP_2048 pre-shared key`
std::string to_string(const Phase1Choice& choice);

/// All offers as transforms of one proposal, in order; equal ones once. Those that cannot be used are left out, and in
/// aggressive mode those of another group than that of the KE payload, which is not negotiated (RFC 2409 §5).
wire::v1::SecurityAssociation phase1_offer(const policy::KeyExchangeRule& rule, std::optional<GroupId> alone = {});
struct Phase1Answer {
  Phase1Choice choice;
  wire::v1::SecurityAssociation answer;  ///< the peer's proposal with the one transform chosen
};
/// The first transform of the peer, in its order, that an offer of ours accepts. In aggressive mode the KE payload is
/// there already, so that the group's public values must have its length (RFC 2409 §5): `public_octets`.
std::optional<Phase1Answer> choose_phase1(const policy::KeyExchangeRule& rule,
                                          const wire::v1::SecurityAssociation& offered,
                                          std::optional<std::size_t> public_octets = {});
/// What a responder chose of ours; nothing when it chose what was not offered, or more than one.
std::optional<Phase1Choice> chosen_phase1(const policy::KeyExchangeRule& rule,
                                          const wire::v1::SecurityAssociation& answer);
/// Whether an offer of the rule has the algorithms and the way of proof of a choice, and accepts its lifetimes.
bool accepts(const policy::KeyExchangeRule& rule, const Phase1Choice& choice);

/// Whether traffic's ends are the security endpoints, so that transport mode is possible.
enum class Ends : std::uint8_t { of_traffic, gateways };
enum class Path : std::uint8_t { direct, behind_nat };

/// What both ends agreed on for a phase 2 SA.
struct Phase2Choice {
  const policy::DataOffer* offer = nullptr;
  contract::ChildTransforms transforms;
  contract::EncapsulationMode mode{};
  GroupId group = GroupId::none;
  Seconds lifetime{0};
  std::optional<std::uint64_t> lifesize_kbytes;
  OutboundSpi peer_spi;
  std::optional<OutboundSpi> peer_ah_spi;  ///< of AH around ESP
};

/// By which this end is to receive. Of AH around ESP each has its own: `spi` is ESP's, or that of whatever is alone.
struct InboundSpis {
  InboundSpi spi;
  std::optional<InboundSpi> ah = {};
};

struct Phase2Terms {
  GroupId group = GroupId::none;  ///< of the KE payload
  Ends ends{};
  Path path{};
  NatTraversal nat_traversal = NatTraversal::none;
};

/// Whether AH around ESP is among what can be offered, or taken: then `InboundSpis` has both.
bool may_be_bundle(const policy::DynVpnAction& action, const Phase2Terms& terms);
/// One proposal an offer, in order: with and without extended sequence numbers (RFC 4304 §2.1). AH around ESP takes two
/// of one number, and two of another number for each of those ways.
wire::v1::SecurityAssociation phase2_offer(const policy::DynVpnAction& action, const InboundSpis& spis,
                                           const Phase2Terms& terms);
struct Phase2Answer {
  Phase2Choice choice;
  wire::v1::SecurityAssociation answer;
};
/// The first transform of the peer, in its order, that an offer of ours accepts; of AH and ESP together, one of each.
std::optional<Phase2Answer> choose_phase2(const policy::DynVpnAction& action,
                                          const wire::v1::SecurityAssociation& offered, const InboundSpis& spis,
                                          const Phase2Terms& terms);
/// What a responder chose of ours; nothing when it chose what was not offered, a half of it, or more than one.
std::optional<Phase2Choice> chosen_phase2(const policy::DynVpnAction& action,
                                          const wire::v1::SecurityAssociation& answer, const Phase2Terms& terms);

/// For messages: what is known of it in words, the rest by its numbers.
std::string describe_phase1(const wire::v1::SecurityAssociation& offered);
std::string describe(const wire::v1::SecurityAssociation& offered);
std::string describe(const wire::v1::Transform& transform);
std::string describe_acceptable(const policy::KeyExchangeRule& rule);
std::string describe_acceptable(const policy::DynVpnAction& action);

}  // namespace adit::ike::v1
