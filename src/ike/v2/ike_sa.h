#pragma once
// An IKE SA as the engine keeps it. What only its establishment needs lies in Establishing and goes with it, so that an
// SA at rest is small: keys instead of cipher objects (making one costs about a microsecond a message, keeping one a
// kilobyte an SA), pointers into the policy instead of copies.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.h"
#include "base/ip_address.h"
#include "contract/certificate_service.h"
#include "crypto/ike_keys.h"
#include "crypto/key_exchange.h"
#include "ike/engine/per_second.h"
#include "ike/engine/views.h"
#include "ike/v2/child_sa.h"
#include "ike/v2/fragmentation.h"
#include "ike/v2/ike_rekey.h"
#include "ike/v2/message_window.h"
#include "ike/v2/received.h"
#include "ike/v2/retransmission.h"
#include "ike/v2/rule_choice.h"
#include "ike/v2/states.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

/// A request of the peer, and its response for repetitions (RFC 7296 §2.1).
struct StoredResponse {
  MessageId id;
  Endpoint local, remote;             ///< where the request came to and from: there the response goes
  std::vector<ByteString> datagrams;  ///< none while the request is being worked on
  Instant forget_at;
};

/// What is needed until both ends have proved themselves.
struct Establishing {
  ByteString init_request, init_response;  ///< as sent: both are signed (RFC 7296 §2.15)
  unsigned init_repeats = 0;               ///< responder: so many times the response went out again
  ByteString ni, nr, peer_public_value;
  std::unique_ptr<crypto::KeyExchange> key_exchange;
  ByteString cookie;                  ///< initiator: to be returned
  std::vector<GroupId> tried_groups;  ///< initiator: INVALID_KE_PAYLOAD is followed once a group
  unsigned cookies_returned = 0;      ///< initiator: so many times the request went out again at once
  std::string unprotected_error;      ///< initiator: what somebody answered; believed only when nothing better comes
  bool failure_told = false;          ///< the operator knows already why this side has no proof
  std::vector<crypto::HashId> peer_hashes;
  std::vector<ByteString> peer_authorities;  ///< of its CERTREQs
  bool peer_takes_urls = false;
  bool peer_may_be_childless = false;       ///< initiator: IKE_AUTH may come without a Child SA (RFC 6023)
  std::vector<ByteString> our_authorities;  ///< for our CERTREQ
  ByteString peer_id_body;                  ///< IDi' or IDr' as received
  contract::Signature signature;            ///< our AUTH
  std::unique_ptr<Received> auth_message;   ///< the peer's IKE_AUTH message
  wire::NotifyType refusal = wire::NotifyType::authentication_failed;  ///< what the peer is told when it is refused
  std::size_t auth_octets = 0;                                         ///< of that message
  ByteString refusal_octets;                                           ///< with it
};

/// An IKE_AUTH or CREATE_CHILD_SA request whose answer waits for the stack to install the Child SA.
struct AnswerInWaiting {
  wire::ExchangeType exchange{};
  MessageId id;
  Instant until;  ///< then the peer is told that there is no child
  contract::ChildSaName child;
  bool has_child = false;        ///< the stack has it, or may still get it
  wire::Payloads with_child;     ///< the answer when the stack has it
  wire::Payloads without_child;  ///< the answer when there is none
};

/// A CREATE_CHILD_SA request of ours, or the child part of our IKE_AUTH request.
struct ChildNegotiation {
  ChildWish wish;
  InboundSpi inbound_spi;
  ByteString nonce;
  std::unique_ptr<crypto::KeyExchange> key_exchange;  ///< with PFS
  bool transport_asked = false;
  bool cancelled = false;  ///< deactivated while the peer was asked
  /// SPIs that the peer deleted and that no SA here has: the response that names one may have been lost.
  static constexpr std::size_t most_deleted = 16;
  std::vector<Spi> deleted_by_peer;
};

struct IkeSa {
  StackName stack;
  IkeTunnelId tunnel;
  std::uint32_t generation = 1;
  Role role{};
  SaState state{};
  IkeSpi initiator_spi, responder_spi;
  Endpoint local, remote;
  RulePointer rule;  ///< tentative until both identities are known
  IkeAlgorithms algorithms;
  crypto::IkeKeys keys;
  bool has_keys = false;
  bool nat_local = false, nat_remote = false;
  bool udp_forced = false;  ///< by our policy, and the peer can do it
  bool peer_fragments = false;
  bool counted_half_open = false;
  bool returned_cookie = false;    ///< so its peer is where its IKE_SA_INIT request came from
  std::size_t counted_octets = 0;  ///< unproved_octets() as the shard has counted them
  std::optional<Identity> local_identity, remote_identity;
  std::optional<AuthMethod> local_auth, remote_auth;

