#pragma once
// The Traffic Selector payloads, TSi and TSr (RFC 7296 §3.13).

#include <expected>

#include "base/reader.h"
#include "base/traffic_selector.h"
#include "base/writer.h"

namespace adit::ike::wire {

struct TrafficSelectorPayload {
  adit::TrafficSelectors selectors;  ///< 1 to 255; those of types that are not known here are passed over (§3.13.1)

  static std::expected<TrafficSelectorPayload, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const TrafficSelectorPayload&) const = default;
};

}  // namespace adit::ike::wire
