#pragma once
// The inside of an Engine: the SAs of the shard and the ways to find them. Every look-up by what a datagram, a stack or
// nssd names is one hash or tree search; nothing walks over all SAs but a report and an operator's "all".

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "ike/engine/engine.h"
#include "ike/engine/half_open.h"
#include "ike/engine/leaving.h"
#include "ike/engine/pauses.h"
#include "ike/engine/per_second.h"
#include "ike/engine/timers.h"
#include "ike/v1/phase1_sa.h"
#include "ike/v1/turn.h"
#include "ike/v2/cookie.h"
#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"
#include "ike/wire/header.h"

namespace adit::ike {

/// What iked knows of a TCP/IP stack.
struct StackKnowledge {
  struct LabelAuthorities {
    v2::KnownAuthorities known;
    Instant asked_at{};
    RequestId asked;
    std::vector<IkeSpi> waiting;  ///< SAs that cannot go on without
  };
  policy::PolicyPointer policy;
  bool up = false;
  std::map<std::vector<std::string>, LabelAuthorities> authorities;
  std::set<std::string> keys_given_to_guess;  ///< IKEv1: of KeyExchangeRules, told since the policy came
};

class Engine::State final : public v2::Shard, public v1::Shard {
 public:
  State(EngineOptions options, Random& random)
      : options_{options}, random_{random}, half_open_{options_}, half_open_v1_{options_} {}

  Step handle(Input input, Instant now);
  std::optional<Instant> next_deadline() const;

  // Inputs, one each.
  void take(Datagram& datagram);
  void take(PolicyInstalled& installed);
  void take(PolicyRemoved& removed);
  void take(ActivateRule& request);
  void take(DeactivateIkeTunnel& request);
  void take(DeactivateDynamicTunnel& request);
  void take(RefreshIkeTunnel& request);
  void take(RefreshDynamicTunnel& request);
  void take(contract::Acquire& acquire);
  void take(contract::InstallResult& result);
  void take(contract::LifetimeReached& reached);
  void take(contract::ChildSaCounters& counters);
  void take(contract::PeerMoved& moved);
  void take(CertificateAnswer& answer);
  void take(StackUp& up);
  void take(StackDown& down);
  void take(TimePassed& passed);

  // What the exchanges ask of the shard.
  policy::PolicyPointer policy_of(const StackName& stack) const override;
  InboundSpi draw_inbound_spi() override;
  void release(InboundSpi spi) override { inbound_spis_.erase(spi); }
  DynamicTunnelId number_dynamic_tunnel() override;
  std::optional<Instant> vpn_life_end(DynamicTunnelId tunnel) const override;
  contract::ChildSaName next_generation(DynamicTunnelId tunnel) override;
  std::optional<DynamicTunnelId> tunnel_with_peer(const v2::IkeSa& sa, const policy::Traffic& traffic) override;
  void ask(v2::IkeSa& sa, std::variant<contract::Sign, contract::Verify> request) override;
  const v2::KnownAuthorities& authorities(const StackName& stack, const std::vector<std::string>& ca_labels,
                                          std::optional<IkeSpi> waiting) override;
  void authenticated(v2::IkeSa& sa, v2::Shard::Contact contact) override;
  void asks_peer(const v2::IkeSa& sa, const Identity& peer) override;
  bool knows_peer(const v2::IkeSa& sa, const Identity& peer) const override;
  std::size_t ike_sas_with_peer(const v2::IkeSa& sa) const override;
  bool is_first_guess(const v1::Phase1Sa& sa) override {
    return stacks_[sa.stack].keys_given_to_guess.insert(sa.rule->name).second;
  }
  std::size_t room_for_unproved(const v2::IkeSa& sa) const override { return room_of(sa); }
  std::size_t room_for_unproved(const v1::Phase1Sa& sa) const override { return room_of(sa); }
  void child_added(const v2::IkeSa& sa, const v2::ChildSa& child) override;
  void child_up(const v2::ChildSa& child) override;
  void child_removed(const v2::IkeSa& sa, const v2::ChildSa& child, v2::Ending ending) override;
  std::vector<std::pair<v2::IkeSa*, v2::ChildSa*>> doubles_of(const v2::IkeSa& sa, const v2::ChildSa& child) override;
  bool is_alone(const v2::ChildSa& child) const override;
  void remove_later(contract::RemoveChildSa pair) override;
  IkeSpi draw_ike_spi() override;
  v2::IkeSa* find(IkeSpi our_spi) override;
  v2::IkeSa& enter(std::unique_ptr<v2::IkeSa> sa) override;
  void inherit(v2::IkeSa& from, v2::IkeSa& to) override;
  void reauthenticate(v2::IkeSa& sa) override;
  void touch(const v2::IkeSa& sa) override { touched_.push_back(sa.our_spi()); }
  void wish_failed(const v2::IkeSa& sa, DynamicTunnelId tunnel, v2::Ending ending) override;