  MessageId next_request;
  std::optional<Retransmission> outstanding;
  RequestWindow requests;  ///< the peer's
  bool window_announced = false;
  PerSecond create_child_requests;            ///< the peer's, also under the SAs that this one has rekeyed
  std::vector<StoredResponse> responses;      ///< to as many requests as the window holds, those in work among them
  std::vector<Reassembly> requests_in_parts;  ///< fresh ones, so no more than the window holds
  std::unique_ptr<Reassembly> response_in_parts;
  std::unique_ptr<Establishing> establishing;
  std::vector<AnswerInWaiting> waiting;  ///< to requests in work
  std::unique_ptr<ChildNegotiation> negotiation;
  std::unique_ptr<IkeRekey> rekey;  ///< our request to rekey this IKE SA
  std::vector<ChildWish> wishes;
  std::vector<ChildSa> children;
  struct SpiToDelete {
    contract::SaProtocol protocol{};
    InboundSpi spi;
  };
  std::vector<SpiToDelete> spis_to_delete;  ///< whose Delete is to go out
  bool liveness_wanted = false, delete_sent = false;
  bool rekey_wanted = false, reauthentication_wanted = false;
  bool rekey_put_off = false;                                  ///< once, for a reauthentication under way
  std::uint8_t rekeys_refused = 0;                             ///< by TEMPORARY_FAILURE, in a row
  bool rekey_missed = false, reauthentication_missed = false;  ///< it was unused then: when it is used again
  std::size_t counters_asked = 0;                              ///< of so many children, since silence is looked into
  bool heard_since_up = false;                                 ///< a message under it, or a packet by a child
  bool has_sent = false, counters_told = false;  ///< children, since the peer was last heard; the stack has answered
  std::optional<GroupId> rekey_group;            ///< that the peer asked for, where it is not the present one
  std::optional<IkeSpi> reauthenticates, reauthenticated_by;  ///< the older, the newer IKE SA of the same tunnel
  std::optional<IkeSpi> rival_to;  ///< made by the peer's rekey of that SA while our own was open
  bool delete_wanted = false;  ///< while the responder may have the SA already: it gets a Delete once the SA is up here
  Ending ending = Ending::failed;  ///< as somebody wanted it; failed: nobody did

  Instant auth_after;  ///< the peer wrote its part of IKE_AUTH after that
  Instant last_inbound, established_at;
  std::optional<Instant> refresh_at, reauth_at;  ///< rekey (RFC 7296 §2.8), reauthentication (§2.8.3)
  std::optional<Instant> deletes_wait_until;     ///< the stack is to send no more by what is deleted then
  std::optional<Instant> patience_until;         ///< the peer said TEMPORARY_FAILURE: what it cannot do now waits
  std::optional<Instant> expires_at;             ///< the lifetime's end; of a half-open SA, its end
  std::optional<Instant> waits_until;            ///< for nssd or the stack
  std::optional<Instant> liveness_at;            ///< when silence is looked into
  std::optional<Instant> keep_alive_at;          ///< NAT keep-alive (RFC 3948 §4)
  std::optional<Instant> timer;                  ///< when the engine looks at this SA next
  std::uint64_t octets = 0;                      ///< protected so far, both ways
  std::uint64_t soft_octets = UINT64_MAX, hard_octets = UINT64_MAX;  ///< the lifesize: rekey, and end
  std::uint64_t sealed = 0;                                          ///< messages and fragments, for IVs that count
  RequestId asked;                                                   ///< its question to nssd, 0: none yet
  Endpoint init_remote;               ///< responder: where the IKE_SA_INIT request came from
  IpAddress path_local, path_remote;  ///< as entered into the index of paths

  IkeSpi our_spi() const { return role == Role::initiator ? initiator_spi : responder_spi; }
  ChildSa* find_child(contract::ChildSaName name);
  ChildSa* find_child(contract::SaProtocol protocol, OutboundSpi spi);
  void erase(const ChildSa& child);
  StoredResponse* find_response(MessageId id);
  /// Octets that are kept of a peer before it has proved who it is; the IKE_SA_INIT request, which has a limit of its
  /// own, not among them.
  std::size_t unproved_octets() const;
  /// How many requests the peer may have open: one until the initial exchanges are complete and it has been told of
  /// more (RFC 7296 §2.3).
  std::uint32_t window_size() const { return window_announced && is_authenticated(state) ? own_window : 1; }

  SecretView sending_key() const { return role == Role::initiator ? SecretView{keys.sk_ei} : SecretView{keys.sk_er}; }
  SecretView sending_integrity() const {
    return role == Role::initiator ? SecretView{keys.sk_ai} : SecretView{keys.sk_ar};
  }
  SecretView receiving_key() const { return role == Role::initiator ? SecretView{keys.sk_er} : SecretView{keys.sk_ei}; }
  SecretView receiving_integrity() const {
    return role == Role::initiator ? SecretView{keys.sk_ar} : SecretView{keys.sk_ai};
  }
};

}  // namespace adit::ike::v2
