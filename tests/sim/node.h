#pragma once
// A node: an engine with a stack and a certificate service, each of which may end and come back, and what the engine
// has told the operator.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ike/engine/engine.h"
#include "sim/network.h"
#include "sim/nss_model.h"
#include "sim/site.h"
#include "sim/stack_model.h"

namespace adit::sim {

/// What the nodes of a world share.
struct Surroundings {
  Clockwork& clockwork;
  Dice& dice;
  Trace& trace;
  Network& network;
};

class Node {
 public:
  /// After each step of the engine and each change in the stack.
  using Watch = std::function<void(Node&)>;
  using TakePacket = std::function<void(Node&, const Parcel&)>;

  Node(std::size_t number, Surroundings around, Site site, ike::EngineOptions options, std::uint64_t seed);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Both must be there before the first step.
  void watch(Watch watch, TakePacket take_packet);

  void install(policy::PolicyPointer policy);
  /// The operator's `ipsec -y activate`. Asks nobody while iked is down.
  ike::OperatorAnswer activate(const std::string& tunnel);
  void deactivate_ike();      ///< all IKE tunnels
  void deactivate_tunnels();  ///< all dynamic tunnels
  ike::OperatorAnswer command(ike::Input request);
  /// The same policy again, as pagent hands it out when a file was touched.
  void install_again();
  /// A packet meets the filter with no SA.
  void send_packet(const IpAddress& source, const IpAddress& destination, const std::string& filter_rule = "nets");

  /// Everything is forgotten, the stack's SAs too; the policy comes again.
  void crash_and_restart();
  void crash();           ///< and is down until
  void restart();         ///< it comes back with nothing
  void crash_iked();      ///< the stack carries on with its SAs until
  void restart_iked();    ///< a new engine attaches
  void restart_stackd();  ///< the engine hears that the stack went and came back, with nothing
  void nssd_goes_away() { nss_.go_away(); }
  void nssd_comes_back() { nss_.come_back(); }
  /// From now on the stack refuses to install SAs.
  void refuse_installs() { stack_.refuse_installs(); }
  /// An octet string from anywhere.
  void receive(ike::Datagram datagram);

  std::size_t number() const { return number_; }
  const Site& site() const { return site_; }
  StackName stack() const { return {site_.name}; }
  StackModel& stack_model() { return stack_; }
  const StackModel& stack_model() const { return stack_; }
  const NssModel& nss_model() const { return nss_; }
  const policy::PolicySnapshot& policy() const { return *policy_; }
  const ike::EngineOptions& options() const { return options_; }
  bool is_up() const { return engine_ != nullptr && stack_.is_up(); }
  bool has_engine() const { return engine_ != nullptr; }
  std::vector<ike::IkeTunnelView> ike_tunnels() const;
  std::vector<ike::DynamicTunnelView> dynamic_tunnels() const;
  /// The stack has the pair for a moment longer: another has taken over.
  bool is_leaving(const contract::ChildSaName& name) const;
  bool has_leaving_pairs() const;
  ike::Statistics statistics() const;
  std::optional<Instant> next_deadline() const;
  /// The SA pairs in the stack.
  const std::map<contract::ChildSaName, contract::InstallChildSa>& installed() const { return stack_.installed(); }
  std::size_t installs() const { return stack_.installs(); }
  bool has_told(CatalogueId message) const { return told_.contains(message); }
  /// What went wrong inside: a pair installed twice, one removed that was never there.
  std::vector<std::string> breaches() const;
  std::size_t steps() const { return steps_; }
  /// Looks at the clock since a second began.
  unsigned looks_this_second() const { return looks_; }

 private:
  void begin();
  void end_engine();
  void take(Parcel parcel);
  void feed(ike::Input input);
  void perform(ike::Step step);
  void plan_deadline();
  void look();

  std::size_t number_;
  Surroundings around_;
  Site site_;
  ike::EngineOptions options_;
  SeededRandom random_;
  std::unique_ptr<ike::Engine> engine_;
  policy::PolicyPointer policy_;
  Watch watch_;
  TakePacket take_packet_;
  StackModel stack_;
  NssModel nss_;
  std::map<CatalogueId, std::size_t> told_;
  std::vector<ike::OperatorAnswer> answers_;
  std::optional<Instant> planned_deadline_;
  std::uint64_t life_ = 0;  // counts the engines: a look planned for an earlier one is none of a later one's
  std::size_t steps_ = 0;
  Instant second_began_{};
  unsigned looks_ = 0;
};

}  // namespace adit::sim
