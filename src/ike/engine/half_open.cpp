#include "ike/engine/half_open.h"

#include <algorithm>

namespace adit::ike {

IpAddress HalfOpenLimits::source_of(const IpAddress& peer) {
  constexpr unsigned net = 64;
  return peer.family() == IpFamily::v6 ? peer.with_host_bits_cleared(net) : peer;
}

void HalfOpenLimits::forget_if_idle(const IpAddress& source) {
  const auto found = by_source_.find(source);
  if (found != by_source_.end() && found->second == OfSource{}) by_source_.erase(found);
}

HalfOpenLimits::Verdict HalfOpenLimits::judge(const IpAddress& peer, CookieProof proof) const {
  // Peers with addresses of their own can return cookies: against many of them only a hard bound helps.
  if (count_ >= options_.half_open_limit) return Verdict::drop;
  const auto found = by_source_.find(source_of(peer));
  const OfSource of_source = found == by_source_.end() ? OfSource{} : found->second;
  // A forged source address must not lock its owner out: who returns the cookie is held against others that did.
  if (proof == CookieProof::right) {
    return of_source.with_cookie >= options_.half_open_per_address ? Verdict::drop : Verdict::admit;
  }
  const bool is_many = of_source.without_cookie >= options_.half_open_per_address;
  return is_many || count_ >= options_.cookie_threshold ? Verdict::ask_for_cookie : Verdict::admit;
}

void HalfOpenLimits::opened(const IpAddress& peer, CookieProof proof) {
  ++count_;
  ++by_source_[source_of(peer)].of(proof);
}

void HalfOpenLimits::settled(const IpAddress& peer, CookieProof proof) {
  const IpAddress source = source_of(peer);
  const auto found = by_source_.find(source);
  if (found == by_source_.end()) return;
  --count_;
  --found->second.of(proof);
  forget_if_idle(source);
}

void HalfOpenLimits::keeps(const IpAddress& peer, std::size_t before, std::size_t now) {
  if (before == now) return;
  const IpAddress source = source_of(peer);
  octets_ += now - before;
  by_source_[source].octets += now - before;
  forget_if_idle(source);
}

std::size_t HalfOpenLimits::room_for(const IpAddress& peer) const {
  const auto left = [](std::size_t most, std::size_t used) { return most - std::min(most, used); };
  const auto found = by_source_.find(source_of(peer));
  const std::size_t of_source = found == by_source_.end() ? 0 : found->second.octets;
  return std::min(left(options_.unproved_octets, octets_), left(options_.unproved_octets_per_address, of_source));
}

}  // namespace adit::ike
