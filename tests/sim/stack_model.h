#pragma once
// What stackd does, as far as iked sees it: installs and removes SA pairs one after another, sends a packet with the
// newest pair that carries it, takes a packet in by its SPI, ends pairs at their hard limits, and counts.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ike/engine/step.h"
#include "sim/clockwork.h"
#include "sim/dice.h"
#include "sim/parcel.h"
#include "sim/trace.h"

namespace adit::sim {

class StackModel {
 public:
  using Tell = std::function<void(ike::Input)>;  ///< to iked
  using Changed = std::function<void()>;         ///< the pairs have

  struct Pair {
    contract::InstallChildSa sa;
    std::uint64_t digest_in = 0, digest_out = 0;  // of the keys
    enum class Sending : std::uint8_t { begun, awaits_peer, awaits_word, retired } sending{};
    std::uint64_t installed_as = 0;  ///< counts the installs: a newer tunnel goes before an older one
    Instant installed_at{};
    bool soft_told = false;
    std::uint64_t outbound_packets = 0, inbound_packets = 0;
    std::optional<Instant> last_inbound, move_told;
  };
  /// An inbound half that is gone, and whether traffic had another to go on with.
  struct Removed {
    bool was_replaced = false, ran_out = false;
  };

  StackModel(Clockwork& clockwork, Dice& dice, Trace& trace, StackName name, Tell tell, Changed changed)
      : clockwork_{clockwork},
        dice_{dice},
        trace_{trace},
        name_{std::move(name)},
        tell_{std::move(tell)},
        changed_{std::move(changed)} {}

  // iked's side.
  void ask(ike::StackRequest request);
  /// Both begin at once.
  void start();
  /// iked is gone: what it asked for is still done, but nobody hears of it.
  void key_manager_gone();
  /// iked is here, and has been told nothing: all pairs go, then it is told that the stack is up.
  void key_manager_came();
  /// stackd itself ends, and comes back with nothing.
  void crash();
  /// From now on it refuses to install SAs.
  void refuse_installs() { refuses_ = true; }

  // The traffic's side.
  /// The pair that a packet leaves by, and the older generation that it would leave by without the first.
  struct Choice {
    const Pair* pair = nullptr;
    const Pair* instead = nullptr;
  };
  Choice choose_outbound(const PacketSelectors& packet);
  /// Takes a packet in; what is wrong with it, or nothing.
  enum class Verdict : std::uint8_t { accepted, no_sa, wrong_key, wrong_selectors };
  Verdict take_in(const TestPacket& packet, const Endpoint& from);
  const Pair* find_inbound(InboundSpi spi) const;
  std::optional<Removed> find_removed(InboundSpi spi) const;

  /// Whether a pair here that carries a packet has its other end there.
  bool shares(const PacketSelectors& packet, const StackModel& there) const;

  const std::map<contract::ChildSaName, contract::InstallChildSa>& installed() const { return installed_; }
  const Pair* find(contract::ChildSaName name) const;
  /// Whether a removal is asked for and not done yet.
  bool is_to_be_removed(contract::ChildSaName name) const { return to_remove_.contains(name); }
  bool is_up() const { return up_; }
  std::size_t installs() const { return installs_; }
  /// The traffic whose SAs are changing, since it was last asked: installs and removals, as they are wanted and done.
  struct Touched {
    TrafficSelectors local, remote;
  };
  std::vector<Touched> take_touched() { return std::exchange(touched_, {}); }
  const std::vector<std::string>& breaches() const { return breaches_; }

 private:
  void later(std::function<void()> what);
  void touch(const contract::InstallChildSa& sa) { touched_.push_back({sa.local_ts, sa.remote_ts}); }
  void answer(const contract::InstallChildSa& request, std::uint64_t key_manager);
  void answer(const contract::RemoveChildSa& request, std::uint64_t key_manager);
  void answer(const contract::RetireChildSa& request, std::uint64_t key_manager);
  void answer(const contract::BeginSending& request, std::uint64_t key_manager);
  void answer(const contract::MovePeer& request, std::uint64_t key_manager);
  void answer(const ike::QueryCounters& request, std::uint64_t key_manager);
  void tell(std::uint64_t key_manager, ike::Input input);
  void add(const contract::InstallChildSa& request);
  void remove(contract::ChildSaName name);
  void remove_all();
  void put_in_search_order(Pair& pair);
  void begin_sending(Pair& pair);
  void let_one_send(DynamicTunnelId tunnel);
  void end_by_limit(contract::ChildSaName name);
  void count(Pair& pair);
  contract::ChildSaCounters counters_of(const Pair& pair) const;

  Clockwork& clockwork_;
  Dice& dice_;
  Trace& trace_;
  StackName name_;
  Tell tell_;
  Changed changed_;
  std::map<contract::ChildSaName, Pair> pairs_;
  std::map<contract::ChildSaName, contract::InstallChildSa> installed_;
  std::set<contract::ChildSaName> ended_by_limit_;
  std::map<InboundSpi, contract::ChildSaName> inbound_, inbound_of_ah_;  // of AH around ESP
  std::map<InboundSpi, Removed> removed_;
  std::map<contract::ChildSaName, std::size_t> to_remove_;
  std::vector<Pair*> search_order_;
  std::vector<std::string> breaches_;
  std::vector<Touched> touched_;
  std::uint64_t life_ = 0, key_manager_ = 0;  // what an earlier one asked for or was asked is not answered
  Instant free_at_{};
  std::size_t installs_ = 0;
  bool up_ = false, attached_ = false, refuses_ = false;
};

std::string text_of(const contract::ChildSaName& name);

}  // namespace adit::sim
