#include "ike/v1/certificate_requests.h"

#include <algorithm>

#include "ike/v1/machine.h"
#include "ike/v1/phase1_parts.h"

namespace adit::ike::v1 {

namespace {

// Of ours in one message, and of one peer's: more authorities than that, or longer names, and any is asked for, or may
// be served (RFC 4945 §3.2.7.2). Ours go out in clear, where a peer has shown no more than that it is there.
constexpr std::size_t most_requests = 32;
constexpr std::size_t most_name_octets = 4096;
// An empty request in time is worth more than names when the peer has given up, which repeats what it sent for about
// half a minute.
constexpr Seconds longest_wait{5};

std::size_t octets_of(const std::vector<ByteString>& names) {
  std::size_t octets = 0;
  for (const ByteString& name : names) octets += name.size();
  return octets;
}

bool may_come_by_signature(const Phase1Sa& sa) {
  // In message 1 of aggressive mode it is not known which offer will be chosen; the answer brings the certificate.
  const bool is_chosen = sa.responder_cookie != IkeSpi{};
  return is_chosen ? is_by_signature(sa) : v2::wants_signatures(*sa.rule);
}

void request_of(Phase1Sa& sa, std::vector<ByteString> names) {
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());  // no request twice (RFC 4945 §3.2.9.1)
  std::erase_if(names, [](const ByteString& name) { return name.empty(); });
  if (names.size() > most_requests || octets_of(names) > most_name_octets) names.clear();
  sa.establishing->our_authorities = std::move(names);
}

}  // namespace

void list_authorities(Turn& turn, Phase1Sa& sa) {
  if (may_come_by_signature(sa)) {
    const v2::KnownAuthorities& known = turn.shard.authorities(sa.stack, sa.rule->ca_labels, sa.our_cookie());
    if (known.standing == v2::KnownAuthorities::Standing::asked) {
      sa.establishing->awaits_authorities = true;
      sa.waits_until = turn.now + std::min(turn.options.certificate_wait, longest_wait);
      return;
    }
    request_of(sa, known.subjects);
  }
  happen(turn, sa, Phase1Event::authorities_listed);
}

void authorities_answered(Turn& turn, Phase1Sa& sa, const v2::KnownAuthorities& known) {
  if (sa.establishing == nullptr || !sa.establishing->awaits_authorities) return;
  sa.establishing->awaits_authorities = false;
  sa.waits_until.reset();
  request_of(sa, known.subjects);
  happen(turn, sa, Phase1Event::authorities_listed);
}

void authorities_kept_silent(Turn& turn, Phase1Sa& sa) { authorities_answered(turn, sa, {}); }

void add_certificate_requests(wire::v1::Payloads& payloads, const Phase1Sa& sa) {
  if (!may_come_by_signature(sa)) return;
  const std::vector<ByteString>& names = sa.establishing->our_authorities;
  const auto encoding = std::to_underlying(contract::CertificateEncoding::x509_signature);
  if (names.empty()) payloads.add(wire::CertificateRequest{.encoding = encoding, .authorities = {}});
  for (const ByteString& name : names) {
    payloads.add(wire::CertificateRequest{.encoding = encoding, .authorities = name});
  }
}

void heed_certificate_requests(Phase1Sa& sa, const wire::v1::Payloads& payloads) {
  Establishing& establishing = *sa.establishing;
  for (const wire::v1::Payload& payload : payloads.items()) {
    const auto* request = std::get_if<wire::CertificateRequest>(&payload.body);
    if (request == nullptr) continue;
    establishing.wants_certificate = true;
    // PKCS #7 means the same; what else may be asked for names nobody that could be known (RFC 4945 §3.2.4, §3.2.8.1).
    const bool is_known = request->encoding == std::to_underlying(contract::CertificateEncoding::x509_signature) ||
                          request->encoding == std::to_underlying(contract::CertificateEncoding::pkcs7);
    if (!is_known) continue;
    if (request->authorities.empty()) establishing.takes_any_authority = true;
    establishing.peer_authorities.push_back(request->authorities);
    const bool is_too_much = establishing.peer_authorities.size() > most_requests ||
                             octets_of(establishing.peer_authorities) > most_name_octets;
    if (is_too_much) establishing.takes_any_authority = true;
    if (establishing.takes_any_authority) establishing.peer_authorities.clear();
  }
}

}  // namespace adit::ike::v1