  // The same for IKEv1 (v1.cpp, v1_table.cpp). What has no SA in its name is one function for both.
  void ask(v1::Phase1Sa& sa, std::variant<contract::Sign, contract::Verify> request) override;
  void authenticated(v1::Phase1Sa& sa, v1::Shard::Contact contact) override;
  v1::Phase1Sa* heir_of(const v1::Phase1Sa& sa) override;
  bool awaits_heir(const v1::Phase1Sa& sa) const override;
  bool is_overtaken(const v1::Phase1Sa& sa) const override;
  bool knows_path(const v1::Phase1Sa& sa) const override;
  bool awaits_proof(const v1::Phase1Sa& sa) const override;
  void child_added(const v1::Phase1Sa& sa, const v2::ChildSa& child) override;
  void child_removed(const v1::Phase1Sa& sa, const v2::ChildSa& child, v2::Ending ending) override;
  std::vector<std::pair<v1::Phase1Sa*, v2::ChildSa*>> same_traffic(const v1::Phase1Sa& sa,
                                                                   const policy::Traffic& traffic) override;
  std::pair<v1::Phase1Sa*, v2::ChildSa*> child_of_peer(v1::Phase1Sa& sa, contract::SaProtocol protocol,
                                                       OutboundSpi spi) override;
  void inherit(v1::Phase1Sa& from, v1::Phase1Sa& to) override;
  void refresh(v1::Phase1Sa& sa) override;
  void touch(const v1::Phase1Sa& sa) override { touched_.push_back(sa.our_cookie()); }
  void wish_failed(const v1::Phase1Sa& sa, DynamicTunnelId tunnel, v2::Ending ending) override;

  // Reports.
  std::vector<contract::ChildSaName> leaving(const StackName& stack) const { return leaving_.names(stack); }
  template <class Visit>
  void for_each_sa(const StackName& stack, Visit visit) const {
    for (const auto& [spi, sa] : sas_) {
      if (sa->stack == stack && sa->state != v2::SaState::closed) visit(*sa);
    }
  }
  template <class Visit>
  void for_each_phase1_sa(const StackName& stack, Visit visit) const {
    for (const auto& [cookie, sa] : phase1_sas_) {
      if (sa->stack == stack && sa->state != v1::Phase1State::closed) visit(*sa);
    }
  }
  Statistics statistics() const;

 private:
  /// Of an SA of either version: the least of its own room, that of its peer's address, and that of all.
  std::size_t room_of(const auto& sa) const {
    const std::size_t most = options_.unproved_octets_per_sa;
    return std::min(most - std::min(most, sa.counted_octets), half_open_.room_for(sa.init_remote.address));
  }
  struct InitKey {  // names a half-open SA before the peer knows our SPI
    StackName stack;
    Endpoint remote;
    IkeSpi spi_i;
    auto operator<=>(const InitKey&) const = default;
  };
  struct PathKey {  // between which addresses an IKE SA runs
    StackName stack;
    IpAddress local, remote;
    auto operator<=>(const PathKey&) const = default;
  };
  struct TrafficKey {  // what a dynamic tunnel carries
    StackName stack;
    policy::Traffic carried;
    auto operator<=>(const TrafficKey&) const = default;
  };
  struct PeerKey {
    StackName stack;
    Identity local, remote;
    auto operator<=>(const PeerKey&) const = default;
  };
  struct Tunnel {  // a dynamic tunnel, over the generations of its SAs
    IkeSpi sa;     // where its newest SA is, or is negotiated
    std::uint32_t last_generation = 1;
    std::optional<Instant> vpn_life_end;  ///< of its first SA, and so of all; nothing before that
    unsigned pending = 0;                 ///< SAs wished for, here and there, that are neither there nor given up
    const TrafficKey* traffic = nullptr;  ///< in by_traffic_
    std::optional<Instant> up_since;      ///< the stack had its first SA then
    bool auto_activate = false;
    bool on_demand = false;  ///< a packet asked for it
    std::string rule;
  };
  struct AuthoritiesAsked {
    StackName stack;
    std::vector<std::string> ca_labels;
  };

