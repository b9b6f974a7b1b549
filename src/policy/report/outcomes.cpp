#include "policy/report/outcomes.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/report/json_text.h"

namespace adit::policy::report {
namespace {

std::string places(const agreement::Step& step) {
  std::string text;
  for (const auto& at : {step.initiator, step.responder}) {
    if (at) text += (text.empty() ? "" : ", ") + at->to_string();
  }
  return text.empty() ? "" : " (" + text + ")";
}

std::string tunnel_text(const agreement::Outcome& outcome, const std::string& starter) {
  std::string text =
      fmt::format("{} ({}){}, {} {}{}, {}: {}\n", shown(outcome.tunnel), outcome.at.to_string(),
                  outcome.when.empty() ? "" : ", " + outcome.when, outcome.is_manual ? "sent by" : "started by",
                  starter, outcome.version.empty() ? "" : " with " + outcome.version, outcome.ends,
                  outcome.comes_up() ? "comes up" : "does not come up");
  for (const agreement::Step& step : outcome.steps) {
    text +=
        fmt::format("  {:<24} {}{}{}\n", step.what, step.agreed ? "" : "DIFFERS: ", shown(step.result), places(step));
  }
  return text;
}

nlohmann::ordered_json tunnel_json(const agreement::Outcome& outcome, std::string_view starter) {
  nlohmann::ordered_json steps = nlohmann::ordered_json::array();
  for (const agreement::Step& step : outcome.steps) {
    nlohmann::ordered_json json = {{"what", step.what}, {"agreed", step.agreed}, {"result", shown(step.result)}};
    if (step.initiator) json["initiator"] = place(*step.initiator);
    if (step.responder) json["responder"] = place(*step.responder);
    steps.push_back(std::move(json));
  }
  nlohmann::ordered_json json = {{"tunnel", shown(outcome.tunnel)}, {"started_by", starter}, {"at", place(outcome.at)}};
  if (!outcome.when.empty()) json["when"] = outcome.when;
  if (outcome.is_manual) json["manual"] = true;
  json.update({{"version", outcome.version},
               {"ends", outcome.ends},
               {"comes_up", outcome.comes_up()},
               {"steps", std::move(steps)}});
  return json;
}

}  // namespace

bool BothWays::all_come_up() const {
  if (started_by_us.empty() && started_by_peer.empty()) return false;
  return std::ranges::all_of(started_by_us, &agreement::Outcome::comes_up) &&
         std::ranges::all_of(started_by_peer, &agreement::Outcome::comes_up);
}

std::string outcomes_text(const BothWays& outcomes) {
  std::string text;
  for (const agreement::Outcome& outcome : outcomes.started_by_us) text += tunnel_text(outcome, outcomes.ours);
  for (const agreement::Outcome& outcome : outcomes.started_by_peer) text += tunnel_text(outcome, outcomes.theirs);
  const std::size_t all = outcomes.started_by_us.size() + outcomes.started_by_peer.size();
  if (all == 0) return "no tunnel that either side may start\n";
  const auto up = std::ranges::count_if(outcomes.started_by_us, &agreement::Outcome::comes_up) +
                  std::ranges::count_if(outcomes.started_by_peer, &agreement::Outcome::comes_up);
  return text + fmt::format("{} of {} tunnels come up\n", up, all);
}

std::string outcomes_json(const BothWays& outcomes) {
  nlohmann::ordered_json tunnels = nlohmann::ordered_json::array();
  for (const agreement::Outcome& outcome : outcomes.started_by_us) tunnels.push_back(tunnel_json(outcome, "file"));
  for (const agreement::Outcome& outcome : outcomes.started_by_peer) tunnels.push_back(tunnel_json(outcome, "peer"));
  return to_text({{"file", outcomes.ours}, {"peer", outcomes.theirs}, {"tunnels", std::move(tunnels)}});
}

}  // namespace adit::policy::report
