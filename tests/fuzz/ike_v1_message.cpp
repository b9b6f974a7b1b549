// IKEv1 messages from anyone: the header and its chain; the same octets as a decrypted chain with padding behind it.
// What parses builds octets that parse to the same.

#include <cstdlib>

#include "ike/wire/header.h"
#include "ike/wire/v1/message.h"

using namespace adit;
using namespace adit::ike::wire::v1;

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

void check(PayloadType first, Bytes octets, Origin origin) {
  const auto chain = parse_chain(first, octets, origin);
  if (!chain) return;
  demand(chain->end <= octets.size() && chain->first_end <= chain->end);
  demand(chain->bodies.size() == chain->payloads.items().size());
  for (const Payload& payload : chain->payloads.items()) {
    const auto* id = std::get_if<Identification>(&payload.body);
    const auto selector = id == nullptr ? std::nullopt : id->selector();
    if (selector) demand(selector->addresses.first <= selector->addresses.last);
  }
  if (chain->payloads.items().empty()) return;
  const ByteString again = build_chain(chain->payloads);
  const auto parsed = parse_chain(chain->payloads.items().front().type, again, Origin::clear);
  demand(parsed.has_value() && parsed->payloads == chain->payloads);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes octets{data, size};
  if (const auto header = Header::parse(octets)) {
    check(header->next_payload, octets.subspan(adit::ike::wire::header_size), Origin::clear);
  }
  if (size > 0) check(static_cast<PayloadType>(data[0]), octets.subspan(1), Origin::decrypted);
  return 0;
}
