#include "ike/v1/informational.h"

#include <algorithm>

#include "ike/v1/ending.h"
#include "ike/v1/machine.h"
#include "ike/v1/quick_mode.h"

namespace adit::ike::v1 {

namespace {

constexpr unsigned delete_repetitions = 2;
constexpr std::size_t most_farewells = 64;  // beyond it a Delete is sent once
constexpr std::size_t cookies_size = 16;

/// The SPI of the ISAKMP SA, in R-U-THERE and its answer too (RFC 3706 §5.3).
ByteString cookies_of(const Phase1Sa& sa) {
  Writer out;
  out.u64(sa.initiator_cookie.value());
  out.u64(sa.responder_cookie.value());
  return std::move(out).take();
}

ByteString number(std::uint32_t value) {
  Writer out;
  out.u32(value);
  return std::move(out).take();
}

ByteString build(Turn& turn, Phase1Sa& sa, const wire::v1::Payloads& payloads) {
  const MessageId id = draw_message_id(turn, sa, Exchange::informational);
  ByteString iv = first_iv(sa, id);
  return sealed_with_hash(sa, header_of(sa, wire::ExchangeType::informational_v1, id), payloads, iv);
}

void send_repeated(Turn& turn, Phase1Sa& sa, wire::v1::Delete payload) {
  Farewell farewell{.payload = std::move(payload), .left = delete_repetitions, .next_at = turn.now + Seconds{1}};
  say(turn, sa, farewell);
  if (sa.farewells.size() < most_farewells) sa.farewells.push_back(std::move(farewell));
}

/// Under the SA itself: nobody may end another one (RFC 2409 §5.7 protects with the SA that is named).
bool names(const wire::v1::Delete& payload, const Phase1Sa& sa) {
  return payload.protocol == wire::ProtocolId::ike &&
         std::ranges::any_of(payload.cookies, [&](const wire::v1::Delete::Cookies& cookies) {
           return cookies.initiator == sa.initiator_cookie && cookies.responder == sa.responder_cookie;
         });
}

void take_delete(Turn& turn, Phase1Sa& sa, const wire::v1::Delete& payload) {
  if (payload.protocol == wire::ProtocolId::ike) {
    if (names(payload, sa)) end_by_peer(turn, sa);
    return;
  }
  const auto protocol = static_cast<contract::SaProtocol>(payload.protocol);
  for (const Spi named : payload.spis) {
    // The peer names the SPIs it receives on: those we send on.
    // After a refresh the peer may have it under another of our SAs.
    const auto [owner, child] = turn.shard.child_of_peer(sa, protocol, OutboundSpi{named.value()});
    if (child == nullptr) continue;
    const contract::ChildSaName name = child->name;
    bool has_other = false;
    for (const ChildSa& other : owner->children) {
      // A newer one for which the stack is asked counts: the peer deletes the older one as soon as message 3 is out.
      has_other |= other.name.tunnel == name.tunnel && other.name != name && other.state != ChildState::half_closed;
    }
    if (owner != &sa) turn.shard.touch(*owner);
    remove_child(turn, *owner, name, has_other ? Ending::superseded : Ending::by_peer);
  }
}

void answer_liveness(Turn& turn, Phase1Sa& sa, const wire::v1::Notify& notify) {
  Reader in{notify.data};
  const std::uint32_t sequence = in.u32("sequence number");
  // An older number is a replay (RFC 3706 §6.2); the same one is a repetition.
  if (in.failed() || sequence < sa.dpd_seen || notify.spi != cookies_of(sa)) return;
  sa.dpd_seen = sequence;
  send_notify(turn, sa,
              {.protocol = std::to_underlying(wire::ProtocolId::ike),
               .spi = cookies_of(sa),
               .type = wire::v1::NotifyType::r_u_there_ack,
               .data = number(sequence)});
}

void take_liveness_answer(Phase1Sa& sa, const wire::v1::Notify& notify) {
  Reader in{notify.data};
  // Another number, or other cookies, answer another question (RFC 3706 §6.1).
  if (in.u32("sequence number") == sa.dpd_sent && !in.failed() && notify.spi == cookies_of(sa)) sa.dpd.reset();
}

/// Of a domain and a protocol that are known here; else the payload is passed over (RFC 2408 §5.14, §5.15).
template <class Payload>
bool is_of_ours(const Payload& payload) {
  const bool is_known_domain = payload.doi == wire::v1::doi_ipsec || payload.doi == wire::v1::doi_isakmp;
  return is_known_domain && static_cast<std::uint8_t>(payload.protocol) <= std::to_underlying(wire::ProtocolId::esp);
}

void take_notify(Turn& turn, Phase1Sa& sa, const wire::v1::Header& header, const wire::v1::Notify& notify) {
  using enum wire::v1::NotifyType;
  switch (notify.type) {
    case r_u_there:
    case r_u_there_ack:
      if (!header.is_encrypted) return drop(turn, sa, "R-U-THERE that is not encrypted");  // RFC 3706 §5.2
      return notify.type == r_u_there ? answer_liveness(turn, sa, notify) : take_liveness_answer(sa, notify);
    case initial_contact:
      if (notify.spi.size() == cookies_size && notify.spi != cookies_of(sa)) return;
      return turn.shard.authenticated(sa, Shard::Contact::initial);
    case connected:
      // Its message ID is that of the quick mode (RFC 2408 §3.1).
      if (QuickMode* held = sa.find_quick_mode(header.id); held != nullptr && held->state == QuickMode::State::held) {
        peer_is_connected(turn, sa, *held);
      }
      return;
    case responder_lifetime:
      return tell(turn, CatalogueId::responder_lifetime_ignored, {{"peer", sa.remote.to_string()}});
    default:
      break;
  }
  if (!wire::v1::is_error(notify.type)) return;
  tell(turn, CatalogueId::error_notify_received,
       {{"peer", sa.remote.to_string()},
        {"exchange", wire::name_of(wire::ExchangeType::quick_mode)},
        {"notify", wire::v1::name_of(notify.type)}});
  quick_mode_refused(turn, sa, notify);
}

/// Who repeats an R-U-THERE octet by octet is answered again; nothing else that comes a second time says anything.
void answer_repetition(Turn& turn, Phase1Sa& sa, const Received& message) {
  const auto* notify = message.chain.payloads.find<wire::v1::Notify>();
  if (notify == nullptr || notify->type != wire::v1::NotifyType::r_u_there) {
    return drop(turn, sa, "the message ID of an exchange that is over");
  }
  answer_liveness(turn, sa, *notify);
}

void heed_clear(Turn& turn, Phase1Sa& sa, const Received& message) {
  // Anybody can send it: it is kept for the operator, if nothing better comes, and told once.
  if (sa.establishing == nullptr || !sa.establishing->unprotected_error.empty()) {
    return drop(turn, sa, "an Informational exchange in clear");
  }
  const auto* notify = message.chain.payloads.find<wire::v1::Notify>();
  if (notify == nullptr || !wire::v1::is_error(notify->type)) return drop(turn, sa, "a notify in clear");
  sa.establishing->unprotected_error = wire::v1::name_of(notify->type);
  tell(turn, CatalogueId::error_notify_received,
       {{"peer", sa.remote.to_string()},
        {"exchange", wire::name_of(sa.mode == Mode::main ? wire::ExchangeType::identity_protection
                                                         : wire::ExchangeType::aggressive)},
        {"notify", sa.establishing->unprotected_error}});
}

/// A peer that has keys refuses our proof under them, before the SA is up. Under other keys than ours nothing can be
/// read, which tells as much: of shared keys one is wrong (RFC 2409 §5.4).
void heed_refusal(Turn& turn, Phase1Sa& sa, const Datagram& datagram, const wire::v1::Header& header) {
  if (sa.establishing == nullptr || !sa.has_keys || header.responder_cookie != sa.responder_cookie) {
    return drop(turn, sa, "an Informational exchange before the SA is up");
  }
  const auto message = open(turn, sa, datagram, header, first_iv(sa, header.id));
  if (!message || !has_right_hash(sa, *message)) {
    sa.establishing->undecryptable = true;
    return;
  }
  // The peer has had the SA up, and has ended it while its last message is still judged here.
  const auto* removed = message->chain.payloads.find<wire::v1::Delete>();
  if (removed != nullptr && judges_answer(sa.state) && names(*removed, sa)) {
    sa.ending = Ending::by_peer;
    return fail(turn, sa, std::string{v2::reason_of(Ending::by_peer)});
  }
  heed_clear(turn, sa, *message);
}

}  // namespace

void receive_informational(Turn& turn, Phase1Sa& sa, const Datagram& datagram, const wire::v1::Header& header) {
  // While our Delete is under way the peer may say its last words by the SA: what else it deletes.
  const bool is_closing = sa.state == Phase1State::closing;
  // With the A bit its HASH alone protects it (RFC 2408 §3.1, §5.14).
  const bool is_protected = (header.is_encrypted || header.authentication_only) && (is_up(sa.state) || is_closing);
  if (header.is_encrypted && !is_protected) return heed_refusal(turn, sa, datagram, header);
  auto message = open(turn, sa, datagram, header, is_protected ? first_iv(sa, header.id) : ByteString{});
  // A CONNECTED with the message ID of its quick mode may go on with that one's chain of IVs: no RFC says.
  const QuickMode* held = is_protected ? sa.find_quick_mode(header.id) : nullptr;
  const bool is_right = message && (!is_protected || has_right_hash(sa, *message));
  if (!is_right && held != nullptr && held->state == QuickMode::State::held) {
    auto in_chain = open(turn, sa, datagram, header, held->iv);
    message.reset();
    if (in_chain) message.emplace(*std::move(in_chain));
  }
  if (!message) return;
  if (!is_protected) return heed_clear(turn, sa, *message);
  if (!has_right_hash(sa, *message)) return drop(turn, sa, "the HASH of an Informational exchange is wrong");
  // A CONNECTED has the message ID of the quick mode that it is about (RFC 2408 §3.1).
  const bool is_about_held = held != nullptr && held->state == QuickMode::State::held;
  if (!is_about_held && !sa.exchanges.add(header.id, Exchange::informational)) {
    return is_closing ? drop(turn, sa, "the SA is deleted") : answer_repetition(turn, sa, *message);
  }
  if (!is_closing) follow_peer(turn, sa, datagram);
  for (const wire::v1::Payload& payload : message->chain.payloads.items()) {
    if (sa.state == Phase1State::closed) return;
    const auto* removed = std::get_if<wire::v1::Delete>(&payload.body);
    if (removed != nullptr && is_of_ours(*removed)) take_delete(turn, sa, *removed);
    if (is_closing) continue;
    const auto* notify = std::get_if<wire::v1::Notify>(&payload.body);
    if (notify != nullptr && is_of_ours(*notify)) take_notify(turn, sa, header, *notify);
  }
}

void send_notify(Turn& turn, Phase1Sa& sa, wire::v1::Notify notify) {
  wire::v1::Payloads payloads;
  payloads.add(std::move(notify));
  send(turn, sa, build(turn, sa, payloads));
}

void send_delete(Turn& turn, Phase1Sa& sa, contract::SaProtocol protocol, const std::vector<InboundSpi>& spis) {
  wire::v1::Delete payload{.protocol = static_cast<wire::ProtocolId>(protocol)};
  for (const InboundSpi spi : spis) payload.spis.emplace_back(spi.value());
  send_repeated(turn, sa, std::move(payload));
}

void send_delete(Turn& turn, Phase1Sa& sa, const ChildSa& child) {
  for (const auto protocol : {contract::SaProtocol::esp, contract::SaProtocol::ah}) {
    if (const auto spi = inbound_spi(child, protocol)) send_delete(turn, sa, protocol, {*spi});
  }
}

void send_delete(Turn& turn, Phase1Sa& sa) {
  send_repeated(turn, sa, {.protocol = wire::ProtocolId::ike, .cookies = {{sa.initiator_cookie, sa.responder_cookie}}});
}

void say(Turn& turn, Phase1Sa& sa, const Farewell& farewell) {
  wire::v1::Payloads payloads;
  payloads.add(farewell.payload);
  send(turn, sa, build(turn, sa, payloads));
}

void say_deleted(Turn& turn, Phase1Sa& sa) {
  say(turn, sa,
      {.payload = {.protocol = wire::ProtocolId::ike, .cookies = {{sa.initiator_cookie, sa.responder_cookie}}}});
}

void hand_on_farewells(Turn& turn, Phase1Sa& from, Phase1Sa& to) {
  for (Farewell& farewell : std::exchange(from.farewells, {})) {
    if (farewell.payload.protocol != wire::ProtocolId::ike) send_repeated(turn, to, std::move(farewell.payload));
  }
}

ByteString liveness_question(Turn& turn, Phase1Sa& sa) {
  wire::v1::Payloads payloads;
  payloads.add(wire::v1::Notify{.protocol = std::to_underlying(wire::ProtocolId::ike),
                                .spi = cookies_of(sa),
                                .type = wire::v1::NotifyType::r_u_there,
                                .data = number(sa.dpd_sent)});
  return build(turn, sa, payloads);
}

void check_liveness(Turn& turn, Phase1Sa& sa) {
  if (sa.dpd || !sa.peer_has_dpd) return;                                        // RFC 3706 §5.1
  if (sa.dpd_sent == 0) sa.dpd_sent = turn.random.number<std::uint32_t>() >> 1;  // room to count on (RFC 3706 §6.2)
  ++sa.dpd_sent;
  ByteString octets = liveness_question(turn, sa);
  send(turn, sa, octets);
  sa.dpd = v2::Retransmission::begin(MessageId{0}, std::to_underlying(wire::ExchangeType::informational_v1),
                                     {std::move(octets)}, turn.options, turn.now);
}

}  // namespace adit::ike::v1
