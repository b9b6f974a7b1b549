#include "daemons/stackd/served_stack.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "daemons/life.h"
#include "daemons/stackd/interfaces.h"
#include "daemons/stackd/packet_record.h"
#include "daemons/wall_clock.h"
#include "policy/in_force.h"
#include "rpc/overloaded.h"
#include "rpc/socket_paths.h"
#include "stack/default_filter.h"

namespace adit::daemons::stackd {
namespace {

// Between attempts to install a policy that was refused: what the kernel lacked may come back.
constexpr std::chrono::seconds first_pause{1}, longest_pause{60};

/// nftables says the same of each line of a ruleset.
std::string first_line(const std::string& reason) { return reason.substr(0, reason.find('\n')); }

std::string_view in_words(stack::user::StandingFilters standing) {
  using enum stack::user::StandingFilters;
  switch (standing) {
    case kept:
      return "the filters that were in force stay";
    case closed:
      return "all traffic is denied";
    case open:
      return "all traffic passes";
  }
  std::unreachable();
}

}  // namespace

std::expected<std::unique_ptr<ServedStack>, std::string> ServedStack::start(EventLoop& loop, StackdOptions options) {
  std::unique_ptr<ServedStack> served{new ServedStack{loop, std::move(options)}};
  if (const auto serving = served->serve(); !serving) return std::unexpected{serving.error()};
  return served;
}

ServedStack::ServedStack(EventLoop& loop, StackdOptions options)
    : loop_{loop},
      options_{std::move(options)},
      retry_{loop.context()},
      kept_choice_{options_.state_folder, options_.stack},
      choice_{kept_choice_.find()},
      by_time_{loop, [this](policy::PolicyPointer policy) { install_policy(std::move(policy)); }} {}

ServedStack::~ServedStack() {
  // First those who ask, then the data plane with the answers that it owes them.
  policies_.reset();
  if (data_plane_) data_plane_->stop();
  data_plane_.reset();
  questions_.clear();  // refuses them: the server's end waits until each has an answer
  operators_.reset();
  key_manager_.reset();
}

std::expected<void, std::string> ServedStack::serve() {
  const rpc::Post post = loop_.post();
  options_.data_plane.stack = options_.stack;
  options_.data_plane.ike_users = options_.users;
  options_.data_plane.ike_socket = rpc::ike_channel_socket(options_.socket_folder, options_.stack);
  auto data_plane = stack::user::DataPlane::start(options_.data_plane, [this, post](stack::user::Event event) {
    post([this, event = std::move(event)] { pass_on(event); });
  });
  if (!data_plane) return std::unexpected{data_plane.error()};
  data_plane_ = std::move(*data_plane);
  manual_ = std::make_unique<ManualDesk>(options_.stack, *data_plane_, post);
  installed_at_ = wall_now();  // of the default filter
  log::write({CatalogueId::awaits_policy,
              {{"stack", options_.stack.text}, {"filters", std::string{in_words(data_plane_->filters_at_start())}}}});

  // Where everything would pass by default, what stands stays: a start opens nothing that is closed.
  const bool opens = options_.data_plane.until_policy == stack::UntilPolicy::permit &&
                     data_plane_->filters_at_start() == stack::user::StandingFilters::kept;
  if (choice_ == rpc::FilterChoice::default_filter && !opens) {
    if (const auto done = data_plane_->set_default_filter(); !done) return std::unexpected{done.error()};
    log::write({CatalogueId::default_filter_kept, {{"stack", options_.stack.text}}});
  }
  const std::string pagent = rpc::pagent_stack_socket(options_.socket_folder);
  policies_ = std::make_unique<rpc::PolicyClient>(
      pagent, options_.stack, rpc::Audience::stack, post,
      rpc::PolicyClient::Callbacks{
          .installed =
              [this](policy::PolicyPointer policy) {
                // Kept by a start, filters would not know that their time has come or gone.
                const bool is_timed = policy::in_force_still(*policy, {}).has_value();
                leaves_ = is_timed ? stack::Leaves::open : stack::Leaves::closed;
                by_time_.replace(std::move(policy));
              },
          .removed = [this] { log::write({CatalogueId::policy_withdrawn, {{"stack", options_.stack.text}}}); },
          .malformed = [](const std::string& field) { log_malformed("pagent", field); },
          .connection = {.up = [pagent] { log_connected("pagent", pagent); },
                         .down = [pagent](const std::string& reason) { log_lost("pagent", pagent, reason); }},
      });

  auto operators = rpc::StackOperatorServer::start(
      {rpc::stack_operator_socket(options_.socket_folder, options_.stack), std::nullopt}, post,
      {.tunnels = [this](auto reply) { show_tunnels(std::move(reply)); },
       .manual_tunnels = [this](auto reply) { show_manual_tunnels(std::move(reply)); },
       .activate = [this](const auto& tunnels) { return manual_->activate(tunnels); },
       .deactivate = [this](const auto& tunnels) { return manual_->deactivate(tunnels); },
       .filters = [this](auto reply) { show_filters(std::move(reply)); },
       .choose = [this](rpc::FilterChoice choice, auto reply) { choose_filters(choice, std::move(reply)); },
       .interfaces = [this](auto reply) { reply(interfaces(options_.data_plane.security_classes)); }});
  if (!operators) return std::unexpected{operators.error()};
  operators_ = std::move(*operators);

  // Last: its socket is what iked looks for.
  auto key_manager = rpc::StackServer::start(
      {rpc::stack_socket(options_.socket_folder, options_.stack), options_.users}, options_.stack, post,
      {.attached = [this](const std::string& program) { begin_anew(program); },
       .requested = [this](std::vector<ike::StackRequest> requests) { carry_out(std::move(requests)); },
       .detached = [this] { log::write({CatalogueId::key_manager_detached, {{"stack", options_.stack.text}}}); },
       .malformed = [](const std::string& field) { log_malformed("iked", field); }});
  if (!key_manager) return std::unexpected{key_manager.error()};
  key_manager_ = std::move(*key_manager);
  return {};
}

void ServedStack::install_policy(policy::PolicyPointer policy) {
  retry_.cancel();
  refused_ = nullptr;
  why_refused_.clear();
  if (choice_ == rpc::FilterChoice::default_filter) {
    log::write({CatalogueId::policy_awaits_reload,
                {{"stack", options_.stack.text}, {"version", fmt::to_string(policy->version)}}});
    policy_ = std::move(policy);
    return;
  }
  refused_ = std::move(policy);
  pause_ = first_pause;
  try_to_install();
}

void ServedStack::try_to_install() {
  const auto installed = put_in_force(refused_);
  const std::string version = fmt::to_string(refused_->version);
  if (installed) {
    policy_ = std::exchange(refused_, nullptr);
    why_refused_.clear();
    installed_at_ = wall_now();
    return log::write({CatalogueId::filters_installed,
                       {{"stack", options_.stack.text},
                        {"version", version},
                        {"filters", fmt::to_string(policy_->filter.filters.size())}}});
  }
  const std::string reason = first_line(installed.error());
  if (why_refused_ != reason) {  // once for each reason, not for each attempt
    why_refused_ = reason;
    log::write({CatalogueId::filters_refused,
                {{"stack", options_.stack.text}, {"version", version}, {"reason", why_refused_}}});
  }
  retry_.expires_after(pause_);
  pause_ = std::min(2 * pause_, longest_pause);
  retry_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled && refused_ != nullptr) try_to_install();
  });
}

