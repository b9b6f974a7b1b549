#include "ike/wire/message.h"

#include <algorithm>

namespace adit::ike::wire {
namespace {

constexpr std::uint8_t critical_bit = 0x80;

template <class T>
std::expected<Body, ParseError> parse_as(Bytes body) {
  auto parsed = T::parse(body);
  if (!parsed) return std::unexpected{parsed.error()};
  return Body{*std::move(parsed)};
}

std::expected<Body, ParseError> parse_body(PayloadType type, Bytes body) {
  switch (type) {
    case PayloadType::security_association:
      return parse_as<SecurityAssociation>(body);
    case PayloadType::key_exchange:
      return parse_as<KeyExchange>(body);
    case PayloadType::identification_initiator:
    case PayloadType::identification_responder:
      return parse_as<Identification>(body);
    case PayloadType::certificate:
      return parse_as<Certificate>(body);
    case PayloadType::certificate_request:
      return parse_as<CertificateRequest>(body);
    case PayloadType::authentication:
      return parse_as<Authentication>(body);
    case PayloadType::nonce:
      return parse_as<Nonce>(body);
    case PayloadType::notify:
      return parse_as<Notify>(body);
    case PayloadType::delete_:
      return parse_as<Delete>(body);
    case PayloadType::vendor_id:
      return parse_as<VendorId>(body);
    case PayloadType::traffic_selectors_initiator:
    case PayloadType::traffic_selectors_responder:
      return parse_as<TrafficSelectorPayload>(body);
    case PayloadType::configuration:
      return parse_as<Configuration>(body);
    case PayloadType::eap:
      return parse_as<Eap>(body);
    default:
      return std::unexpected{ParseError{.field = "payload type", .offset = 0}};
  }
}

PayloadType type_of(const Body& body) {
  struct TypeOf {
    PayloadType operator()(const SecurityAssociation&) const { return PayloadType::security_association; }
    PayloadType operator()(const KeyExchange&) const { return PayloadType::key_exchange; }
    PayloadType operator()(const Identification&) const { return PayloadType::identification_initiator; }
    PayloadType operator()(const Certificate&) const { return PayloadType::certificate; }
    PayloadType operator()(const CertificateRequest&) const { return PayloadType::certificate_request; }
    PayloadType operator()(const Authentication&) const { return PayloadType::authentication; }
    PayloadType operator()(const Nonce&) const { return PayloadType::nonce; }
    PayloadType operator()(const Notify&) const { return PayloadType::notify; }
    PayloadType operator()(const Delete&) const { return PayloadType::delete_; }
    PayloadType operator()(const VendorId&) const { return PayloadType::vendor_id; }
    PayloadType operator()(const TrafficSelectorPayload&) const { return PayloadType::traffic_selectors_initiator; }
    PayloadType operator()(const Configuration&) const { return PayloadType::configuration; }
    PayloadType operator()(const Eap&) const { return PayloadType::eap; }
  };
  return std::visit(TypeOf{}, body);
}

enum class Place : std::uint8_t { outer, inner };

/// Where the protected part of an SK or SKF payload begins, whose body is `in`.
std::expected<ProtectedPart, ParseError> locate(PayloadType type, PayloadType first_inner, Bytes body, std::size_t at) {
  ProtectedPart part{.type = type, .first_inner = first_inner, .body = at};
  if (type == PayloadType::encrypted) return part;
  Reader in{body};
  part.fragment_number = in.u16("fragment number");
  part.fragment_total = in.u16("total fragments");
  in.require(part.fragment_number >= 1 && part.fragment_number <= part.fragment_total, "fragment number");
  part.body += 4;
  if (in.failed()) return std::unexpected{ParseError{.field = in.error().field, .offset = at + in.error().offset}};
  return part;
}

std::expected<Chain, ParseError> parse_chain(PayloadType type, Bytes octets, std::size_t offset, Place place) {
  Reader in{octets.subspan(offset)};
  Chain chain;
  std::size_t count = 0;
  while (type != PayloadType::none) {
    in.require(++count <= most_payloads, "payloads");
    const auto next = static_cast<PayloadType>(in.u8("next payload"));
    const bool critical = (in.u8("critical bit") & critical_bit) != 0;
    const std::size_t length = in.u16("payload length");
    in.require(length >= generic_header_size, "payload length");
    const std::size_t at = offset + in.offset();
    const Bytes body = in.take(length >= generic_header_size ? length - generic_header_size : 0, "payload length");
    if (in.failed()) break;
    if (type == PayloadType::encrypted || type == PayloadType::encrypted_fragment) {
      // Always the last payload of a message (RFC 7296 §3.1, §3.14), never inside another.
      in.require(place == Place::outer && in.remaining() == 0, "SK payload");
      if (in.failed()) break;
      auto part = locate(type, next, body, at);
      if (!part) return std::unexpected{part.error()};
      chain.protected_part = *part;
      return chain;
    }
    if (!is_known(type)) {
      // The critical bit counts only for what is not known here (RFC 7296 §3.2).
      if (critical && !chain.unknown_critical) chain.unknown_critical = static_cast<std::uint8_t>(type);
    } else {
      auto parsed = parse_body(type, body);
      if (!parsed) {
        return std::unexpected{ParseError{.field = parsed.error().field, .offset = at + parsed.error().offset}};
      }
      chain.payloads.add(type, *std::move(parsed));
    }
    type = next;
  }
  auto whole = in.finish(std::move(chain));
  if (!whole) {
    return std::unexpected{ParseError{.field = whole.error().field, .offset = offset + whole.error().offset}};
  }
  return whole;
}

void build_chain(Writer& out, const Payloads& payloads) {
  const auto& items = payloads.items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::size_t start = out.size();
    out.u8(static_cast<std::uint8_t>(i + 1 < items.size() ? items[i + 1].type : PayloadType::none));
    out.u8(0);
    out.u16(0);
    std::visit([&out](const auto& body) { body.build(out); }, items[i].body);
    out.set_u16(start + 2, narrow<std::uint16_t>(out.size() - start));
  }
}

PayloadType first_of(const Payloads& payloads) {
  return payloads.items().empty() ? PayloadType::none : payloads.items().front().type;
}

}  // namespace

