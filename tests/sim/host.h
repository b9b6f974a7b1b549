#pragma once
// A host: an engine, a stack that installs what it is told, and what both have told the operator.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ike/engine/engine.h"
#include "sim/network.h"
#include "sim/site.h"

namespace adit::sim {

class Host {
 public:
  Host(Clockwork& clockwork, Dice& dice, Network& network, Site site, ike::EngineOptions options, std::uint64_t seed);

  void install(policy::PolicyPointer policy);
  /// The operator's `ipsec -y activate`.
  ike::OperatorAnswer activate(const std::string& tunnel);
  void deactivate_ike();      ///< all IKE tunnels
  void deactivate_tunnels();  ///< all dynamic tunnels
  /// A packet meets the filter with no SA.
  void send_packet(const IpAddress& source, const IpAddress& destination);
  /// Everything is forgotten, the stack's SAs too; the policy comes again.
  void crash_and_restart();
  /// From now on the stack refuses to install SAs.
  void refuse_installs() { refuses_ = true; }
  /// An octet string from anywhere.
  void receive(ike::Datagram datagram);

  const Site& site() const { return site_; }
  StackName stack() const { return {site_.name}; }
  std::vector<ike::IkeTunnelView> ike_tunnels() const { return engine_->ike_tunnels(stack()); }
  std::vector<ike::DynamicTunnelView> dynamic_tunnels() const { return engine_->dynamic_tunnels(stack()); }
  ike::Statistics statistics() const { return engine_->statistics(); }
  /// The SA pairs in the stack.
  const std::map<contract::ChildSaName, contract::InstallChildSa>& installed() const { return installed_; }
  std::size_t installs() const { return installs_; }
  bool has_told(CatalogueId message) const;
  std::string log() const;
  /// What went wrong inside: a pair installed twice, one removed that was never there.
  const std::vector<std::string>& breaches() const { return breaches_; }

 private:
  void feed(ike::Input input);
  void perform(ike::Step step);
  void ask_stack(ike::StackRequest request);
  void answer(const contract::InstallChildSa& request);
  void answer(const contract::RemoveChildSa& request);
  void answer(const contract::RetireChildSa& request);
  void answer(const ike::QueryCounters& request);
  void plan_deadline();

  Clockwork& clockwork_;
  Dice& dice_;
  Network& network_;
  Site site_;
  ike::EngineOptions options_;
  SeededRandom random_;
  std::unique_ptr<ike::Engine> engine_;
  policy::PolicyPointer policy_;
  std::map<contract::ChildSaName, contract::InstallChildSa> installed_;
  std::vector<std::string> log_, breaches_;
  std::vector<CatalogueId> told_;
  std::vector<ike::OperatorAnswer> answers_;
  Instant stack_free_at_{};  // the stack takes requests one after another
  std::optional<Instant> planned_deadline_;
  std::uint64_t life_ = 0;  // counts the restarts: what an earlier life asked for is not answered
  std::size_t installs_ = 0;
  unsigned idle_turns_ = 0;
  bool refuses_ = false;
};

}  // namespace adit::sim
