#include "ike/v2/informational.h"

#include <algorithm>

#include "ike/v2/child_exchange.h"
#include "ike/v2/ending.h"
#include "ike/v2/ike_rekey.h"
#include "ike/v2/requests.h"
#include "ike/v2/sending.h"

namespace adit::ike::v2 {

namespace {

bool deletes_ike_sa(const Received& request) {
  return std::ranges::any_of(request.payloads.items(), [](const wire::Payload& payload) {
    const auto* named = std::get_if<wire::Delete>(&payload.body);
    return named != nullptr && named->protocol == wire::ProtocolId::ike;
  });
}

void answer_with(Turn& turn, IkeSa& sa, const Received& request, wire::NotifyType type, ByteString octets = {}) {
  wire::Payloads answer;
  answer.add(wire::Notify{.type = type, .data = std::move(octets)});
  send_response(turn, sa, request.exchange, request.id, answer);
}

/// A critical payload that is not known: nothing else of the request is looked at (RFC 7296 §2.5).
bool is_rejected(Turn& turn, IkeSa& sa, const Received& request) {
  if (!request.unknown_critical) return false;
  answer_with(turn, sa, request, wire::NotifyType::unsupported_critical_payload, {*request.unknown_critical});
  return true;
}

/// What says that the sender has no SA any more, without a Delete: that it refuses our proof, and, of the request right
/// behind IKE_AUTH, that it could not read the response (RFC 7296 §2.21.2).
bool is_fatal(const IkeSa& sa, const Received& request, wire::NotifyType error) {
  if (error == wire::NotifyType::authentication_failed) return true;
  constexpr MessageId behind_auth{2};
  return sa.role == Role::responder && request.id == behind_auth &&
         (error == wire::NotifyType::invalid_syntax || error == wire::NotifyType::unsupported_critical_payload);
}

void answer_deletes(Turn& turn, IkeSa& sa, const Received& request, wire::Payloads& answer) {
  for (const wire::Payload& payload : request.payloads.items()) {
    if (const auto* named = std::get_if<wire::Delete>(&payload.body)) answer_delete(turn, sa, *named, answer);
  }
}

void answer_informational(Turn& turn, IkeSa& sa, const Received& request) {
  if (deletes_ike_sa(request)) {
    send_response(turn, sa, request.exchange, request.id, {});
    yield_to_rival(turn, sa);
    return close(turn, sa, sa.state == SaState::superseded ? Ending::superseded : Ending::by_peer);
  }
  wire::Payloads answer;
  answer_deletes(turn, sa, request, answer);
  send_response(turn, sa, request.exchange, request.id, answer);
  const wire::Notify* error = request.payloads.find_error();
  if (error == nullptr) return;
  tell(turn, CatalogueId::error_notify_received,
       {{"peer", sa.remote.to_string()}, {"exchange", "our last message"}, {"notify", wire::name_of(error->type)}});
  if (is_fatal(sa, request, error->type)) close(turn, sa, Ending::failed);
}

/// The peer uses what it made by rekeying an SA whose rekey of ours is still open: it has chosen, and our children are
/// there already. The answer to our own request, when it comes, finds the same choice (RFC 7296 §2.8.2).
void take_up_choice(Turn& turn, IkeSa& sa, const Received& request) {
  if (!sa.rival_to || deletes_ike_sa(request)) return;
  IkeSa* old = turn.shard.find(*sa.rival_to);
  if (old == nullptr || rival_of(turn, *old) != &sa) return;
  turn.shard.inherit(*old, sa);
  turn.shard.touch(*old);
}

void answer_create_child(Turn& turn, IkeSa& sa, const Received& request) {
  if (!sa.create_child_requests.admits(turn.options.create_child_requests_per_second, turn.now)) {
    return answer_with(turn, sa, request, wire::NotifyType::temporary_failure);
  }
  const auto* offered = request.payloads.find<wire::SecurityAssociation>();
  if (offered == nullptr || offered->proposals.empty()) {
    return end_malformed(turn, sa, request);
  }
  if (offered->proposals.front().protocol == std::to_underlying(wire::ProtocolId::ike)) {
    return answer_rekey_request(turn, sa, request);
  }
  if (sa.rekey != nullptr) {  // the IKE SA is being rekeyed here (RFC 7296 §2.25.2)
    return answer_with(turn, sa, request, wire::NotifyType::temporary_failure);
  }
  answer_child_request(turn, sa, request, {});
}

}  // namespace

void answer_delete(Turn& turn, IkeSa& sa, const wire::Delete& request, wire::Payloads& answer) {
  wire::Delete paired{.protocol = request.protocol};
  for (const Spi named : request.spis) {
    // The peer names the SPIs it receives on: those we send on (RFC 7296 §3.11).
    ChildSa* child = sa.find_child(static_cast<contract::SaProtocol>(request.protocol), OutboundSpi{named.value()});
    if (child == nullptr) {  // already gone, or not here yet: nothing to say (RFC 7296 §2.25.1)
      if (sa.negotiation != nullptr && sa.negotiation->deleted_by_peer.size() < ChildNegotiation::most_deleted) {
        sa.negotiation->deleted_by_peer.push_back(named);
      }
      continue;
    }

    // Deletes crossed: ours names the inbound half, which goes with its response; ours of now must not name it
    // (RFC 7296 §1.4.1).
    if (child->delete_sent) {
      if (child->installed) {
        turn.step.stack.emplace_back(contract::RetireChildSa{.stack = sa.stack, .name = child->name});
      }
      continue;
    }
    paired.spis.emplace_back(child->inbound_spi.value());
    std::erase_if(sa.spis_to_delete, [&](const auto& entry) { return entry.spi == child->inbound_spi; });
    const contract::ChildSaName name = child->name;
    remove_child(turn, sa, *child, child->state == ChildState::half_closed ? child->ending : Ending::by_peer);
    answer_without(turn, sa, name);
  }
  if (!paired.spis.empty()) answer.add(std::move(paired));
}

void answer_request(Turn& turn, IkeSa& sa, const Received& request) {
  if (is_rejected(turn, sa, request)) return;
  take_up_choice(turn, sa, request);
  switch (request.exchange) {
    case wire::ExchangeType::informational:
      return answer_informational(turn, sa, request);
    case wire::ExchangeType::create_child_sa:
      return answer_create_child(turn, sa, request);
    default:  // IKE_AUTH too, whose time is over: no other notify is for it (RFC 7296 §2.21.3, §3.10.1)
      return end_malformed(turn, sa, request);
  }
}

void end_malformed(Turn& turn, IkeSa& sa, const Received& request) {
  const std::string_view what = request.malformed.empty() ? "what it needs is missing" : request.malformed;
  tell(turn, CatalogueId::message_dropped,
       {{"peer", request.remote.to_string()},
        {"reason", "malformed " + wire::name_of(request.exchange) + " request: " + std::string{what}}});
  answer_with(turn, sa, request, wire::NotifyType::invalid_syntax);
  close(turn, sa, Ending::malformed);
}

void answer_half_closed(Turn& turn, IkeSa& sa, const Received& request) {
  if (is_rejected(turn, sa, request)) return;
  if (request.exchange != wire::ExchangeType::informational) {
    return answer_with(turn, sa, request, wire::NotifyType::temporary_failure);
  }
  // Our Delete may wait for the answer to an older request; until then the peer need not know of it: Child SAs that it
  // deletes are answered as ever, or this side would go on sending by them (RFC 7296 §1.4.1).
  wire::Payloads answer;
  if (!deletes_ike_sa(request)) answer_deletes(turn, sa, request, answer);
  send_response(turn, sa, request.exchange, request.id, answer);
  if (deletes_ike_sa(request)) close(turn, sa, sa.ending);
}

// A second rekey of the same IKE SA is put off (RFC 7296 §2.8.2): its Delete is due, and its successor is there.
void answer_superseded(Turn& turn, IkeSa& sa, const Received& request) {
  if (is_rejected(turn, sa, request)) return;
  if (request.exchange == wire::ExchangeType::informational) return answer_informational(turn, sa, request);
  answer_with(turn, sa, request, wire::NotifyType::temporary_failure);
}

void take_response(Turn& turn, IkeSa& sa, const Received& response) {
  sa.outstanding.reset();
  if (response.payloads.find(wire::NotifyType::invalid_syntax) != nullptr) {
    return close(turn, sa, Ending::malformed);  // the peer has ended it already (RFC 7296 §2.21.3)
  }
  if (response.exchange == wire::ExchangeType::create_child_sa && sa.rekey != nullptr) {
    take_rekey_answer(turn, sa, response.payloads);
  } else if (response.exchange == wire::ExchangeType::create_child_sa && sa.negotiation != nullptr) {
    const ByteString ni = sa.negotiation->nonce;
    const auto* nr = response.payloads.find<wire::Nonce>();
    take_child_answer(turn, sa, response.payloads, ni, nr == nullptr ? Bytes{} : Bytes{nr->value});
  }
  for (std::size_t i = sa.children.size(); i-- > 0;) {
    ChildSa& child = sa.children[i];
    if (child.delete_sent) remove_child(turn, sa, child, child.ending);
  }
  go_on(turn, sa);
}

}  // namespace adit::ike::v2
