#include "sim/nss_model.h"

namespace adit::sim {
namespace {

constexpr Duration least = std::chrono::milliseconds{1}, most = std::chrono::milliseconds{30};
constexpr double slow_share = 0.01;                       // of the answers, by as much as a URL or a CRL takes
constexpr Duration slow_most = std::chrono::seconds{70};  // longer than iked waits
constexpr std::size_t certificate_octets = 900, key_hash_octets = 20;

using Answer = decltype(ike::CertificateAnswer::answer);

/// A signature is the octets signed, turned around: to verify is to compare.
Answer answer_to(const contract::ListAuthorities&) {
  return contract::Authorities{.key_hashes = {ByteString(key_hash_octets, 0xca)}, .subjects = {{0x30, 0x00}}};
}
Answer answer_to(const contract::Sign& request) {
  const bool is_v1 = request.version == contract::IkeVersion::v1;
  return contract::Signature{.method = is_v1 ? AuthMethod::rsa_signature : AuthMethod::digital_signature,
                             .auth_data = {request.signed_octets.rbegin(), request.signed_octets.rend()},
                             .certificates = {{.encoding = 4, .data = ByteString(certificate_octets, 0x30)}}};
}
Answer answer_to(const contract::Verify& request) {
  if (ByteString{request.signed_octets.rbegin(), request.signed_octets.rend()} == request.auth_data) {
    return contract::Verified{"CN=" + request.identity.to_string()};
  }
  return contract::ServiceRefusal{.kind = contract::ServiceRefusal::Kind::bad_signature,
                                  .reason = "the signature is wrong"};
}

const contract::ServiceRefusal away{.kind = contract::ServiceRefusal::Kind::unavailable, .reason = "nssd is away"};

}  // namespace

void NssModel::ask(ike::CertificateRequest request) {
  const std::pair key{++asked_, request.id};
  open_.emplace(key, std::move(request));
  const Duration after = dice_.between(least, dice_.chance(slow_share) ? slow_most : most);
  clockwork_.plan(is_away_ ? least : after, [this, key] {
    const auto found = open_.find(key);
    if (found == open_.end()) return;
    const ike::CertificateRequest asked = std::move(found->second);
    open_.erase(found);
    if (is_away_) return tell_(ike::CertificateAnswer{asked.id, away});
    tell_(
        ike::CertificateAnswer{asked.id, std::visit([](const auto& what) { return answer_to(what); }, asked.request)});
  });
}

void NssModel::go_away() {
  is_away_ = true;
  trace_.note(name_, "nssd is away");
  while (!open_.empty()) {
    const ike::RequestId id = open_.begin()->first.second;
    open_.erase(open_.begin());
    tell_(ike::CertificateAnswer{id, away});
  }
}

}  // namespace adit::sim
