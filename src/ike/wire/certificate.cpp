#include "ike/wire/certificate.h"

namespace adit::ike::wire {

std::expected<Certificate, ParseError> Certificate::parse(Bytes body) {
  Reader in{body};
  Certificate payload;
  payload.encoding = in.u8("certificate encoding");
  in.require(in.more(), "certificate data");
  const Bytes data = in.rest();
  payload.data.assign(data.begin(), data.end());
  return in.finish(std::move(payload));
}

void Certificate::build(Writer& out) const {
  out.u8(encoding);
  out.bytes(data);
}

std::expected<CertificateRequest, ParseError> CertificateRequest::parse(Bytes body) {
  Reader in{body};
  CertificateRequest payload;
  payload.encoding = in.u8("certificate encoding");
  const Bytes authorities = in.rest();
  payload.authorities.assign(authorities.begin(), authorities.end());
  return in.finish(std::move(payload));
}

void CertificateRequest::build(Writer& out) const {
  out.u8(encoding);
  out.bytes(authorities);
}

std::vector<ByteString> CertificateRequest::key_hashes() const {
  std::vector<ByteString> hashes;
  if (authorities.size() % key_hash_size != 0) return hashes;
  for (std::size_t at = 0; at < authorities.size(); at += key_hash_size) {
    const Bytes hash = Bytes{authorities}.subspan(at, key_hash_size);
    hashes.emplace_back(hash.begin(), hash.end());
  }
  return hashes;
}

}  // namespace adit::ike::wire
