#include "sim/nat.h"

namespace adit::sim {

std::optional<Endpoint> Nat::out(const Endpoint& from, const Endpoint& to, Instant now) {
  if (from.port == 0) return std::nullopt;
  const auto known = mappings_.find(from);
  if (known != mappings_.end() && now - known->second.used > mapping_life) mappings_.erase(known);
  Mapping& mapping = mappings_[from];
  if (mapping.port == 0) mapping.port = next_port_++;
  mapping.used = now;
  mapping.spoken_to.insert(to);
  return Endpoint{outside_, mapping.port};
}

std::optional<Endpoint> Nat::in(const Endpoint& from, const Endpoint& to, Instant now) {
  for (auto& [inside, mapping] : mappings_) {
    if (mapping.port != to.port || now - mapping.used > mapping_life) continue;
    if (!mapping.spoken_to.contains(from)) return std::nullopt;
    return inside;
  }
  return std::nullopt;
}

void Nat::rebind(std::optional<IpAddress> outside) {
  mappings_.clear();
  if (outside) outside_ = *outside;
}

}  // namespace adit::sim
