#include "ike/engine/half_open.h"

namespace adit::ike {

HalfOpenLimits::Verdict HalfOpenLimits::judge(const IpAddress& peer, CookieProof proof) const {
  // Peers with addresses of their own can return cookies: against many of them only a hard bound helps.
  if (count_ >= options_.half_open_limit) return Verdict::drop;
  const auto found = by_address_.find(peer);
  const bool many_of_this_address = found != by_address_.end() && found->second >= options_.half_open_per_address;
  if (proof == CookieProof::right) return many_of_this_address ? Verdict::drop : Verdict::admit;
  // A forged source address must not lock its owner out: who returns the cookie is looked at by the count above.
  if (many_of_this_address || count_ >= options_.cookie_threshold) return Verdict::ask_for_cookie;
  return Verdict::admit;
}

void HalfOpenLimits::opened(const IpAddress& peer) {
  ++count_;
  ++by_address_[peer];
}

void HalfOpenLimits::settled(const IpAddress& peer) {
  const auto found = by_address_.find(peer);
  if (found == by_address_.end()) return;
  --count_;
  if (--found->second == 0) by_address_.erase(found);
}

}  // namespace adit::ike
