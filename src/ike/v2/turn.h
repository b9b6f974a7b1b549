#pragma once
// What an exchange is given with the event it answers: the time, the randomness, the Step to write into, and the shard
// around its IKE SA.

#include <variant>

#include "base/random.h"
#include "ike/engine/options.h"
#include "ike/engine/step.h"
#include "ike/engine/views.h"

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
  superseded,
  malformed,
  failed
};
/// For the log.
std::string_view reason_of(Ending ending);

/// nssd's CA key hashes for a set of labels, as far as known.
struct KnownAuthorities {
  enum class Standing : std::uint8_t { asked, known, refused } standing = Standing::asked;
  std::vector<ByteString> key_hashes;
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
  /// Asks nssd; the answer comes back as an event of this SA. An SA has one question open: an older one is forgotten.
  virtual void ask(IkeSa& sa, std::variant<contract::Sign, contract::Verify> request) = 0;
  /// What is known of the authorities; asks nssd when nothing is. Then the SA `waiting` is told when the answer comes.
  virtual const KnownAuthorities& authorities(const StackName& stack, const std::vector<std::string>& ca_labels,
                                              std::optional<IkeSpi> waiting) = 0;

  /// The SA's peer is known: INITIAL_CONTACT ends the older SAs with it (RFC 7296 §2.4).
  enum class Contact : std::uint8_t { initial, further };
  virtual void authenticated(IkeSa& sa, Contact contact) = 0;
  /// Whether another IKE SA with this peer is up.
  virtual bool knows_peer(const IkeSa& sa, const Identity& peer) const = 0;
  /// The names of Child SAs, for the stack's answers to find the SA.
  virtual void child_added(const IkeSa& sa, const ChildSa& child) = 0;
  virtual void child_removed(const IkeSa& sa, const ChildSa& child, Ending ending) = 0;
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
