// Key exchange rules that are never chosen: an earlier one fits every peer that they fit (reference §5.1).

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "policy/identity_match.h"
#include "policy/lint/locations.h"
#include "policy/lint/pattern_cover.h"
#include "policy/lint/subject.h"

namespace adit::policy::lint {
namespace {

// Pairs that are compared: about a second of work. Only rules with wildcards are compared with all others.
constexpr std::size_t most_comparisons = 10'000'000;

std::string lower(std::string text) {
  for (char& letter : text) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return text;
}

bool takes_all_of(const KeyExchangeRule& earlier, const KeyExchangeRule& later) {
  return contains(earlier.local_locations, later.local_locations) &&
         contains(earlier.remote_locations, later.remote_locations) &&
         same_identity(earlier.local_identity, later.local_identity) &&
         covers(earlier.remote_identity, later.remote_identity);
}

}  // namespace

void check_key_exchange_order(const Subject& subject, Remarks& remarks) {
  std::map<std::string, std::vector<const KeyExchangeRule*>> by_identity;  // exact ones
  std::vector<const KeyExchangeRule*> patterns;
  std::size_t comparisons = 0;
  for (const KeyExchangeRule& rule : subject.policy.key_exchange.rules) {
    const KeyExchangeRule* taker = nullptr;
    const auto ask = [&](const std::vector<const KeyExchangeRule*>& earlier) {
      for (const KeyExchangeRule* other : earlier) {
        if (taker != nullptr || ++comparisons > most_comparisons) return;
        if (takes_all_of(*other, rule)) taker = other;
      }
    };
    const auto& identity = rule.remote_identity;
    ask(patterns);
    if (identity.exact) {
      auto& same = by_identity[lower(identity.exact->to_string())];
      ask(same);
      same.push_back(&rule);
    } else {
      patterns.push_back(&rule);
    }
    if (taker == nullptr) continue;
    remarks.add(
        {.kind = Kind::unreachable_key_exchange_rule,
         .at = rule.at,
         .other = taker->at,
         .problem = fmt::format("KeyExchangeRule {} is never chosen: {} (line {}) before it fits the same peers",
                                rule.name, taker->name, taker->at.line),
         .advice = "move it before the other, narrow the other's Identity or Location, or remove it"});
  }
  if (comparisons > most_comparisons) {
    remarks.add({.kind = Kind::not_all_compared,
                 .at = subject.policy.key_exchange.rules.front().at,
                 .other = std::nullopt,
                 .problem = "so many KeyExchangeRules have wildcards that not all were compared with each other",
                 .advice = "findings about rules that are never chosen may be missing"});
  }
}

}  // namespace adit::policy::lint