  v2::Turn turn() { return {now_, random_, options_, *step_, statistics_, *this}; }
  v1::Turn v1_turn() { return {now_, random_, options_, *step_, statistics_, *this}; }
  // What an operator means by a name (operator.cpp).
  std::vector<IkeSpi> ike_sas_named(const StackName& stack, std::optional<IkeTunnelId> tunnel);
  std::vector<DynamicTunnelId> tunnels_named(const StackName& stack, std::optional<DynamicTunnelId> tunnel) const;
  /// A tunnel without SAs and without a wish for one ends.
  void end_if_empty(const StackName& stack, DynamicTunnelId tunnel, v2::Ending ending);
  /// When an ended tunnel is tried again: at once, after a pause, or not.
  void try_again_later(const StackName& stack, const Tunnel& ended, v2::Ending ending);
  /// No pair of the tunnel is left that would send: those that are leaving go at once, or the stack would send by them.
  void let_go(DynamicTunnelId tunnel);
  v2::IkeSa* owner_of(const contract::ChildSaName& name, const StackName& stack);
  /// The IKE SAs that are up with the same peer, under the same identity here; those of two ends, not of all.
  std::vector<v2::IkeSa*> sas_with_peer(const v2::IkeSa& sa);
  v1::Phase1Sa* v1_owner_of(const contract::ChildSaName& name, const StackName& stack);
  v1::Phase1Sa* find_phase1(IkeSpi our_cookie);
  std::vector<IkeSpi> phase1_sas_named(const StackName& stack, std::optional<IkeTunnelId> tunnel);
  /// The tunnel's entry when a child of either version joins it.
  void enter_child(const StackName& stack, IkeSpi owner, const v2::ChildSa& child);
  void leave_child(const StackName& stack, const v2::ChildSa& child, v2::Ending ending);
  /// The IKE SAs that have SAs of a tunnel, or the wish for one.
  std::vector<IkeSpi> owners_of(DynamicTunnelId tunnel) const;

  // Datagrams (dispatch.cpp).
  void take_v2(const Datagram& datagram, const wire::Header& header);
  void take_init_request(const Datagram& datagram, const wire::Header& header);
  void refuse_init(const Datagram& datagram, const wire::Header& header, wire::Notify notify);
  void take_v1(const Datagram& datagram);
  void take_first_v1(const Datagram& datagram, const wire::v1::Header& header);
  bool has_room_for_first_v1(const Datagram& datagram, wire::ExchangeType exchange);
  void forget_cookie_out(const v1::Phase1Sa& sa);
  /// The newest other one that is up with the same peer; null when there is none.
  v1::Phase1Sa* sibling_of(const v1::Phase1Sa& sa);
  v1::Phase1Sa* best_sibling_of(const v1::Phase1Sa& sa, bool (*is_better)(const v1::Phase1Sa&, const v1::Phase1Sa&));
  bool has_newer(const v1::Phase1Sa& sa);
  void inherit_what_waits(v1::Phase1Sa& sa, const PeerKey& key);
  bool has_other_on_path(const v1::Phase1Sa& sa, const std::function<bool(const v1::Phase1Sa&)>& is_meant) const;
  void answer_unknown_spi(const Datagram& datagram, const wire::Header& header);

  // Starting (activation.cpp).
  struct Start {
    v2::FilterPointer filter;
    policy::SelectorPair selectors;
    std::string local_dyn_vpn_rule;
    Activation activation{};
    std::optional<PacketSelectors> packet;
  };
  OperatorAnswer start(const StackName& stack, Start wanted);
  std::vector<DynamicTunnelId> parts_of(const TrafficKey& traffic) const;
  /// The tunnel that is there, or on its way, for what is wanted: for the packet, where one asks.
  std::optional<DynamicTunnelId> tunnel_for(const TrafficKey& traffic,
                                            const std::optional<PacketSelectors>& packet) const;
  OperatorAnswer activate(const StackName& stack, const std::string& rule, Activation activation);
  void activate_automatic_rules(const StackName& stack);
  /// Under IKEv1: a phase 1 SA that is there or on its way takes the wish, or a new one is begun.
  void start_v1(const StackName& stack, const Endpoint& local, const Endpoint& remote, const v2::RulePointer& rule,
                v2::ChildWish wish, Tunnel entry);
  v1::Phase1Sa& enter(std::unique_ptr<v1::Phase1Sa> sa);
  v1::Phase1Sa* find_phase1_for(const StackName& stack, const IpAddress& local, const IpAddress& remote,
                                const std::string& rule);
  v2::IkeSa* find_for(const StackName& stack, const IpAddress& local, const IpAddress& remote,
                      const policy::KeyExchangeRule& rule);

