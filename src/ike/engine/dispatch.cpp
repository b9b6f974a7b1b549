// A datagram's way in, from any address and port (RFC 7296 §2.11): by version, then by our SPI; what belongs to no SA
// is looked at here, with nothing allocated before the limits have been asked.

#include "ike/engine/state.h"
#include "ike/v2/receive.h"
#include "ike/v2/sa_init.h"
#include "ike/v2/sending.h"

namespace adit::ike {

namespace {

constexpr std::uint8_t version_1 = 1, version_2 = 2;

void drop(Step& step, const Datagram& datagram, std::string reason) {
  step.log.push_back(
      {CatalogueId::message_dropped, {{"peer", datagram.remote.to_string()}, {"reason", std::move(reason)}}});
}

}  // namespace

void Engine::State::take(Datagram& datagram) {
  ++statistics_.datagrams_in;
  if (datagram.octets.size() == 1) return;  // a NAT keep-alive (RFC 3948 §2.3)
  if (datagram.octets.size() < wire::header_size) {
    ++statistics_.dropped;
    step_->log.push_back({CatalogueId::datagram_too_short,
                          {{"octets", std::to_string(datagram.octets.size())}, {"peer", datagram.remote.to_string()}}});
    return;
  }
  const auto header = wire::Header::parse(datagram.octets);
  if (!header) {
    ++statistics_.dropped;
    return drop(*step_, datagram, "malformed: " + std::string{header.error().field});
  }
  switch (header->major_version) {
    case version_2:
      return take_v2(datagram, *header);
    case version_1:
      return take_v1(datagram);
    default:
      ++statistics_.dropped;
      if (header->major_version < version_1) return drop(*step_, datagram, "no such version");
      step_->log.push_back(
          {CatalogueId::unsupported_version,
           {{"peer", datagram.remote.to_string()}, {"version", std::to_string(header->major_version)}}});
      // RFC 7296 §2.5: the answer names the highest version that is served, in its own header.
      if (header->direction == wire::Direction::request &&
          stranger_answers_.admits(options_.stranger_answers_per_second, now_)) {
        v2::Turn current = turn();
        v2::answer_unprotected(current, datagram, *header, {.type = wire::NotifyType::invalid_major_version});
      }
  }
}

void Engine::State::take_v2(const Datagram& datagram, const wire::Header& header) {
  const bool is_init_request = header.exchange == wire::ExchangeType::ike_sa_init &&
                               header.direction == wire::Direction::request &&
                               header.sender == wire::Sender::original_initiator;
  if (is_init_request && header.responder_spi == IkeSpi{}) return take_init_request(datagram, header);

  const IkeSpi ours = header.sender == wire::Sender::original_initiator ? header.responder_spi : header.initiator_spi;
  v2::IkeSa* sa = find(ours);
  const Role role = header.sender == wire::Sender::original_initiator ? Role::responder : Role::initiator;
  if (sa == nullptr || sa->role != role || sa->stack != datagram.stack) return answer_unknown_spi(datagram, header);
  v2::Turn current = turn();
  v2::receive(current, *sa, datagram, header);
  settle(*sa);
}

void Engine::State::answer_unknown_spi(const Datagram& datagram, const wire::Header& header) {
  ++statistics_.dropped;
  drop(*step_, datagram, "no IKE SA with its SPI");
  // RFC 7296 §2.21.4, §3.1: requests may be answered, responses never; each such answer may go to a forged address.
  if (header.direction != wire::Direction::request || header.exchange == wire::ExchangeType::ike_sa_init) return;
  // A notify in clear, such as INVALID_SPI, is never answered: two ends could go on for ever (RFC 7296 §1.5).
  const auto chain = wire::parse_message(header, datagram.octets);
  if (!chain || !chain->protected_part || !stranger_answers_.admits(options_.stranger_answers_per_second, now_)) return;
  v2::Turn current = turn();
  v2::answer_unprotected(current, datagram, header, {.type = wire::NotifyType::invalid_ike_spi});
}

// Whom the answer goes to, nobody knows: it helps a peer to find its mistake, and serves no attack (RFC 7296 §2.21.1).
// So it has fewer octets than what it answers, and its rate is limited (§2.21.4). INVALID_KE_PAYLOAD and COOKIE are
// steps of an exchange that goes on: a flood must not keep them from others.
void Engine::State::refuse_init(const Datagram& datagram, const wire::Header& header, wire::Notify notify) {
  const bool is_a_step = notify.type == wire::NotifyType::invalid_ke_payload;
  if (!is_a_step && !refusals_.admits(options_.refusals_per_second, now_)) return;
  v2::Turn current = turn();
  v2::answer_unprotected(current, datagram, header, std::move(notify));
  if (step_->send.back().octets.size() >= datagram.octets.size()) step_->send.pop_back();
}

void Engine::State::take_init_request(const Datagram& datagram, const wire::Header& header) {
  const auto ignore = [&](std::string reason) {
    ++statistics_.dropped;
    drop(*step_, datagram, std::move(reason));
  };
  if (header.initiator_spi == IkeSpi{} || header.id != MessageId{0})
    return ignore("no initiator SPI, or message ID not 0");
  if (datagram.octets.size() > v2::largest_init_request) return ignore("IKE_SA_INIT request too large");
  const InitKey key{datagram.stack, datagram.remote, header.initiator_spi};
  v2::Turn current = turn();
  if (const auto known = answered_inits_.find(key); known != answered_inits_.end()) {
    v2::IkeSa* sa = find(known->second);
    // Seen before: the same response, byte for byte (RFC 7296 §2.1).
    if (sa == nullptr || sa->establishing == nullptr || sa->establishing->init_request != datagram.octets) {
      return ignore("IKE_SA_INIT with an SPI in use");
    }
    // An initiator that hears nothing gives up sooner; who replays what he recorded gets no amplifier of it.
    if (++sa->establishing->init_repeats > options_.init_repeats) return ignore("IKE_SA_INIT repeated too often");
    ++statistics_.replayed;
    return v2::send_back(current, datagram, sa->establishing->init_response);
  }
  const auto chain = wire::parse_message(header, datagram.octets);
  if (!chain || chain->protected_part) return ignore("malformed IKE_SA_INIT request");
  if (chain->unknown_critical) {
    ++statistics_.dropped;
    return refuse_init(datagram, header,
                       {.type = wire::NotifyType::unsupported_critical_payload, .data = {*chain->unknown_critical}});
  }
  if (!v2::is_whole(chain->payloads)) {
    ++statistics_.dropped;
    return refuse_init(datagram, header, {.type = wire::NotifyType::invalid_syntax});
  }

  const auto* nonce = chain->payloads.find<wire::Nonce>();
  const wire::Notify* cookie = chain->payloads.find(wire::NotifyType::cookie);
  using Proof = HalfOpenLimits::CookieProof;
  // One that is not right is as good as none (RFC 7296 §2.6).
  const bool is_right = cookie != nullptr && cookies_.is_right(cookie->data, nonce->value, datagram.remote.address,
                                                               header.initiator_spi, random_, now_);
  switch (half_open_.judge(datagram.remote.address, is_right ? Proof::right : Proof::none)) {
    case HalfOpenLimits::Verdict::drop:
      return ignore("too many half-open IKE SAs");
    case HalfOpenLimits::Verdict::ask_for_cookie:
      ++statistics_.cookies_sent;
      if (!asking_for_cookies_) {
        step_->log.push_back({CatalogueId::cookie_required, {{"limit", std::to_string(half_open_.count())}}});
      }
      asking_for_cookies_ = true;
      return v2::answer_unprotected(
          current, datagram, header,
          {.type = wire::NotifyType::cookie,
           .data = cookies_.make(nonce->value, datagram.remote.address, header.initiator_spi, random_, now_)});
    case HalfOpenLimits::Verdict::admit:
      break;
  }
  if (!is_right) asking_for_cookies_ = false;

  const std::size_t told = step_->log.size();
  auto answer = v2::answer_init(current, datagram, header, *chain, draw_ike_spi());
  if (!answer) {
    if (answer.error()) refuse_init(datagram, header, *std::move(answer.error()));
    // Anybody can have such requests refused: they may not fill the operator's log.
    if (step_->log.size() > told && !stranger_lines_.admits(options_.stranger_lines_per_second, now_))
      step_->log.resize(told);
    return;
  }
  std::unique_ptr<v2::IkeSa> answered = *std::move(answer);
  answered->tunnel = IkeTunnelId{++last_ike_tunnel_};
  answered->counted_half_open = true;
  ++statistics_.responded;
  answered->returned_cookie = is_right;
  half_open_.opened(datagram.remote.address, is_right ? Proof::right : Proof::none);
  answered_inits_.emplace(key, answered->our_spi());
  settle(enter(std::move(answered)));
}

}  // namespace adit::ike
