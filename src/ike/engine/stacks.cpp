// TCP/IP stacks and their policies, as they come, change and go; and what nssd says about authorities.

#include <algorithm>
#include <set>

#include "ike/engine/state.h"
#include "ike/v1/certificate_requests.h"
#include "ike/v1/ending.h"
#include "ike/v1/phase1.h"
#include "ike/v2/auth.h"
#include "ike/v2/child_install.h"
#include "ike/v2/ending.h"
#include "ike/v2/machine.h"

namespace adit::ike {

namespace {

constexpr Seconds authorities_life{600};  // key rings change: then nssd is asked again, at the next use

}  // namespace

void Engine::State::take(PolicyInstalled& installed) {
  const StackName stack = installed.policy->stack;
  StackKnowledge& known = stacks_[stack];
  known.policy = installed.policy;
  known.keys_given_to_guess.clear();

  // Only a policy change walks over the SAs of its stack. Running SAs keep the rules that they were made by.
  std::vector<IkeSpi> theirs;
  for_each_sa(stack, [&](const v2::IkeSa& sa) { theirs.push_back(sa.our_spi()); });
  for (const IkeSpi spi : theirs) {
    v2::IkeSa& sa = *find(spi);
    v2::Turn current = turn();
    for (v2::ChildSa& child : sa.children) {
      if (child.state != ChildState::active || v2::successor_filter(*installed.policy, child) != nullptr) continue;
      v2::delete_child(current, sa, child, v2::Ending::by_policy);
    }
    settle(sa);
  }

  std::vector<IkeSpi> theirs_v1;
  for_each_phase1_sa(stack, [&](const v1::Phase1Sa& sa) { theirs_v1.push_back(sa.our_cookie()); });
  for (const IkeSpi cookie : theirs_v1) {
    v1::Phase1Sa& sa = *find_phase1(cookie);
    v1::Turn current = v1_turn();
    std::vector<contract::ChildSaName> forbidden;
    for (const v2::ChildSa& child : sa.children) {
      if (v2::successor_filter(*installed.policy, child) == nullptr) forbidden.push_back(child.name);
    }
    for (const auto& name : forbidden) v1::delete_child(current, sa, name, v2::Ending::by_policy);
    settle(sa);
  }

  std::set<std::vector<std::string>> wanted;
  for (const policy::KeyExchangeRule& rule : installed.policy->key_exchange.rules) {
    if (v2::wants_signatures(rule)) wanted.insert(rule.ca_labels);
  }
  std::erase_if(known.authorities, [&](const auto& entry) {
    if (!entry.second.waiting.empty()) return false;
    asked_.erase(entry.second.asked);
    return true;
  });
  for (const auto& labels : wanted) ask_authorities(stack, labels, known.authorities[labels]);
  on_demand_pauses_.clear();  // what failed may succeed by it
  activate_automatic_rules(stack);
}

void Engine::State::close_stack(const StackName& stack, v2::Ending ending) {
  if (ending == v2::Ending::stack_gone) leaving_.forget_all(stack);
  std::vector<IkeSpi> theirs;
  for_each_sa(stack, [&](const v2::IkeSa& sa) { theirs.push_back(sa.our_spi()); });
  for (const IkeSpi spi : theirs) {
    v2::IkeSa& sa = *find(spi);
    if (ending == v2::Ending::stack_gone) {
      for (v2::ChildSa& child : sa.children) child.installed = false;  // the stack came back without them
    }
    v2::Turn current = turn();
    if (sa.outstanding && v2::is_authenticated(sa.state)) {
      v2::want_delete(current, sa, ending);  // when the peer has answered: it takes one request at a time
    } else {
      v2::leave(current, sa, ending);
    }
    settle(sa);
  }
  std::vector<IkeSpi> theirs_v1;
  for_each_phase1_sa(stack, [&](const v1::Phase1Sa& sa) { theirs_v1.push_back(sa.our_cookie()); });
  for (const IkeSpi cookie : theirs_v1) {
    v1::Phase1Sa& sa = *find_phase1(cookie);
    if (ending == v2::Ending::stack_gone) {
      for (v2::ChildSa& child : sa.children) child.installed = false;
    }
    v1::Turn current = v1_turn();
    v1::leave(current, sa, ending);
    settle(sa);
  }
}

void Engine::State::take(PolicyRemoved& removed) {
  close_stack(removed.stack, v2::Ending::by_policy);
  const auto known = stacks_.find(removed.stack);
  if (known != stacks_.end()) known->second.policy = nullptr;
}

void Engine::State::take(StackUp& up) {
  close_stack(up.stack, v2::Ending::stack_gone);
  stacks_[up.stack].up = true;
  activate_automatic_rules(up.stack);
}

void Engine::State::take(StackDown& down) {
  const auto known = stacks_.find(down.stack);
  if (known != stacks_.end()) known->second.up = false;
}

void Engine::State::ask(v2::IkeSa& sa, std::variant<contract::Sign, contract::Verify> request) {
  const RequestId id{++last_request_};
  // nssd may never answer: a question lives no longer than who asked it.
  asked_.erase(std::exchange(sa.asked, id));
  asked_.emplace(id, sa.our_spi());
  CertificateRequest asked{.id = id, .stack = sa.stack, .request = contract::ListAuthorities{}};
  std::visit([&](auto& what) { asked.request = std::move(what); }, request);
  step_->certificates.push_back(std::move(asked));
}

void Engine::State::forget_dead(std::vector<IkeSpi>& waiting) {
  std::erase_if(waiting, [this](IkeSpi spi) { return find(spi) == nullptr && find_phase1(spi) == nullptr; });
}

void Engine::State::ask_authorities(const StackName& stack, const std::vector<std::string>& ca_labels,
                                    StackKnowledge::LabelAuthorities& entry) {
  const RequestId id{++last_request_};
  asked_.erase(std::exchange(entry.asked, id));
  forget_dead(entry.waiting);
  asked_.emplace(id, AuthoritiesAsked{stack, ca_labels});
  entry.asked_at = now_;
  entry.known.standing = v2::KnownAuthorities::Standing::asked;
  step_->certificates.push_back(
      {.id = id, .stack = stack, .request = contract::ListAuthorities{.ca_labels = ca_labels}});
}

const v2::KnownAuthorities& Engine::State::authorities(const StackName& stack,
                                                       const std::vector<std::string>& ca_labels,
                                                       std::optional<IkeSpi> waiting) {
  StackKnowledge& known = stacks_[stack];
  const auto [found, is_new] = known.authorities.try_emplace(ca_labels);
  StackKnowledge::LabelAuthorities& entry = found->second;
  using Standing = v2::KnownAuthorities::Standing;
  const Seconds life = entry.known.standing == Standing::known ? authorities_life : Seconds{options_.certificate_wait};
  // One question at a time: a refusal stands for a while, an answer that never came is asked for again.
  if (is_new || now_ >= entry.asked_at + life) ask_authorities(stack, ca_labels, entry);
  if (!waiting || entry.known.standing != Standing::asked) return entry.known;
  constexpr std::size_t many = 1024;
  if (entry.waiting.size() % many == many - 1) forget_dead(entry.waiting);  // strangers come and go
  entry.waiting.push_back(*waiting);
  return entry.known;
}

void Engine::State::take(CertificateAnswer& answer) {
  const auto asked = asked_.find(answer.id);
  if (asked == asked_.end()) return;
  const auto question = std::move(asked->second);
  asked_.erase(asked);
  v2::Turn current = turn();
  if (const auto* spi = std::get_if<IkeSpi>(&question)) {
    if (v1::Phase1Sa* sa = find_phase1(*spi)) {
      v1::Turn v1_current = v1_turn();
      v1::service_answered(v1_current, *sa, answer);
      return settle(*sa);
    }
    if (v2::IkeSa* sa = find(*spi)) {
      v2::service_answered(current, *sa, answer);
      settle(*sa);
    }
    return;
  }

  const auto& about = std::get<AuthoritiesAsked>(question);
  const auto stack = stacks_.find(about.stack);
  if (stack == stacks_.end()) return;
  const auto entry = stack->second.authorities.find(about.ca_labels);
  if (entry == stack->second.authorities.end()) return;
  using Standing = v2::KnownAuthorities::Standing;
  if (const auto* listed = std::get_if<contract::Authorities>(&answer.answer)) {
    entry->second.known = {.standing = Standing::known, .key_hashes = listed->key_hashes, .subjects = listed->subjects};
  } else {
    entry->second.known = {.standing = Standing::refused, .key_hashes = {}, .subjects = {}};
    if (const auto* refusal = std::get_if<contract::ServiceRefusal>(&answer.answer)) {
      step_->log.push_back({CatalogueId::nss_unavailable, {{"reason", refusal->reason}, {"stack", about.stack.text}}});
    }
  }
  // A negotiation goes on without CERTREQ when there is none to send: a peer may send its certificate all the same.
  for (const IkeSpi spi : std::exchange(entry->second.waiting, {})) {
    if (v1::Phase1Sa* phase1 = find_phase1(spi)) {
      v1::Turn v1_current = v1_turn();
      v1::authorities_answered(v1_current, *phase1, entry->second.known);
      settle(*phase1);
      continue;
    }
    v2::IkeSa* sa = find(spi);
    if (sa == nullptr || sa->state != v2::SaState::preparing_auth) continue;
    sa->waits_until.reset();
    v2::happen(current, *sa, v2::SaEvent::authorities_listed);
    settle(*sa);
  }
}

}  // namespace adit::ike