Payloads& Payloads::add(Body body) {
  const PayloadType type = type_of(body);
  return add(type, std::move(body));
}

Payloads& Payloads::add(PayloadType type, Body body) {
  items_.push_back({type, std::move(body)});
  return *this;
}

const Notify* Payloads::find(NotifyType type) const {
  for (const Payload& payload : items_) {
    const auto* notify = std::get_if<Notify>(&payload.body);
    if (notify != nullptr && notify->type == type) return notify;
  }
  return nullptr;
}

const Notify* Payloads::find_error() const {
  for (const Payload& payload : items_) {
    const auto* notify = std::get_if<Notify>(&payload.body);
    if (notify != nullptr && is_error(notify->type)) return notify;
  }
  return nullptr;
}

bool Payloads::has_unknown_error() const {
  return std::ranges::any_of(items_, [](const Payload& payload) {
    const auto* notify = std::get_if<Notify>(&payload.body);
    return notify != nullptr && is_error(notify->type) && !is_known(notify->type);
  });
}

std::size_t Payloads::count(PayloadType type) const {
  std::size_t count = 0;
  for (const Payload& payload : items_) count += payload.type == type ? 1 : 0;
  return count;
}

std::expected<Chain, ParseError> parse_message(const Header& header, Bytes datagram) {
  return parse_chain(header.next_payload, datagram, header_size, Place::outer);
}

std::expected<Chain, ParseError> parse_inner(PayloadType first, Bytes plaintext) {
  return parse_chain(first, plaintext, 0, Place::inner);
}

ByteString build_message(Header header, const Payloads& payloads) {
  Writer out;
  header.next_payload = first_of(payloads);
  header.build(out);
  build_chain(out, payloads);
  out.set_u32(header_size - 4, narrow<std::uint32_t>(out.size()));
  return std::move(out).take();
}

Inner build_inner(const Payloads& payloads) {
  Writer out;
  build_chain(out, payloads);
  return {first_of(payloads), std::move(out).take()};
}

ByteString build_protected_start(Header header, PayloadType first_inner, std::size_t sealed) {
  Writer out;
  header.next_payload = PayloadType::encrypted;
  header.length = narrow<std::uint32_t>(header_size + generic_header_size + sealed);
  header.build(out);
  out.u8(static_cast<std::uint8_t>(first_inner));
  out.u8(0);
  out.u16(narrow<std::uint16_t>(generic_header_size + sealed));
  return std::move(out).take();
}

ByteString build_fragment_start(Header header, PayloadType first_inner, std::uint16_t number, std::uint16_t total,
                                std::size_t sealed) {
  constexpr std::size_t fragment_fields = 4;
  Writer out;
  header.next_payload = PayloadType::encrypted_fragment;
  header.length = narrow<std::uint32_t>(header_size + generic_header_size + fragment_fields + sealed);
  header.build(out);
  // Only the first fragment says what is inside (RFC 7383 §2.5).
  out.u8(static_cast<std::uint8_t>(number == 1 ? first_inner : PayloadType::none));
  out.u8(0);
  out.u16(narrow<std::uint16_t>(generic_header_size + fragment_fields + sealed));
  out.u16(number);
  out.u16(total);
  return std::move(out).take();
}

}  // namespace adit::ike::wire
