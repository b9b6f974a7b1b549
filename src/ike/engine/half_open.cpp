#include "ike/engine/half_open.h"

namespace adit::ike {

HalfOpenLimits::Verdict HalfOpenLimits::judge(const IpAddress& peer, CookieProof proof) const {
  // Peers with addresses of their own can return cookies: against many of them only a hard bound helps.
  if (count_ >= options_.half_open_limit) return Verdict::drop;
  const auto found = by_address_.find(peer);
  const OfAddress of_address = found == by_address_.end() ? OfAddress{} : found->second;
  // A forged source address must not lock its owner out: who returns the cookie is held against others that did.
  if (proof == CookieProof::right) {
    return of_address.with_cookie >= options_.half_open_per_address ? Verdict::drop : Verdict::admit;
  }
  const bool is_many = of_address.without_cookie >= options_.half_open_per_address;
  return is_many || count_ >= options_.cookie_threshold ? Verdict::ask_for_cookie : Verdict::admit;
}

void HalfOpenLimits::opened(const IpAddress& peer, CookieProof proof) {
  ++count_;
  ++by_address_[peer].of(proof);
}

void HalfOpenLimits::settled(const IpAddress& peer, CookieProof proof) {
  const auto found = by_address_.find(peer);
  if (found == by_address_.end()) return;
  --count_;
  --found->second.of(proof);
  if (found->second.with_cookie == 0 && found->second.without_cookie == 0) by_address_.erase(found);
}

}  // namespace adit::ike
