#pragma once
// What an exchange of IKEv1 is given with the event it answers: the time, the randomness, the Step to write into, and
// the shard around its SA.

#include <memory>
#include <variant>

#include "ike/v1/phase1_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v1 {

/// What the exchanges need of the shard: its numbers and its indexes. As IKEv2's, of which it shares the tunnels.
class Shard {
 public:
  Shard() = default;
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  virtual ~Shard() = default;

  virtual policy::PolicyPointer policy_of(const StackName& stack) const = 0;
  virtual InboundSpi draw_inbound_spi() = 0;
  virtual void release(InboundSpi spi) = 0;
  virtual DynamicTunnelId number_dynamic_tunnel() = 0;
  virtual contract::ChildSaName next_generation(DynamicTunnelId tunnel) = 0;
  /// When the VpnLife of a tunnel ends that has had an SA: Instant::max() without end; nothing for a new one.
  virtual std::optional<Instant> vpn_life_end(DynamicTunnelId tunnel) const = 0;
  /// Whether a proof by the shared key of the SA's rule goes to a peer that has proved nothing for the first time since
  /// the policy came: who asked for it may try out keys at leisure.
  virtual bool is_first_guess(const Phase1Sa& sa) = 0;
  /// Octets that peers which have not proved who they are may still make this side keep.
  virtual std::size_t room_for_unproved(const Phase1Sa& sa) const = 0;
  /// Asks nssd; the answer comes back as an event of this SA.
  virtual void ask(Phase1Sa& sa, std::variant<contract::Sign, contract::Verify> request) = 0;
  /// What is known of the authorities; asks nssd when nothing is. Then the SA `waiting` is told when the answer comes.
  virtual const v2::KnownAuthorities& authorities(const StackName& stack, const std::vector<std::string>& ca_labels,
                                                  std::optional<IkeSpi> waiting) = 0;
  /// The SA's peer is known: INITIAL-CONTACT ends the older SAs with it (RFC 2407 §4.6.3.3).
  enum class Contact : std::uint8_t { initial, further };
  virtual void authenticated(Phase1Sa& sa, Contact contact) = 0;
  /// Another phase 1 SA with the same peer that is up, to which its phase 2 SAs go: the newest of those that the peer
  /// has used, for it hears no Delete under one that it has not yet; else the newest; null when there is none.
  virtual Phase1Sa* heir_of(const Phase1Sa& sa) = 0;
  /// Whether the peer has this end's proof for a refresh of it. That may be up there already and keep the phase 2 SAs,
  /// of which a Delete of the phase 1 SA says nothing (RFC 2408 §3.15): they wait until it is up here too, or fails.
  virtual bool awaits_heir(const Phase1Sa& sa) const = 0;
  /// Whether another one of its rule with the peer's address has come up since it began.
  virtual bool is_overtaken(const Phase1Sa& sa) const = 0;
  /// Whether any phase 1 SA with the peer's address is up.
  virtual bool knows_path(const Phase1Sa& sa) const = 0;
  /// Whether the peer may have one with this end that is not up here yet: message 3 of aggressive mode is under way.
  virtual bool awaits_proof(const Phase1Sa& sa) const = 0;
  virtual void child_added(const Phase1Sa& sa, const ChildSa& child) = 0;
  virtual void child_removed(const Phase1Sa& sa, const ChildSa& child, Ending ending) = 0;
  /// SAs of the same two peers for the same traffic, under any phase 1 SA.
  virtual std::vector<std::pair<Phase1Sa*, ChildSa*>> same_traffic(const Phase1Sa& sa,
                                                                   const policy::Traffic& traffic) = 0;
  /// The SA by which this end sends with an SPI to the same peer, under any phase 1 SA, and that one; nulls.
  virtual std::pair<Phase1Sa*, ChildSa*> child_of_peer(Phase1Sa& sa, contract::SaProtocol protocol,
                                                       OutboundSpi spi) = 0;
  virtual void remove_later(contract::RemoveChildSa pair) = 0;
  /// All children of one, and what is wished for, go over to the other.
  virtual void inherit(Phase1Sa& from, Phase1Sa& to) = 0;
  /// Begins a new phase 1 with the same peer, which is to take over.
  virtual void refresh(Phase1Sa& sa) = 0;
  /// Something happened to another SA than the one that the input in work names.
  virtual void touch(const Phase1Sa& sa) = 0;
  virtual void wish_failed(const Phase1Sa& sa, DynamicTunnelId tunnel, Ending ending) = 0;
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
/// A message that is not taken: counted, and told for whoever looks closely.
void drop(Turn& turn, const Phase1Sa& sa, std::string reason);

/// `K7`
std::string name_of_tunnel(const Phase1Sa& sa);

}  // namespace adit::ike::v1
