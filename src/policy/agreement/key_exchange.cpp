#include "policy/agreement/key_exchange.h"

#include <fmt/format.h>

namespace adit::policy::agreement {
namespace {

std::string text_of(const std::vector<IpRange>& locations) {
  constexpr std::size_t most_shown = 4;
  std::string text;
  for (std::size_t i = 0; i < locations.size() && i < most_shown; ++i) {
    text += (text.empty() ? "" : ", ") + locations[i].to_string();
  }
  if (locations.size() > most_shown) text += ", …";
  return text.empty() ? "any address" : text;
}

}  // namespace

const KeyExchangeRule* find_responder_rule(const Side& responder, const KeyExchangeSearch& known, const char* what,
                                           const KeyExchangeRule& initiator_rule, std::vector<Step>& steps) {
  const KeyExchangeRule* found = find_rule(responder.policy.key_exchange, known);
  if (found != nullptr) {
    steps.push_back({.what = what,
                     .agreed = true,
                     .result = fmt::format("{} here, {} there", initiator_rule.name, found->name),
                     .initiator = initiator_rule.at,
                     .responder = found->at});
    return found;
  }
  std::string asked = known.remote_address ? known.remote_address->to_string() : "";
  if (known.remote_identity) asked += fmt::format(", identity {}", known.remote_identity->to_string());
  // The rule that would fit but for the identity, or the first one: what it waits for tells what is wrong.
  KeyExchangeSearch by_address = known;
  by_address.local_identity = by_address.remote_identity = std::nullopt;
  const KeyExchangeRule* near = find_rule(responder.policy.key_exchange, by_address);
  std::string result = fmt::format("no KeyExchangeRule there fits {}", asked);
  if (near != nullptr) {
    result += fmt::format(": {} waits for identity {}", near->name, near->remote_identity.text);
  } else if (!responder.policy.key_exchange.rules.empty()) {
    near = &responder.policy.key_exchange.rules.front();
    result += fmt::format(": {} waits for {} at {}", near->name, text_of(near->remote_locations),
                          text_of(near->local_locations));
  }
  steps.push_back({.what = what,
                   .agreed = false,
                   .result = std::move(result),
                   .initiator = initiator_rule.at,
                   .responder = near == nullptr ? std::nullopt : std::optional{near->at}});
  return nullptr;
}

namespace {

/// Whether an IpAddr identity is the peer's address, or need not be (BypassIpValidation).
bool fits_address(const KeyExchangeRule& rule, const Identity& identity, const IpAddress& peer) {
  if (identity.type != IdentityType::ipv4_addr && identity.type != IdentityType::ipv6_addr) return true;
  return rule.action->bypass_ip_validation || IpAddress::from_octets(identity.value) == peer;
}

}  // namespace

bool accept_initiator_address(const KeyExchangeRule& initiator_rule, const KeyExchangeRule& responder_rule,
                              const Ends& ends, std::vector<Step>& steps) {
  const Identity& identity = initiator_rule.local_identity;
  if (fits_address(responder_rule, identity, ends.initiator)) return true;
  steps.push_back({.what = "identities",
                   .agreed = false,
                   .result = fmt::format("identity {} of the initiator is not its address {}: BypassIpValidation No",
                                         identity.to_string(), ends.initiator.to_string()),
                   .initiator = initiator_rule.at,
                   .responder = responder_rule.at});
  return false;
}

bool accept_responder(const KeyExchangeRule& initiator_rule, const KeyExchangeRule& responder_rule, const Ends& ends,
                      std::vector<Step>& steps) {
  const Identity& identity = responder_rule.local_identity;
  std::string result;
  if (!initiator_rule.remote_identity.matches(identity)) {
    result = fmt::format("the responder is {}, the initiator waits for {}", identity.to_string(),
                         initiator_rule.remote_identity.text);
  } else if (!fits_address(initiator_rule, identity, ends.responder)) {
    result = fmt::format("identity {} of the responder is not its address {}: BypassIpValidation No",
                         identity.to_string(), ends.responder.to_string());
  }
  const bool agreed = result.empty();
  if (agreed) {
    result = fmt::format("{} here, {} there", initiator_rule.local_identity.to_string(), identity.to_string());
  }
  steps.push_back({.what = "identities",
                   .agreed = agreed,
                   .result = std::move(result),
                   .initiator = initiator_rule.at,
                   .responder = responder_rule.at});
  return agreed;
}

Step compare_keys(const KeyExchangeRule& initiator_rule, const KeyExchangeRule& responder_rule, std::string what) {
  Step step{.what = std::move(what), .initiator = initiator_rule.at, .responder = responder_rule.at};
  if (initiator_rule.shared_key.empty() || responder_rule.shared_key.empty()) {
    step.result = fmt::format("no SharedKey {}", initiator_rule.shared_key.empty() ? "here" : "there");
    return step;
  }
  step.agreed = SecretView{initiator_rule.shared_key} == SecretView{responder_rule.shared_key};
  step.result = step.agreed ? "pre-shared key, the same at both ends" : "the pre-shared keys differ";
  return step;
}

}  // namespace adit::policy::agreement