/// With its manual tunnels.
std::expected<void, std::string> ServedStack::put_in_force(const policy::PolicyPointer& policy) {
  return manual_->replace_policy(policy->filter, [&](std::vector<contract::RemoveChildSa> ended) {
    return data_plane_->set_policy(policy, std::move(ended), leaves_);
  });
}

void ServedStack::begin_anew(const std::string& program) {
  ++attachment_;
  std::vector<contract::RemoveChildSa> former;
  for (const auto& [name, known] : pairs_) former.push_back({options_.stack, name});
  log::write({CatalogueId::key_manager_attached,
              {{"stack", options_.stack.text}, {"program", program}, {"pairs", fmt::to_string(former.size())}}});
  pairs_.clear();
  data_plane_->remove(std::move(former));
}

void ServedStack::carry_out(std::vector<ike::StackRequest> requests) {
  // Runs of one kind go to the data plane together: each hand-over wakes it once.
  std::vector<contract::InstallChildSa> installs;
  std::vector<contract::RemoveChildSa> removals;
  std::vector<contract::RetireChildSa> retirements;
  std::vector<contract::BeginSending> begun;
  const auto hand_over = [&] {  // one of them, at most
    if (!installs.empty()) install(std::exchange(installs, {}));
    if (!removals.empty()) data_plane_->remove(std::exchange(removals, {}));
    if (!retirements.empty()) data_plane_->retire(std::exchange(retirements, {}));
    if (!begun.empty()) data_plane_->begin_sending(std::exchange(begun, {}));
  };
  for (ike::StackRequest& request : requests) {
    std::visit(rpc::Overloaded{
                   [&](contract::InstallChildSa& pair) {
                     if (installs.empty()) hand_over();
                     installs.push_back(std::move(pair));
                   },
                   [&](contract::RemoveChildSa& pair) {
                     if (removals.empty()) hand_over();
                     pairs_.erase(pair.name);
                     removals.push_back(std::move(pair));
                   },
                   [&](contract::RetireChildSa& pair) {
                     if (retirements.empty()) hand_over();
                     if (const auto known = pairs_.find(pair.name); known != pairs_.end()) {
                       known->second.is_retired = true;
                     }
                     retirements.push_back(std::move(pair));
                   },
                   [&](contract::BeginSending& pair) {
                     if (begun.empty()) hand_over();
                     begun.push_back(std::move(pair));
                   },
                   [&](const contract::MovePeer& move) {
                     hand_over();
                     data_plane_->move_peer(move.name, move.to);
                     if (const auto known = pairs_.find(move.name); known != pairs_.end() && known->second.pair.udp) {
                       known->second.pair.remote = move.to.address;
                       known->second.pair.udp->remote_port = move.to.port;
                     }
                   },
                   [&](const ike::QueryCounters& query) {
                     hand_over();
                     data_plane_->query_counters(query.name,
                                                 [this](const std::vector<contract::ChildSaCounters>& counters) {
                                                   for (const auto& one : counters) key_manager_->tell(one);
                                                 });
                   },
               },
               request);
  }
  hand_over();
}

