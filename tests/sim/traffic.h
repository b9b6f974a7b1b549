#pragma once
// Numbered packets over the tunnels, as the stacks would send them; and what becomes of them: a packet that the network
// delivered and the receiver could not take because an SA was being replaced is one that a user misses.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/node.h"

namespace adit::sim {

struct TrafficCounts {
  std::size_t sent = 0, accepted = 0, without_sa = 0;
  /// Delivered to a receiver without the SA: which was not set up yet, has been deleted, or has crashed.
  std::size_t in_a_gap = 0;
  /// The same, across the replacement of an SA by another: the ends had one in common all the time.
  std::size_t lost_in_replacement = 0;
  /// From the first to the last packet lost in one replacement.
  Duration longest_window{0};
  std::size_t replacements = 0;  ///< flows that went over to another SA while the one before was still there
  TrafficCounts& operator+=(const TrafficCounts& other);
};

/// What one node sends to another in one part of their nets.
struct Flow {
  std::size_t number = 0;
  Node* from = nullptr;
  Node* to = nullptr;
  PacketSelectors packet;
  std::uint64_t sent = 0, accepted = 0;
  Instant last_accepted_sent{}, last_sent{};
  std::optional<contract::ChildSaName> last_used;
  std::optional<Instant> first_lost, last_lost;  // of the window that is open
  bool window_told = false;
  Instant dense_until{}, last_acquire{};
  bool is_ticking = false;
};

class Traffic {
 public:
  struct Choices {
    Duration pause = std::chrono::milliseconds{500};  ///< between packets of a flow
    Duration dense_pause = std::chrono::milliseconds{5};
    Duration dense_time = std::chrono::milliseconds{400};  ///< after something happened to an SA of its node
    bool starts_tunnels = false;                           ///< packets without an SA start negotiations
    /// Nothing but refreshes happens: a flow whose packets have come through once has an SA at both ends ever after.
    bool keeps_sas = false;
    /// The network is cut at times: an SA runs out at one end before the other, which has not heard of a newer one.
    bool is_cut = false;
    /// For so long packets may be lost in one replacement; nothing: none may.
    std::optional<Duration> longest_window;
  };
  using Breach = std::function<void(std::string)>;

  Traffic(Surroundings around, Breach breach) : around_{around}, breach_{std::move(breach)} {}

  void set(const Choices& choices) { choices_ = choices; }
  const Choices& choices() const { return choices_; }
  void add(Node& from, Node& to, unsigned part);
  void begin();
  /// Packets come close together for a while, there and back: their SAs at this node are changing.
  void look_closely_at(const Node& node, const StackModel::Touched& touched);
  void take(Node& at, const Parcel& parcel);

  /// Flows with an SA at both ends whose packets have not come through for so long.
  std::vector<std::string> stuck_for(Duration time) const;
  const TrafficCounts& counts() const { return counts_; }
  const std::vector<std::unique_ptr<Flow>>& flows() const { return flows_; }

 private:
  void tick(Flow& flow);
  void plan_tick(Flow& flow);
  void send(Flow& flow);
  static void close_window(Flow& flow);
  void lost(Flow& flow, const Node& at, const TestPacket& packet);

  Surroundings around_;
  Breach breach_;
  Choices choices_;
  TrafficCounts counts_;
  std::vector<std::unique_ptr<Flow>> flows_;
  bool has_begun_ = false;
};

}  // namespace adit::sim
