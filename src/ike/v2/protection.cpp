#include "ike/v2/protection.h"

#include <algorithm>

namespace adit::ike::v2 {

namespace {

constexpr std::size_t fragment_fields = 4;  // octets: number and total (RFC 7383 §2.5)
constexpr std::size_t non_esp_marker = 4;   // octets, on port 4500 (RFC 3948 §2.2)

bool needs_unpredictable_iv(EncryptionId encryption) {
  return encryption == EncryptionId::aes_cbc || encryption == EncryptionId::triple_des ||
         encryption == EncryptionId::des;
}

/// Where the fragments of a message collect: one request of ours is open at a time, several of the peer's may be.
Reassembly& parts_of(IkeSa& sa, const wire::Header& header, const wire::ProtectedPart& part) {
  if (header.direction == wire::Direction::response) {
    if (sa.response_in_parts == nullptr) {
      sa.response_in_parts = std::make_unique<Reassembly>(header.id, part.fragment_total);
    }
    return *sa.response_in_parts;
  }
  const auto found = std::ranges::find(sa.requests_in_parts, header.id, &Reassembly::id);
  return found != sa.requests_in_parts.end() ? *found
                                             : sa.requests_in_parts.emplace_back(header.id, part.fragment_total);
}

ByteString draw_iv(Turn& turn, IkeSa& sa, std::size_t size) {
  if (needs_unpredictable_iv(sa.algorithms.cipher.encryption)) return turn.random.octets(size);
  // A counter never repeats under the key, which random octets cannot promise (RFC 5282 §3.1).
  Writer counter;
  counter.zeros(size - sizeof(std::uint64_t));
  counter.u64(++sa.sealed);
  return std::move(counter).take();
}

}  // namespace

std::vector<ByteString> seal(Turn& turn, IkeSa& sa, wire::ExchangeType exchange, MessageId id,
                             wire::Direction direction, const wire::Payloads& payloads) {
  const wire::Header header{
      .initiator_spi = sa.initiator_spi,
      .responder_spi = sa.responder_spi,
      .exchange = exchange,
      .sender = sa.role == Role::initiator ? wire::Sender::original_initiator : wire::Sender::original_responder,
      .direction = direction,
      .id = id};
  const auto cipher = crypto::IkeCipher::make(sa.algorithms.cipher, sa.sending_key(), sa.sending_integrity());
  const wire::Inner inner = wire::build_inner(payloads);
  const auto sealed_size = [&](std::size_t plaintext) {
    return cipher->iv_size() + cipher->padded_size(plaintext) + cipher->icv_size();
  };
  const std::size_t limit = turn.options.fragment_octets - non_esp_marker;
  const std::size_t headers = wire::header_size + wire::generic_header_size;
  if (!sa.peer_fragments || headers + sealed_size(inner.octets.size()) <= limit) {
    ByteString message = wire::build_protected_start(header, inner.first, sealed_size(inner.octets.size()));
    cipher->seal(message, inner.octets, draw_iv(turn, sa, cipher->iv_size()));
    sa.octets += message.size();
    return {std::move(message)};
  }

  std::size_t part = limit - headers - fragment_fields - cipher->iv_size() - cipher->icv_size();
  while (headers + fragment_fields + sealed_size(part) > limit) --part;
  const auto total = narrow<std::uint16_t>((inner.octets.size() + part - 1) / part);
  std::vector<ByteString> datagrams;
  for (std::uint16_t number = 1; number <= total; ++number) {
    const std::size_t at = (number - 1u) * part;
    const Bytes piece = Bytes{inner.octets}.subspan(at, std::min(part, inner.octets.size() - at));
    ByteString message = wire::build_fragment_start(header, inner.first, number, total, sealed_size(piece.size()));
    cipher->seal(message, piece, draw_iv(turn, sa, cipher->iv_size()));
    sa.octets += message.size();
    datagrams.push_back(std::move(message));
  }
  return datagrams;
}

std::expected<wire::Chain, NotOpened> open(IkeSa& sa, const wire::Header& header, const wire::ProtectedPart& part,
                                           Bytes message) {
  const bool is_fragment = part.type == wire::PayloadType::encrypted_fragment;
  using Why = NotOpened::Why;
  // Only who announced them sends them (RFC 7383 §2.3).
  if (is_fragment && (!sa.peer_fragments || !Reassembly::is_possible(part))) {
    return std::unexpected{NotOpened{Why::not_authentic}};
  }
  const auto cipher = crypto::IkeCipher::make(sa.algorithms.cipher, sa.receiving_key(), sa.receiving_integrity());
  auto plaintext = cipher->open(message, part.body);
  if (!plaintext) return std::unexpected{NotOpened{Why::not_authentic}};
  sa.octets += message.size();

  wire::PayloadType first = part.first_inner;
  if (is_fragment) {
    Reassembly& parts = parts_of(sa, header, part);
    const auto intake = parts.take(header.id, part, *std::move(plaintext));
    if (intake != Reassembly::Intake::complete) return std::unexpected{NotOpened{Why::incomplete}};
    first = parts.first();
    plaintext = parts.whole();  // the parts go with the message's place in the window
  }
  auto chain = wire::parse_inner(first, *plaintext);
  if (!chain) return std::unexpected{NotOpened{Why::malformed, chain.error().field}};
  return *std::move(chain);
}

bool is_authentic(const IkeSa& sa, const wire::ProtectedPart& part, Bytes message) {
  const auto cipher = crypto::IkeCipher::make(sa.algorithms.cipher, sa.receiving_key(), sa.receiving_integrity());
  return cipher->open(message, part.body).has_value();
}

}  // namespace adit::ike::v2
