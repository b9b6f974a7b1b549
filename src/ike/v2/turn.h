#pragma once
// What an exchange is given with the event it answers: the time, the randomness, the Step to write into, and the shard
// around its IKE SA.

#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.h"
#include "ike/engine/options.h"
#include "ike/engine/step.h"
#include "ike/engine/views.h"
#include "policy/match.h"

namespace adit::ike::v2 {

struct IkeSa;
struct ChildSa;

/// How an SA ends.
enum class Ending : std::uint8_t {
  by_operator,
  by_peer,
  by_policy,
  expired,
  peer_dead,
  stack_gone,
  superseded,      // another SA has taken over
  peer_restarted,  // INITIAL_CONTACT
  too_many,        // with one peer
  malformed,
  failed
};
/// For the log.
std::string_view reason_of(Ending ending);

/// nssd's CAs for a set of labels, as far as known: by the hashes of their keys, and by their subjects, in DER.
struct KnownAuthorities {
  enum class Standing : std::uint8_t { asked, known, refused } standing = Standing::asked;
  std::vector<ByteString> key_hashes, subjects;
};

/// What the exchanges need of the shard: its numbers and its indexes.
class Shard {
 public:
  Shard() = default;
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  virtual ~Shard() = default;

  /// The policy of a stack; null when it has none.
  virtual policy::PolicyPointer policy_of(const StackName& stack) const = 0;
  virtual InboundSpi draw_inbound_spi() = 0;
  virtual void release(InboundSpi spi) = 0;
  virtual DynamicTunnelId number_dynamic_tunnel() = 0;
  /// The name of the next SA of a tunnel that there is.
  virtual contract::ChildSaName next_generation(DynamicTunnelId tunnel) = 0;
  /// When the VpnLife of a tunnel ends that has had an SA: Instant::max() without end; nothing for a new one.
  virtual std::optional<Instant> vpn_life_end(DynamicTunnelId tunnel) const = 0;
  /// The tunnel that carries just this traffic to and from the same peer already, under another IKE SA.
  virtual std::optional<DynamicTunnelId> tunnel_with_peer(const IkeSa& sa, const policy::Traffic& traffic) = 0;
  /// Asks nssd; the answer comes back as an event of this SA. An SA has one question open: an older one is forgotten.
  virtual void ask(IkeSa& sa, std::variant<contract::Sign, contract::Verify> request) = 0;
  /// What is known of the authorities; asks nssd when nothing is. Then the SA `waiting` is told when the answer comes.
  virtual const KnownAuthorities& authorities(const StackName& stack, const std::vector<std::string>& ca_labels,
                                              std::optional<IkeSpi> waiting) = 0;

  /// The SA's peer is known: INITIAL_CONTACT ends the older SAs with it (RFC 7296 §2.4).
  enum class Contact : std::uint8_t { initial, further };
  virtual void authenticated(IkeSa& sa, Contact contact) = 0;
  /// The peer is asked to prove who it is, and from then on may have the IKE SA.
  virtual void asks_peer(const IkeSa& sa, const Identity& peer) = 0;
  /// Whether another IKE SA with this peer is up, here or perhaps there.
  virtual bool knows_peer(const IkeSa& sa, const Identity& peer) const = 0;
  /// How many there are with this one's peer, it and those that are to go among them.
  virtual std::size_t ike_sas_with_peer(const IkeSa& sa) const = 0;
  /// Octets that peers which have not proved who they are may still make this side keep.
  virtual std::size_t room_for_unproved(const IkeSa& sa) const = 0;
  /// The names of Child SAs, for the stack's answers to find the SA.
  virtual void child_added(const IkeSa& sa, const ChildSa& child) = 0;
  /// The stack has it.
  virtual void child_up(const ChildSa& child) = 0;
  virtual void child_removed(const IkeSa& sa, const ChildSa& child, Ending ending) = 0;
  /// Further SAs of the same two peers for the same traffic, under any IKE SA: two ends that began at once have two.
  virtual std::vector<std::pair<IkeSa*, ChildSa*>> doubles_of(const IkeSa& sa, const ChildSa& child) = 0;

  /// Whether no other SA of its tunnel is there to carry its traffic.
  virtual bool is_alone(const ChildSa& child) const = 0;
  /// The stack is to remove a pair when what the peer sent on it before it had our Delete has come in.
  virtual void remove_later(contract::RemoveChildSa pair) = 0;

  // Rekeying and reauthentication of IKE SAs.
  virtual IkeSpi draw_ike_spi() = 0;
  virtual IkeSa* find(IkeSpi our_spi) = 0;
  /// Enters an SA that a rekey made; its timers are set when the input in work is done.
  virtual IkeSa& enter(std::unique_ptr<IkeSa> sa) = 0;
  /// All children of one, and what is wished for, go over to the other (RFC 7296 §2.8).
  virtual void inherit(IkeSa& from, IkeSa& to) = 0;
  /// Begins anew from IKE_SA_INIT, with the same children (RFC 7296 §2.8.3).
  virtual void reauthenticate(IkeSa& sa) = 0;
  /// Something happened to another SA than the one that the input in work names.
  virtual void touch(const IkeSa& sa) = 0;

  /// A tunnel this side wanted has come to nothing.
  virtual void wish_failed(const IkeSa& sa, DynamicTunnelId tunnel, Ending ending) = 0;
};

struct Turn {
  Instant now;
  Random& random;
  const EngineOptions& options;
  Step& step;
  Statistics& statistics;
  Shard& shard;
};

/// Adds a message for the operator.
void tell(Turn& turn, CatalogueId message, std::vector<LogRecord::Field> fields);

}  // namespace adit::ike::v2
