// IKE messages from anyone: the header and the outer chain; the same octets as the inside of an SK payload. What parses
// builds octets that parse to the same.

#include <cstdlib>

#include "ike/wire/message.h"

using namespace adit;
using namespace adit::ike::wire;

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

void check_rebuilt(const Payloads& payloads) {
  const Inner inner = build_inner(payloads);
  if (inner.octets.size() > largest_message) return;
  const auto again = parse_inner(inner.first, inner.octets);
  demand(again.has_value() && again->payloads == payloads);
}

/// A selector of a type that is not known is passed over: what is left of its payload may be nothing, which cannot be
/// sent.
bool can_be_built(const Payloads& payloads) {
  for (const Payload& payload : payloads.items()) {
    const auto* selectors = std::get_if<TrafficSelectorPayload>(&payload.body);
    if (selectors != nullptr && selectors->selectors.empty()) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes octets{data, size};
  if (const auto header = Header::parse(octets)) {
    const auto chain = parse_message(*header, octets);
    if (chain && can_be_built(chain->payloads)) check_rebuilt(chain->payloads);
    if (chain && chain->protected_part) demand(chain->protected_part->body <= size);
  }
  if (size > 0) {
    const auto inside = parse_inner(static_cast<PayloadType>(data[0]), octets.subspan(1));
    if (inside && can_be_built(inside->payloads)) check_rebuilt(inside->payloads);
  }
  return 0;
}
