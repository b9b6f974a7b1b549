#pragma once
// A phase 1 SA (RFC 2409 §5) as the engine keeps it, with the quick modes under it. What only its establishment needs
// lies in Establishing and goes with it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.h"
#include "contract/certificate_service.h"
#include "crypto/ike_v1_keys.h"
#include "crypto/key_exchange.h"
#include "ike/engine/per_second.h"
#include "ike/engine/step.h"
#include "ike/engine/views.h"
#include "ike/v1/exchanges_seen.h"
#include "ike/v1/offers.h"
#include "ike/v1/states.h"
#include "ike/v1/vendor_ids.h"
#include "ike/v2/child_sa.h"
#include "ike/v2/retransmission.h"
#include "ike/v2/rule_choice.h"
#include "ike/wire/v1/message.h"

namespace adit::ike::v1 {

using v2::ChildSa;
using v2::ChildWish;
using v2::Ending;
using v2::FilterPointer;
using v2::RulePointer;

/// What is needed until both ends have proved themselves.
struct Establishing {
  ByteString sa_body;                       ///< SAi_b: the initiator's, as sent
  wire::v1::SecurityAssociation sa_answer;  ///< responder: what was chosen
  ByteString gxi, gxr, ni, nr;
  std::unique_ptr<crypto::KeyExchange> key_exchange;
  std::optional<crypto::IkeV1Keys> keys;
  ByteString peer_id_body, peer_proof;  ///< as received: ID, HASH or SIG
  std::vector<contract::CertificatePayload> peer_certificates;
  std::vector<ByteString> our_authorities;   ///< for our CERTREQs: subjects, DER; none: any
  std::vector<ByteString> peer_authorities;  ///< of its CERTREQs
  contract::Signature signature;             ///< ours; of a shared key the HASH
  bool awaits_authorities = false;           ///< nssd is asked for our_authorities
  bool wants_certificate = false;            ///< the peer has sent a CERTREQ
  bool takes_any_authority = false;          ///< an empty one, or more than is kept: peer_authorities is empty
  bool initial_contact = false;              ///< the peer said so
  bool failure_told = false;                 ///< the operator knows already why
  bool undecryptable = false;                ///< something encrypted came that could not be read
  std::string unprotected_error;             ///< what somebody answered; believed only when nothing better comes
  wire::v1::NotifyType refusal = wire::v1::NotifyType::authentication_failed;  ///< what a refused peer is told
};

/// A quick mode (RFC 2409 §5.5), until its last message need not be repeated any more.
struct QuickMode {
  enum class State : std::uint8_t {
    offered,     // initiator: message 1 is out
    installing,  // initiator: the stack is asked, before message 3
    preparing,   // responder: the stack is asked, before message 2
    answered,    // responder: message 2 is out
    held,        // the peer has set the commit bit: the stack is asked when it says CONNECTED
    confirmed,   // responder: message 3 came, the stack is asked
    done,
  };
  MessageId id;
  Role role{};
  State state{};
  ByteString iv;             ///< for the next message
  ByteString last_received;  ///< whole, for its repetitions
  std::optional<v2::Retransmission> outstanding;
  ByteString last_sent;
  ByteString ni, nr;
  std::unique_ptr<crypto::KeyExchange> key_exchange;  ///< with PFS
  Secret shared;                                      ///< its result
  ChildWish wish;
  InboundSpis spis;
  std::optional<Phase2Choice> choice;
  bool peer_commits = false;  ///< it has set the commit bit (RFC 2408 §3.1)
  /// Responder: the stack has the pair before message 2 is out, for the peer sends by it as soon as it has that.
  bool installs_early = false;
  bool sends_when_told = false;                   ///< the pair: contract::SendingBegins::when_told
  ByteString held_answer;                         ///< message 2, until the stack has the pair
  bool holds_spi = false;                         ///< the SPIs are to be given back when nothing comes of it
  std::optional<contract::ChildSaName> replaces;  ///< responder: found by its traffic
  Instant forget_at;  ///< done; held: then it goes on without CONNECTED; preparing: then nothing comes of it
  /// Done, responder: the pair went before message 3 came, which is answered with its Delete.
  std::optional<contract::SaProtocol> deleted_protocol;
  std::optional<Instant> is_known_at;  ///< done, initiator: the peer has message 3 by then, or asks again
};

/// A Delete that is sent again, for there is no answer to one.
struct Farewell {
  wire::v1::Delete payload;
  unsigned left = 0;
  Instant next_at;
};

/// By what each end receives with a protocol; nothing where the pair does not have it. AH around ESP has both.
std::optional<InboundSpi> inbound_spi(const ChildSa& child, contract::SaProtocol protocol);
std::optional<OutboundSpi> outbound_spi(const ChildSa& child, contract::SaProtocol protocol);

struct Phase1Sa {
  StackName stack;
  IkeTunnelId tunnel;
  std::uint32_t generation = 1;
  Role role{};
  Mode mode{};
  Phase1State state{};
  IkeSpi initiator_cookie, responder_cookie;
  Endpoint local, remote;
  RulePointer rule;  ///< tentative until the peer's identity is known
  Phase1Choice choice;
  Secret skeyid_d, skeyid_a, cipher_key;
  ByteString iv;  ///< for the next message of phase 1; then its last block (RFC 2409 appendix B)
  bool has_keys = false;
  NatTraversal nat_traversal = NatTraversal::none;
  bool nat_local = false, nat_remote = false;
  bool udp_forced = false;  ///< by our policy, and the peer can do it
  bool peer_has_dpd = false;
  bool counted_half_open = false;
  std::uint64_t arrival = 0;       ///< responder: the number of its message 1 among all that were answered
  std::size_t counted_octets = 0;  ///< unproved_octets() as the shard has counted them
  unsigned repeats = 0;            ///< half-open, closing: so many times our last message went out again
  bool keeps_for_heir = false;     ///< closing: its phase 2 SAs and what is to be said of them wait for its refresh
  PerSecond quick_modes_asked;     ///< by the peer
  std::optional<Identity> local_identity, remote_identity;

