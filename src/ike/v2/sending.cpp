#include "ike/v2/sending.h"

#include "ike/v2/protection.h"

namespace adit::ike::v2 {

namespace {

constexpr Seconds response_life{180};  // "several minutes" (RFC 7296 §2.1): longer than any peer repeats a request

}  // namespace

void send(Turn& turn, const IkeSa& sa, ByteString octets) {
  turn.step.send.push_back({.stack = sa.stack, .local = sa.local, .remote = sa.remote, .octets = std::move(octets)});
}

void send_back(Turn& turn, const Datagram& to, ByteString octets) {
  turn.step.send.push_back({.stack = to.stack, .local = to.local, .remote = to.remote, .octets = std::move(octets)});
}

void send_request(Turn& turn, IkeSa& sa, wire::ExchangeType exchange, const wire::Payloads& payloads) {
  const MessageId id = sa.next_request;
  sa.next_request = following(id);
  sa.outstanding =
      Retransmission::begin(id, std::to_underlying(exchange),
                            seal(turn, sa, exchange, id, wire::Direction::request, payloads), turn.options, turn.now);
  for (const ByteString& datagram : sa.outstanding->datagrams) send(turn, sa, datagram);
}

void send_response(Turn& turn, IkeSa& sa, wire::ExchangeType exchange, const wire::Payloads& payloads) {
  sa.stored_response.datagrams = seal(turn, sa, exchange, sa.stored_response.id, wire::Direction::response, payloads);
  sa.stored_response.forget_at = turn.now + response_life;
  for (const ByteString& datagram : sa.stored_response.datagrams) {
    turn.step.send.push_back({.stack = sa.stack,
                              .local = sa.stored_response.local,
                              .remote = sa.stored_response.remote,
                              .octets = datagram});
  }
}

void replay_response(Turn& turn, const IkeSa& sa, const Datagram& repetition) {
  if (sa.stored_response.datagrams.empty()) return;
  ++turn.statistics.replayed;
  for (const ByteString& datagram : sa.stored_response.datagrams) send_back(turn, repetition, datagram);
}

void retransmit(Turn& turn, IkeSa& sa) {
  ++turn.statistics.retransmitted;
  sa.outstanding->again(turn.options, turn.now);
  for (const ByteString& datagram : sa.outstanding->datagrams) send(turn, sa, datagram);
}

}  // namespace adit::ike::v2
