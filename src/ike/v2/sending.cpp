#include "ike/v2/sending.h"

#include "ike/v2/protection.h"

namespace adit::ike::v2 {

namespace {

constexpr Seconds response_life{180};  // "several minutes" (RFC 7296 §2.1): longer than any peer repeats a request
/// Of the responses of one IKE SA. IKE_AUTH with a long certificate chain has 10 000, any other response some hundred.
constexpr std::size_t most_stored_octets = 65536;

/// An IKE SA that a rekey made starts with a window of one, whatever the old one had (RFC 7296 §2.3): the first message
/// under it says otherwise. A message about an error says nothing else (§2.21.2).
wire::Payloads with_window_size(IkeSa& sa, const wire::Payloads& payloads) {
  wire::Payloads with = payloads;
  if (sa.state != SaState::established || sa.window_announced || payloads.find_error() != nullptr) return with;
  with.add(window_size());
  sa.window_announced = true;
  return with;
}

std::size_t octets_of(const StoredResponse& response) {
  std::size_t octets = 0;
  for (const ByteString& datagram : response.datagrams) octets += datagram.size();
  return octets;
}

/// The oldest are forgotten first, the newest never.
void bound_octets(IkeSa& sa) {
  std::size_t octets = 0;
  for (auto response = sa.responses.end(); response != sa.responses.begin();) {
    --response;
    octets += octets_of(*response);
    if (octets > most_stored_octets && std::next(response) != sa.responses.end() && !response->datagrams.empty()) {
      response = sa.responses.erase(response);
    }
  }
}

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
  sa.outstanding = Retransmission::begin(
      id, std::to_underlying(exchange),
      seal(turn, sa, exchange, id, wire::Direction::request, with_window_size(sa, payloads)), turn.options, turn.now);
  for (const ByteString& datagram : sa.outstanding->datagrams) send(turn, sa, datagram);
}

void send_response(Turn& turn, IkeSa& sa, wire::ExchangeType exchange, MessageId id, const wire::Payloads& payloads) {
  StoredResponse& response = *sa.find_response(id);
  response.datagrams = seal(turn, sa, exchange, id, wire::Direction::response, with_window_size(sa, payloads));
  response.forget_at = turn.now + response_life;
  sa.requests.answered(id);
  for (const ByteString& datagram : response.datagrams) {
    turn.step.send.push_back(
        {.stack = sa.stack, .local = response.local, .remote = response.remote, .octets = datagram});
  }
  bound_octets(sa);
}

void replay_response(Turn& turn, IkeSa& sa, MessageId id, const Datagram& repetition) {
  const StoredResponse* response = sa.find_response(id);
  if (response == nullptr || response->datagrams.empty()) return;
  ++turn.statistics.replayed;
  for (const ByteString& datagram : response->datagrams) send_back(turn, repetition, datagram);
}

void take_up(Turn& turn, IkeSa& sa, MessageId id, const Datagram& request) {
  sa.requests.take(id);
  const std::uint32_t size = sa.window_size();
  std::erase_if(sa.responses, [&](const StoredResponse& response) {
    return !response.datagrams.empty() && sa.requests.newest_behind(response.id) >= size;
  });
  std::erase_if(sa.requests_in_parts, [&](const Reassembly& parts) { return parts.id() == id; });
  sa.responses.push_back(
      {.id = id, .local = request.local, .remote = request.remote, .datagrams = {}, .forget_at = turn.now});
}

void forget_responses(IkeSa& sa, Instant now) {
  std::erase_if(sa.responses, [&](const StoredResponse& response) {
    return !response.datagrams.empty() && response.forget_at <= now;
  });
}

wire::Notify window_size() {
  Writer size;
  size.u32(own_window);
  return {.type = wire::NotifyType::set_window_size, .data = std::move(size).take()};
}

void retransmit(Turn& turn, IkeSa& sa) {
  ++turn.statistics.retransmitted;
  sa.outstanding->again(turn.options, turn.now);
  for (const ByteString& datagram : sa.outstanding->datagrams) send(turn, sa, datagram);
}

}  // namespace adit::ike::v2