void ServedStack::install(std::vector<contract::InstallChildSa> pairs) {
  for (const contract::InstallChildSa& pair : pairs) {
    KnownPair known{.pair = pair, .expires_at = {}, .is_retired = false};
    known.pair.inbound = known.pair.outbound = {};
    if (known.pair.ah) known.pair.ah->inbound = known.pair.ah->outbound = {};
    if (pair.lifetimes.hard) known.expires_at = wall_now() + *pair.lifetimes.hard;
    pairs_.insert_or_assign(pair.name, std::move(known));
  }
  data_plane_->install(std::move(pairs),
                       [this, attachment = attachment_, post = loop_.post()](const contract::InstallResult& result) {
                         post([this, attachment, result] {
                           if (attachment == attachment_) note(result);
                         });
                       });
}

void ServedStack::note(const contract::InstallResult& result) {
  if (result.refused) pairs_.erase(result.name);
  key_manager_->tell(result);
}

void ServedStack::pass_on(const stack::user::Event& event) {
  std::visit(rpc::Overloaded{
                 [&](const contract::Acquire& acquire) { key_manager_->tell(acquire); },
                 [&](const contract::PeerMoved& moved) { key_manager_->tell(moved); },
                 [&](const stack::user::LimitReached& reached) {
                   if (reached.limit.name.is_manual()) return manual_->note_limit(reached.limit.name);
                   if (reached.limit.hard) pairs_.erase(reached.limit.name);
                   key_manager_->tell(reached.counters);
                   key_manager_->tell(reached.limit);
                 },
                 [&](const stack::user::Trouble& trouble) { log_failure(trouble.attempted, trouble.reason); },
                 [&](const stack::LoggedPacket& packet) { log::write(record_of(packet, options_.stack)); },
             },
             event);
}

