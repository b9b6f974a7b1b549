#include "ike/v1/messages.h"

#include "crypto/ike_v1_cipher.h"
#include "ike/wire/header.h"

namespace adit::ike::v1 {

namespace {

crypto::IkeV1Cipher cipher_of(const Phase1Sa& sa) {
  return *crypto::IkeV1Cipher::find(sa.choice.encryption, sa.choice.key_bits);
}

ByteString last_block(const crypto::IkeV1Cipher& cipher, Bytes ciphertext) {
  const Bytes last = ciphertext.last(cipher.block());
  return {last.begin(), last.end()};
}

ByteString octets_of(MessageId id) {
  Writer out;
  out.u32(id.value());
  return std::move(out).take();
}

}  // namespace

std::optional<Received> open(Turn& turn, const Phase1Sa& sa, const Datagram& datagram, const wire::v1::Header& header,
                             const ByteString& iv) {
  const Bytes body = Bytes{datagram.octets}.subspan(wire::header_size);
  Received message{.datagram = datagram, .header = header, .octets = {}, .chain = {}, .next_iv = {}};
  if (header.is_encrypted) {
    if (!sa.has_keys) return drop(turn, sa, "encrypted before there are keys"), std::nullopt;
    const crypto::IkeV1Cipher cipher = cipher_of(sa);
    auto plaintext = cipher.decrypt(sa.cipher_key, iv, body);
    if (!plaintext) return drop(turn, sa, "its encrypted part is no whole number of blocks"), std::nullopt;
    message.octets = *std::move(plaintext);
    message.next_iv = last_block(cipher, body);
  } else {
    message.octets.assign(body.begin(), body.end());
  }
  auto chain = wire::v1::parse_chain(header.next_payload, message.octets,
                                     header.is_encrypted ? wire::v1::Origin::decrypted : wire::v1::Origin::clear);
  if (!chain) return drop(turn, sa, "malformed: " + std::string{chain.error().field}), std::nullopt;
  // What it would change must not be guessed (RFC 2408 §5.2, §5.3).
  if (chain->unknown) return drop(turn, sa, "payload type " + std::to_string(*chain->unknown)), std::nullopt;
  message.chain = *std::move(chain);
  return message;
}

ByteString first_iv(const Phase1Sa& sa, MessageId id) {
  ByteString iv = crypto::ike_v1_hash(sa.choice.hash, {sa.iv, octets_of(id)});
  iv.resize(cipher_of(sa).block());
  return iv;
}

ByteString hash_a(const Phase1Sa& sa, std::initializer_list<Bytes> parts) {
  const Secret hash = (*crypto::Prf::find(sa.choice.hash))(sa.skeyid_a, parts);
  const Bytes octets = hash.reveal();
  return {octets.begin(), octets.end()};
}

bool has_right_hash(const Phase1Sa& sa, const Received& message, Bytes before) {
  const auto& items = message.chain.payloads.items();
  if (items.empty() || items.front().type != wire::v1::PayloadType::hash) return false;
  const Bytes rest =
      Bytes{message.octets}.subspan(message.chain.first_end, message.chain.end - message.chain.first_end);
  const ByteString expected = hash_a(sa, {octets_of(message.header.id), before, rest});
  return equal_in_constant_time(expected, message.chain.bodies.front());
}

wire::v1::Header header_of(const Phase1Sa& sa, wire::ExchangeType exchange, MessageId id) {
  return {
      .initiator_cookie = sa.initiator_cookie, .responder_cookie = sa.responder_cookie, .exchange = exchange, .id = id};
}

ByteString sealed(const Phase1Sa& sa, wire::v1::Header header, const wire::v1::Payloads& payloads, ByteString& iv) {
  const crypto::IkeV1Cipher cipher = cipher_of(sa);
  const ByteString ciphertext = cipher.encrypt(sa.cipher_key, iv, wire::v1::build_chain(payloads));
  header.is_encrypted = true;
  header.next_payload = payloads.items().front().type;
  header.length = narrow<std::uint32_t>(wire::header_size + ciphertext.size());
  Writer out;
  header.build(out);
  out.bytes(ciphertext);
  iv = last_block(cipher, ciphertext);
  return std::move(out).take();
}

ByteString sealed_with_hash(const Phase1Sa& sa, const wire::v1::Header& header, const wire::v1::Payloads& payloads,
                            ByteString& iv, Bytes before) {
  wire::v1::Payloads all;
  all.add(wire::v1::Hash{hash_a(sa, {octets_of(header.id), before, wire::v1::build_chain(payloads)})});
  for (const wire::v1::Payload& payload : payloads.items()) all.add(payload.type, payload.body);
  return sealed(sa, header, all, iv);
}

void send(Turn& turn, const Phase1Sa& sa, ByteString octets) {
  turn.step.send.push_back({.stack = sa.stack, .local = sa.local, .remote = sa.remote, .octets = std::move(octets)});
}

MessageId draw_message_id(Turn& turn, Phase1Sa& sa, Exchange exchange) {
  for (;;) {
    const MessageId id{turn.random.number<std::uint32_t>()};
    // One that the SA cannot remember any more is drawn all the same: the SA ends.
    const bool is_new = sa.exchanges.add(id, exchange) || sa.exchanges.is_full();
    if (id != MessageId{} && is_new) return id;
  }
}

void follow_peer(Turn& turn, Phase1Sa& sa, const Datagram& datagram) {
  sa.last_inbound = turn.now;
  sa.octets += datagram.octets.size();
  if (is_up(sa.state)) sa.heard_since_up = true;
  if (sa.remote == datagram.remote && sa.local == datagram.local) return;
  // Without a NAT in front of the peer nothing may move it, and whoever is behind one has the same peer as ever.
  // To port 4500 the peer moves in phase 1 (RFC 3947 §4), later only its NAT moves it (RFC 3947 §7).
  const bool floats =
      !is_up(sa.state) && sa.nat_traversal != NatTraversal::none && sa.remote.address == datagram.remote.address;
  if (!floats && !(sa.nat_remote && !sa.nat_local)) return;
  sa.local = datagram.local;
  sa.remote = datagram.remote;
  for (ChildSa& child : sa.children) {
    if (!child.installed || !child.udp) continue;
    child.udp->remote_port = sa.remote.port;
    turn.step.stack.emplace_back(contract::MovePeer{.stack = sa.stack, .name = child.name, .to = sa.remote});
  }
}

}  // namespace adit::ike::v1