  /// SAs that are there no more.
  void forget_dead(std::vector<IkeSpi>& waiting);
  void ask_authorities(const StackName& stack, const std::vector<std::string>& ca_labels,
                       StackKnowledge::LabelAuthorities& entry);
  void close_stack(const StackName& stack, v2::Ending ending);
  /// Wishes under the new IKE SA for the children of the old one that it has not been asked for yet; whether there are
  /// any.
  bool carry_over(v2::IkeSa& old, v2::IkeSa& fresh);
  /// A new IKE SA has all that the one it reauthenticates had: the old one goes (reauthentication.cpp).
  void finish_reauthentication(v2::IkeSa& sa);
  void reauthentication_failed(v2::IkeSa& sa);
  /// A child of the old SA whose traffic nothing carries but itself, after all was asked for anew; or nothing.
  const v2::ChildSa* not_carried(const v2::IkeSa& old, const v2::IkeSa& fresh);
  /// Beyond the limit the oldest with the same peer goes for a new one.
  void make_room_for(const v2::IkeSa& sa);
  void make_room_for(const v1::Phase1Sa& sa);
  /// The peer refreshes: for an operator the SA is a further generation of the tunnel that there is.
  void keep_tunnel(v1::Phase1Sa& sa);
  /// Whether our last message of phase 1 has come to the peer; asks it, when that message has had its time.
  bool is_known_to_peer(v1::Phase1Sa& sa);
  void replace_crossing(v1::Phase1Sa& sa);
  bool is_disputed(v1::Phase1Sa& newer, const v1::Phase1Sa& older) const;
  /// The older SA cannot go yet; the newer one looks again when its last message has had its time.
  bool has_to_say(v1::Phase1Sa& newer, const v1::Phase1Sa& older) const;
  /// The older SA of the tunnel goes, when the peer is known to have the newer one too.
  void supersede(v1::Phase1Sa& newer);
  /// After something happened to an SA: its timer, its place in the counts, its end.
  void settle(v2::IkeSa& sa);
  void forget_asked_peer(const v2::IkeSa& sa);
  void forget(v2::IkeSa& sa);
  void settle(v1::Phase1Sa& sa);
  void forget(v1::Phase1Sa& sa);
  void finish_refresh(v1::Phase1Sa& newer);
  void settle_any(IkeSpi spi);

  EngineOptions options_;
  Random& random_;
  Instant now_{};
  Step* step_ = nullptr;
  Statistics statistics_;

  std::map<StackName, StackKnowledge> stacks_;
  std::unordered_map<IkeSpi, std::unique_ptr<v2::IkeSa>> sas_;
  std::unordered_map<IkeSpi, std::unique_ptr<v1::Phase1Sa>> phase1_sas_;
  std::map<InitKey, IkeSpi> answered_inits_;
  std::set<std::pair<std::uint64_t, IkeSpi>>
      cookies_out_;  ///< IKEv1: of peers that have not returned it, the oldest first
  std::map<std::pair<IpAddress, std::uint64_t>, IkeSpi> cookies_out_by_source_;  ///< the same of each source
  // Many SAs may have one key (a NAT in front of all peers, one identity of all hosts, one net of all clients): so the
  // key is a part of the entry, and each entry is found without a walk over the others.
  std::set<std::pair<PathKey, IkeSpi>> by_path_;
  std::set<std::pair<PeerKey, IkeSpi>> by_peer_;
  std::set<std::pair<PeerKey, IkeSpi>> asked_peers_;          // whose answer to IKE_AUTH is to come, or to be judged
  std::set<std::pair<IkeTunnelId, IkeSpi>> by_tunnel_;        // older and newer SAs of a tunnel too
  std::unordered_map<IkeTunnelId, IkeSpi> newest_of_tunnel_;  // which an operator means by its name
  std::unordered_map<DynamicTunnelId, Tunnel> tunnels_;
  std::set<std::pair<TrafficKey, DynamicTunnelId>> by_traffic_;
  std::map<contract::ChildSaName, IkeSpi> owners_;  // of each Child SA
  std::unordered_set<InboundSpi> inbound_spis_;
  std::unordered_map<RequestId, std::variant<IkeSpi, AuthoritiesAsked>> asked_;
  std::vector<IkeSpi> touched_;  // by the input in work, beside the SA it names
  /// AutoActivate rules whose tunnel has ended, and when to try them again; how often in a row each has failed.
  using AutomaticRule = std::pair<StackName, std::string>;
  std::multimap<Instant, AutomaticRule> to_reactivate_;
  std::map<AutomaticRule, unsigned> failures_;
  /// Of tunnels that packets ask for: as long as the packets come, and no oftener than this.
  Pauses<TrafficKey> on_demand_pauses_{{.first = Seconds{2}, .most_doublings = 4, .most_entries = 4096}};
  Leaving leaving_;
  Timers timers_;
  HalfOpenLimits half_open_;     ///< IKEv2's SAs; octets of both versions
  HalfOpenLimits half_open_v1_;  ///< IKEv1's SAs: a flood of one version keeps no peer of the other out
  v2::CookieJar cookies_;
  std::uint64_t last_ike_tunnel_ = 0, last_dynamic_tunnel_ = 0, last_request_ = 0;
  PerSecond stranger_answers_, refusals_, stranger_lines_, displacements_;
  bool asking_for_cookies_ = false;
};

}  // namespace adit::ike
