#include "sim/network.h"

namespace adit::sim {

FaultCounts& FaultCounts::operator+=(const FaultCounts& other) {
  sent += other.sent;
  delivered += other.delivered;
  lost += other.lost;
  duplicated += other.duplicated;
  overtaken += other.overtaken;
  return *this;
}

void Network::send(const ike::Datagram& datagram) {
  sent_.push_back(datagram);
  const std::uint64_t number = ++counts_.sent;
  const bool is_nth = faults_.lose_every != 0 && number % faults_.lose_every == 0;
  if (is_nth || dice_.chance(faults_.loss)) {
    ++counts_.lost;
    return;
  }
  deliver_later(datagram, number);
  if (!dice_.chance(faults_.duplication)) return;
  ++counts_.duplicated;
  deliver_later(datagram, number);
}

void Network::deliver_later(const ike::Datagram& datagram, std::uint64_t number) {
  clockwork_.plan(dice_.between(faults_.delay_least, faults_.delay_most), [this, datagram, number] {
    const auto host = hosts_.find(datagram.remote.address);
    if (host == hosts_.end()) return;
    ++counts_.delivered;
    std::uint64_t& newest = newest_delivered_[datagram.remote.address];
    if (number < newest) ++counts_.overtaken;
    newest = std::max(newest, number);
    ike::Datagram arrived = datagram;
    std::swap(arrived.local, arrived.remote);
    host->second(std::move(arrived));
  });
}

}  // namespace adit::sim
