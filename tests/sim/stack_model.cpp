#include "sim/stack_model.h"

#include <fmt/format.h>

#include <algorithm>

namespace adit::sim {
namespace {

using Sending = StackModel::Pair::Sending;

constexpr Duration least = std::chrono::microseconds{50}, most = std::chrono::milliseconds{5};  // for one request
constexpr std::uint64_t packet_octets = 1000;
constexpr Seconds move_pause{1};  // between reports that the peer of one pair has moved

bool carries(const contract::InstallChildSa& sa, const PacketSelectors& packet) {
  return carry(sa.local_ts, sa.remote_ts, packet);
}

/// A further generation of a tunnel. Another tunnel that happens to carry the same packets is no replacement: it may
/// come and go by itself.
bool replaces(const contract::InstallChildSa& one, const contract::InstallChildSa& other) {
  return one.name.tunnel == other.name.tunnel && one.name.generation > other.name.generation;
}

std::uint64_t mixed(std::uint64_t digest, Bytes octets) {  // FNV-1a
  for (const std::uint8_t octet : octets) digest = (digest ^ octet) * 0x100000001b3u;
  return digest;
}

/// What stands for a key where nothing is encrypted. AH around ESP: for both keys, and for the SPI that AH has.
std::uint64_t digest_of(const contract::DirectionKeys& keys, const Secret* around = nullptr, std::uint32_t spi = 0) {
  const std::uint64_t digest = mixed(mixed(0xcbf29ce484222325u, keys.encryption.reveal()), keys.integrity.reveal());
  return around == nullptr ? digest : mixed(digest, around->reveal()) + spi;
}
std::uint64_t digest_in(const contract::InstallChildSa& sa) {
  return sa.ah ? digest_of(sa.inbound, &sa.ah->inbound, sa.ah->inbound_spi.value()) : digest_of(sa.inbound);
}
std::uint64_t digest_out(const contract::InstallChildSa& sa) {
  return sa.ah ? digest_of(sa.outbound, &sa.ah->outbound, sa.ah->outbound_spi.value()) : digest_of(sa.outbound);
}

}  // namespace

std::string text_of(const contract::ChildSaName& name) {
  return fmt::format("Y{} generation {}", name.tunnel.value(), name.generation);
}

void StackModel::later(std::function<void()> what) {
  free_at_ = std::max(free_at_, clockwork_.now()) + dice_.between(least, most);
  clockwork_.plan(free_at_ - clockwork_.now(), [this, life = life_, what = std::move(what)] {
    if (life == life_) what();
  });
}

void StackModel::tell(std::uint64_t key_manager, ike::Input input) {
  if (key_manager == key_manager_ && attached_) tell_(std::move(input));
}

void StackModel::ask(ike::StackRequest request) {
  if (!up_) return;  // nobody is there to read it
  if (const auto* install = std::get_if<contract::InstallChildSa>(&request)) touch(*install);
  if (const auto* removal = std::get_if<contract::RemoveChildSa>(&request)) {
    ++to_remove_[removal->name];
    if (const Pair* pair = find(removal->name)) touch(pair->sa);
  }
  later([this, key_manager = key_manager_, request = std::move(request)] {
    std::visit([&](const auto& what) { answer(what, key_manager); }, request);
  });
}

void StackModel::start() { up_ = attached_ = true; }

void StackModel::key_manager_gone() {
  attached_ = false;
  ++key_manager_;
}

void StackModel::key_manager_came() {
  attached_ = true;
  up_ = false;
  ++key_manager_;
  later([this, key_manager = key_manager_] {
    if (key_manager != key_manager_) return;
    remove_all();
    up_ = true;
    tell(key_manager, ike::StackUp{name_});
  });
}

void StackModel::crash() {
  ++life_;
  remove_all();
  removed_.clear();
  up_ = attached_ = false;
  free_at_ = clockwork_.now();
  changed_();
}

void StackModel::answer(const contract::InstallChildSa& request, std::uint64_t key_manager) {
  if (refuses_) {
    return tell(key_manager, contract::InstallResult{name_, request.name, "no more SAs"});
  }
  if (pairs_.contains(request.name)) breaches_.push_back(text_of(request.name) + " installed twice");
  if (inbound_.contains(request.inbound_spi)) breaches_.push_back(text_of(request.name) + " has a taken inbound SPI");
  if (request.ah && inbound_of_ah_.contains(request.ah->inbound_spi)) {
    breaches_.push_back(text_of(request.name) + " has a taken inbound SPI of AH");
  }
  if (request.ah.has_value() != (request.transforms.around_esp != IntegrityId::none)) {
    breaches_.push_back(text_of(request.name) + " is half of AH around ESP");
  }
  add(request);
  ++installs_;
  trace_.note(name_.text,
              fmt::format("stack: {} installed, in {:08x} out {:08x}, of K{}", text_of(request.name),
                          request.inbound_spi.value(), request.outbound_spi.value(), request.parent.value()));
  if (request.lifetimes.hard) {
    clockwork_.plan(*request.lifetimes.hard, [this, life = life_, name = request.name, count = installs_] {
      const Pair* pair = life == life_ ? find(name) : nullptr;
      if (pair != nullptr && pair->installed_as == count) end_by_limit(name);
    });
  }
  changed_();
  tell(key_manager, contract::InstallResult{name_, request.name, std::nullopt});
}

void StackModel::answer(const contract::RemoveChildSa& request, std::uint64_t) {
  const auto counted = to_remove_.find(request.name);
  if (counted != to_remove_.end() && --counted->second == 0) to_remove_.erase(counted);
  if (!pairs_.contains(request.name)) {
    breaches_.push_back(text_of(request.name) + " removed without being there");
  } else {
    trace_.note(name_.text, "stack: " + text_of(request.name) + " removed");
    remove(request.name);
  }
  changed_();
}

void StackModel::answer(const contract::MovePeer& request, std::uint64_t) {
  const auto found = pairs_.find(request.name);
  if (found == pairs_.end()) return;
  trace_.note(name_.text, "stack: the peer of " + text_of(request.name) + " is at " + request.to.to_string());
  found->second.sa.remote = request.to.address;
  if (found->second.sa.udp) found->second.sa.udp->remote_port = request.to.port;
}

void StackModel::answer(const contract::BeginSending& request, std::uint64_t) {
  const auto found = pairs_.find(request.name);
  if (found == pairs_.end() || found->second.sending != Sending::awaits_word) return;
  trace_.note(name_.text, "stack: " + text_of(request.name) + " begins to send");
  touch(found->second.sa);
  begin_sending(found->second);
}

void StackModel::answer(const contract::RetireChildSa& request, std::uint64_t) {
  const auto found = pairs_.find(request.name);
  if (found == pairs_.end()) {
    if (!is_to_be_removed(request.name) && !ended_by_limit_.contains(request.name))
      breaches_.push_back(text_of(request.name) + " retired without being there");
    return;
  }
  trace_.note(name_.text, "stack: " + text_of(request.name) + " retired");
  std::erase(search_order_, &found->second);
  found->second.sending = Sending::retired;
  touch(found->second.sa);
  let_one_send(request.name.tunnel);
}

void StackModel::answer(const ike::QueryCounters& request, std::uint64_t key_manager) {
  const Pair* pair = find(request.name);
  if (pair != nullptr) tell(key_manager, counters_of(*pair));
}

contract::ChildSaCounters StackModel::counters_of(const Pair& pair) const {
  contract::ChildSaCounters counters{.stack = name_,
                                     .name = pair.sa.name,
                                     .inbound_packets = pair.inbound_packets,
                                     .inbound_octets = pair.inbound_packets * packet_octets,
                                     .outbound_packets = pair.outbound_packets,
                                     .outbound_octets = pair.outbound_packets * packet_octets};
  if (pair.last_inbound) {
    counters.since_last_inbound = std::chrono::duration_cast<Seconds>(clockwork_.now() - *pair.last_inbound);
  }
  return counters;
}

void StackModel::add(const contract::InstallChildSa& request) {
  Pair& added = pairs_[request.name] = {.sa = request,
                                        .digest_in = digest_in(request),
                                        .digest_out = digest_out(request),
                                        .installed_as = installs_ + 1,
                                        .installed_at = clockwork_.now()};
  installed_[request.name] = request;
  touch(request);
  inbound_[request.inbound_spi] = request.name;
  if (request.ah) inbound_of_ah_[request.ah->inbound_spi] = request.name;
  removed_.erase(request.inbound_spi);
  if (request.sending == contract::SendingBegins::when_peer_is_ready) added.sending = Sending::awaits_peer;
  if (request.sending == contract::SendingBegins::when_told) added.sending = Sending::awaits_word;
  if (added.sending == Sending::begun) put_in_search_order(added);
  let_one_send(request.name.tunnel);
}

// As stack::Sad: the newest tunnel first, and of two generations that begin out of order the newer one.
void StackModel::put_in_search_order(Pair& pair) {
  const auto newer = std::find_if(search_order_.rbegin(), search_order_.rend(), [&](const Pair* other) {
    return other->sa.name.tunnel == pair.sa.name.tunnel && other->sa.name.generation > pair.sa.name.generation;
  });
  search_order_.insert(newer.base(), &pair);
}

void StackModel::begin_sending(Pair& pair) {
  pair.sending = Sending::begun;
  std::erase(search_order_, &pair);
  put_in_search_order(pair);
  let_one_send(pair.sa.name.tunnel);
}

/// A tunnel that has pairs sends: on the oldest that awaits the peer when none does of itself, and on a retired one
/// when there is no other.
void StackModel::let_one_send(DynamicTunnelId tunnel) {
  bool one_sends = false;
  Pair *stands_in = nullptr, *awaits = nullptr, *retired = nullptr;
  for (auto& [name, pair] : pairs_) {  // the newest last
    if (name.tunnel != tunnel) continue;
    switch (pair.sending) {
      case Sending::begun:
        one_sends = true;
        break;
      case Sending::awaits_word:
        break;
      case Sending::awaits_peer:
        if (std::erase(search_order_, &pair) != 0) stands_in = &pair;
        if (awaits == nullptr) awaits = &pair;
        break;
      case Sending::retired:
        std::erase(search_order_, &pair);
        retired = &pair;
        break;
    }
  }
  if (one_sends) return;
  if (stands_in != nullptr) return put_in_search_order(*stands_in);
  if (awaits != nullptr) return put_in_search_order(*awaits);
  if (retired != nullptr) search_order_.push_back(retired);
}

void StackModel::remove(contract::ChildSaName name) {
  Pair& pair = pairs_.at(name);
  // Not by one that is leaving itself: then the tunnel ends.
  const bool replaced = std::ranges::any_of(pairs_, [&](const auto& entry) {
    return entry.first.tunnel == name.tunnel && entry.first != name && entry.second.sending != Sending::retired;
  });
  std::erase(search_order_, &pair);
  inbound_.erase(pair.sa.inbound_spi);
  if (pair.sa.ah) inbound_of_ah_.erase(pair.sa.ah->inbound_spi);
  removed_[pair.sa.inbound_spi] = {.was_replaced = replaced};
  installed_.erase(name);
  touch(pair.sa);
  pairs_.erase(name);
  let_one_send(name.tunnel);
}

void StackModel::remove_all() {
  while (!pairs_.empty()) remove(pairs_.rbegin()->first);
  to_remove_.clear();
  for (auto& [spi, removed] : removed_) removed.was_replaced = false;
}

void StackModel::end_by_limit(contract::ChildSaName name) {
  if (is_to_be_removed(name)) return;  // it is about to go by itself
  trace_.note(name_.text, "stack: the hard limit of " + text_of(name));
  const contract::ChildSaCounters counters = counters_of(pairs_.at(name));
  const InboundSpi spi = pairs_.at(name).sa.inbound_spi;
  remove(name);
  removed_[spi].ran_out = true;
  ended_by_limit_.insert(name);  // the key manager does not know yet
  tell(key_manager_, contract::LifetimeReached{.stack = name_, .name = name, .hard = true});
  tell(key_manager_, counters);
  changed_();
}

StackModel::Choice StackModel::choose_outbound(const PacketSelectors& packet) {
  Choice choice;
  for (Pair* pair : search_order_) {
    if (!carries(pair->sa, packet)) continue;
    if (choice.pair == nullptr) {
      choice.pair = pair;
    } else if (choice.instead == nullptr && replaces(choice.pair->sa, pair->sa)) {
      choice.instead = pair;
    }
  }
  if (choice.pair != nullptr) count(pairs_.at(choice.pair->sa.name));
  return choice;
}

void StackModel::count(Pair& pair) {
  const std::uint64_t octets = ++pair.outbound_packets * packet_octets;
  const contract::Lifetimes& limits = pair.sa.lifetimes;
  if (limits.soft_octets && octets >= *limits.soft_octets && !pair.soft_told) {
    pair.soft_told = true;
    trace_.note(name_.text, "stack: the soft limit of " + text_of(pair.sa.name));
    // Not within the packet that reached it: stackd looks at the limits from time to time.
    later([this, key_manager = key_manager_, name = pair.sa.name] {
      tell(key_manager, contract::LifetimeReached{.stack = name_, .name = name, .hard = false});
    });
  }
  if (limits.hard_octets && octets >= *limits.hard_octets) {
    later([this, name = pair.sa.name] {
      if (pairs_.contains(name)) end_by_limit(name);
    });
  }
}

StackModel::Verdict StackModel::take_in(const TestPacket& packet, const Endpoint& from) {
  const auto name = inbound_.find(InboundSpi{packet.spi.value()});
  if (name == inbound_.end()) return Verdict::no_sa;
  Pair& pair = pairs_.at(name->second);
  if (pair.digest_in != packet.key_digest) return Verdict::wrong_key;
  if (!carry(pair.sa.remote_ts, pair.sa.local_ts, packet.selectors)) return Verdict::wrong_selectors;
  pair.last_inbound = clockwork_.now();
  ++pair.inbound_packets;
  if (pair.sending == Sending::awaits_peer || pair.sending == Sending::awaits_word) begin_sending(pair);  // it has it
  const bool moved =
      pair.sa.udp && (from.address != pair.sa.remote || from.port != pair.sa.udp->remote_port) && from.port != 0;
  if (moved && (!pair.move_told || clockwork_.now() - *pair.move_told >= move_pause)) {
    pair.move_told = clockwork_.now();
    later([this, key_manager = key_manager_, moved_pair = pair.sa.name, from] {
      tell(key_manager, contract::PeerMoved{.stack = name_, .name = moved_pair, .from = from});
    });
  }
  return Verdict::accepted;
}

const StackModel::Pair* StackModel::find_inbound(InboundSpi spi) const {
  const auto name = inbound_.find(spi);
  return name == inbound_.end() ? nullptr : find(name->second);
}

std::optional<StackModel::Removed> StackModel::find_removed(InboundSpi spi) const {
  const auto found = removed_.find(spi);
  return found == removed_.end() ? std::nullopt : std::optional{found->second};
}

bool StackModel::shares(const PacketSelectors& packet, const StackModel& there) const {
  return std::ranges::any_of(search_order_, [&](const Pair* pair) {
    return carries(pair->sa, packet) && there.find_inbound(InboundSpi{pair->sa.outbound_spi.value()}) != nullptr;
  });
}

const StackModel::Pair* StackModel::find(contract::ChildSaName name) const {
  const auto found = pairs_.find(name);
  return found == pairs_.end() ? nullptr : &found->second;
}

}  // namespace adit::sim
