#include "ike/wire/v1/message.h"

#include "ike/wire/header.h"
#include "ike/wire/message.h"

namespace adit::ike::wire::v1 {
namespace {

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
    case PayloadType::identification:
      return parse_as<Identification>(body);
    case PayloadType::certificate:
      return parse_as<Certificate>(body);
    case PayloadType::certificate_request:
      return parse_as<CertificateRequest>(body);
    case PayloadType::hash:
      return parse_as<Hash>(body);
    case PayloadType::signature:
      return parse_as<Signature>(body);
    case PayloadType::nonce:
      return parse_as<Nonce>(body);
    case PayloadType::notify:
      return parse_as<Notify>(body);
    case PayloadType::delete_:
      return parse_as<Delete>(body);
    case PayloadType::vendor_id:
      return parse_as<VendorId>(body);
    case PayloadType::nat_detection:
    case PayloadType::nat_detection_draft:
      return parse_as<NatDetection>(body);
    case PayloadType::nat_original_address:
    case PayloadType::nat_original_address_draft:
      return parse_as<NatOriginalAddress>(body);
    case PayloadType::none:
      break;
  }
  return std::unexpected{ParseError{.field = "payload type", .offset = 0}};
}

struct TypeOf {
  template <PayloadType Type>
  PayloadType operator()(const OpaquePayload<Type>&) const {
    return Type;
  }
  PayloadType operator()(const SecurityAssociation&) const { return PayloadType::security_association; }
  PayloadType operator()(const Identification&) const { return PayloadType::identification; }
  PayloadType operator()(const Certificate&) const { return PayloadType::certificate; }
  PayloadType operator()(const CertificateRequest&) const { return PayloadType::certificate_request; }
  PayloadType operator()(const Notify&) const { return PayloadType::notify; }
  PayloadType operator()(const Delete&) const { return PayloadType::delete_; }
  PayloadType operator()(const NatOriginalAddress&) const { return PayloadType::nat_original_address; }
};

}  // namespace

Payloads& Payloads::add(Body body) {
  const PayloadType type = std::visit(TypeOf{}, body);
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

std::size_t Payloads::count(PayloadType type) const {
  std::size_t found = 0;
  for (const Payload& payload : items_) found += payload.type == type ? 1 : 0;
  return found;
}

std::expected<Chain, ParseError> parse_chain(PayloadType first, Bytes octets, Origin origin) {
  Reader in{octets};
  Chain chain;
  std::size_t count = 0;
  PayloadType type = first;
  while (type != PayloadType::none && !in.failed()) {
    in.require(++count <= most_payloads, "payloads");
    const auto next = static_cast<PayloadType>(in.u8("next payload"));
    in.require(in.u8("reserved") == 0, "reserved");  // RFC 2408 §2.5.2, §5.3
    const std::size_t length = in.u16("payload length");
    in.require(length >= generic_header_size, "payload length");
    const std::size_t start = in.offset();
    const Bytes body = in.take(length >= generic_header_size ? length - generic_header_size : 0, "payload length");
    if (in.failed()) break;
    if (chain.first_end == 0) chain.first_end = in.offset();
    if (is_known(type)) {
      auto parsed = parse_body(type, body);
      if (!parsed) {
        return std::unexpected{ParseError{.field = parsed.error().field, .offset = start + parsed.error().offset}};
      }
      chain.payloads.add(type, *std::move(parsed));
      chain.bodies.push_back(body);
    } else if (static_cast<std::uint8_t>(type) < first_private_payload && !chain.unknown) {
      chain.unknown = static_cast<std::uint8_t>(type);
    }
    type = next;
  }
  chain.end = in.offset();
  if (origin == Origin::decrypted && !in.failed()) in.rest();
  return in.finish(std::move(chain));
}

ByteString build_chain(const Payloads& payloads) {
  Writer out;
  const auto& items = payloads.items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::size_t start = out.size();
    out.u8(static_cast<std::uint8_t>(i + 1 < items.size() ? items[i + 1].type : PayloadType::none));
    out.u8(0);
    out.u16(0);
    std::visit([&](const auto& body) { body.build(out); }, items[i].body);
    out.set_u16(start + 2, narrow<std::uint16_t>(out.size() - start));
  }
  return std::move(out).take();
}

ByteString build_message(Header header, const Payloads& payloads) {
  const ByteString chain = build_chain(payloads);
  header.next_payload = payloads.items().empty() ? PayloadType::none : payloads.items().front().type;
  header.length = narrow<std::uint32_t>(header_size + chain.size());
  Writer out;
  header.build(out);
  out.bytes(chain);
  return std::move(out).take();
}

}  // namespace adit::ike::wire::v1