  std::unique_ptr<Establishing> establishing;
  ByteString last_received, last_sent;  ///< of phase 1: a repetition gets the same answer
  std::optional<v2::Retransmission> outstanding;
  Instant replay_until;  ///< last_received and last_sent go then
  std::vector<std::unique_ptr<QuickMode>> quick_modes;
  ExchangesSeen exchanges;  ///< quick modes and Informational exchanges
  std::vector<ChildWish> wishes;
  std::vector<ChildSa> children;
  std::vector<Farewell> farewells;
  struct Replaced {
    contract::ChildSaName old;
    Instant delete_at;
  };
  std::vector<Replaced> replaced;  ///< pairs whose successor is up, until the peer has it too

  std::uint32_t dpd_sent = 0, dpd_seen = 0;  ///< sequence numbers (RFC 3706 §6.2)
  std::optional<v2::Retransmission> dpd;     ///< an R-U-THERE without an answer
  std::size_t counters_asked = 0;            ///< how many children, from the first on, the stack has been asked about
  bool counters_told = false, has_sent = false;
  Instant begun_at, last_inbound, established_at;
  std::optional<Instant> refresh_at, expires_at, waits_until, liveness_at, keep_alive_at;
  std::optional<Instant> timer;
  std::uint64_t octets = 0;
  std::uint64_t soft_octets = UINT64_MAX, hard_octets = UINT64_MAX;
  bool is_worn = false;  ///< so its refresh has been asked for, before its time
  RequestId asked;
  Ending ending = Ending::failed;
  std::optional<IkeSpi> refreshes, refreshed_by;  ///< the older, the newer SA of the same tunnel
  std::optional<IkeSpi> supersedes;               ///< the older one, where the peer began this one
  std::optional<Instant> ask_at;                  ///< whether the peer has this one, or look again
  bool heard_since_up = false;                    ///< so the peer has it too
  bool says_initial_contact = false;              ///< in its first quick mode, which is repeated if it is lost
  Endpoint init_remote;                           ///< responder: where message 1 came from
  IpAddress path_local, path_remote;              ///< as entered into the index of paths

  bool is_in_udp() const { return nat_local || nat_remote || udp_forced; }
  /// Kept of a peer that has returned our cookie, but has not proved who it is.
  std::size_t unproved_octets() const;
  IkeSpi our_cookie() const { return role == Role::initiator ? initiator_cookie : responder_cookie; }
  ChildSa* find_child(contract::ChildSaName name);
  ChildSa* find_child(contract::SaProtocol protocol, OutboundSpi spi);
  QuickMode* find_quick_mode(MessageId id);
  QuickMode* quick_mode_of(contract::ChildSaName name);
};

}  // namespace adit::ike::v1