bool ServedStack::is_superseded(const contract::ChildSaName& name) const {
  return pairs_.at(name).is_retired && std::ranges::any_of(pairs_, [&](const auto& other) {
           return other.first.tunnel == name.tunnel && !other.second.is_retired;
         });
}

void ServedStack::ask_counters(CountersQuestion question) {
  const std::uint64_t number = ++last_question_;
  questions_.emplace(number, std::move(question));
  data_plane_->query_counters(
      [this, post = loop_.post(), number](std::vector<contract::ChildSaCounters> counters) mutable {
        post([this, number, counters = std::move(counters)]() mutable {
          questions_.extract(number).mapped()(std::move(counters));
        });
      });
}

void ServedStack::show_tunnels(TunnelsReply reply) {
  ask_counters([this, reply = std::move(reply)](std::vector<contract::ChildSaCounters> counters) mutable {
    reply(installed_tunnels(std::move(counters)));
  });
}

void ServedStack::show_manual_tunnels(rpc::StackOperatorServer::Reply<std::vector<rpc::ManualTunnelView>> reply) {
  ask_counters([this, reply = std::move(reply)](const std::vector<contract::ChildSaCounters>& counters) mutable {
    reply(manual_->views(counters));
  });
}

std::vector<rpc::InstalledTunnel> ServedStack::installed_tunnels(
    std::vector<contract::ChildSaCounters> counters) const {
  std::vector<rpc::InstalledTunnel> tunnels;
  for (contract::ChildSaCounters& one : counters) {
    const auto known = pairs_.find(one.name);
    if (known == pairs_.end()) continue;  // removed meanwhile
    if (is_superseded(one.name)) continue;
    tunnels.push_back({known->second.pair, std::move(one), known->second.expires_at});
  }
  return tunnels;
}

void ServedStack::show_filters(rpc::StackOperatorServer::Reply<rpc::InstalledFilters> reply) {
  rpc::InstalledFilters shown;
  shown.default_filter = stack::default_filter(options_.data_plane.until_policy);
  // What an earlier run left is neither: this one does not know it.
  const bool is_left = data_plane_->filters_at_start() == stack::user::StandingFilters::kept;
  shown.default_in_force = choice_ == rpc::FilterChoice::default_filter || (!policy_ && !is_left);
  shown.installed_at = installed_at_;
  if (policy_) {
    shown.policy = policy_->filter;
    shown.nat_keep_alive = policy_->key_exchange.nat_keep_alive;
  }
  if (refused_ != nullptr) shown.refused = fmt::format("policy {}: {}", refused_->version, why_refused_);
  if (const auto matches = data_plane_->filter_matches();
      matches && matches->size() == shown.in_force().filters.size()) {
    for (const auto& match : *matches) shown.matches.push_back(match.packets);
  }
  reply(std::move(shown));
}

void ServedStack::choose_filters(rpc::FilterChoice choice,
                                 rpc::StackOperatorServer::Reply<std::optional<std::string>> reply) {
  const bool is_default = choice == rpc::FilterChoice::default_filter;
  const policy::PolicyPointer newest = refused_ != nullptr ? refused_ : policy_;
  if (!is_default && newest == nullptr) return reply("no policy has come from pagent");
  std::expected<void, std::string> installed;
  if (is_default) {
    installed = data_plane_->set_default_filter();  // tunnels stay; no rule leads to them meanwhile
  } else {
    installed = put_in_force(newest);
  }
  if (!installed) return reply(first_line(installed.error()));
  retry_.cancel();
  refused_ = nullptr;
  why_refused_.clear();
  policy_ = newest;
  choice_ = choice;
  installed_at_ = wall_now();
  log::write({CatalogueId::filters_chosen,
              {{"stack", options_.stack.text}, {"filters", is_default ? "the default filter" : "the policy"}}});
  const auto kept = kept_choice_.keep(choice);
  if (kept) return reply(std::nullopt);
  log::write({CatalogueId::choice_unkept, {{"stack", options_.stack.text}, {"reason", kept.error()}}});
  reply("it is in force, and would not be after a restart of stackd: " + kept.error());
}

}  // namespace adit::daemons::stackd
