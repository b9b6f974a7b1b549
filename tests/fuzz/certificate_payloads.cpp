// CERT payloads of a peer through the whole of verifying, but for the last step: parsing, identities, path validation
// with revocation. Each record of the input is one payload: encoding, length in two octets, data. An input whose first
// octet is the tag of a DER SEQUENCE is one certificate.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/reader.h"
#include "nss/certificate_identity.h"
#include "nss/service.h"
#include "pki/test_pki.h"

namespace {

using namespace adit;

constexpr std::uint8_t der_sequence = 0x30;

std::vector<contract::CertificatePayload> payloads_of(Bytes input) {
  std::vector<contract::CertificatePayload> payloads;
  const auto whole = [&](std::uint8_t encoding) {
    payloads.push_back({.encoding = encoding, .data = ByteString(input.begin(), input.end())});
  };
  if (!input.empty() && input.front() == der_sequence) {
    whole(4);
    whole(7);
    return payloads;
  }
  Reader in{input};
  while (in.more()) {
    const std::uint8_t encoding = in.u8("encoding");
    const std::size_t size = in.u16("length");
    const Bytes octets = in.take(std::min(size, in.remaining()), "octets");
    payloads.push_back({.encoding = encoding, .data = ByteString(octets.begin(), octets.end())});
  }
  return payloads;
}

const nss::Service& service() {
  static const nss::Service instance = [] {
    const test_pki::Issued root = test_pki::authority("Root");
    return nss::Service{
        test_pki::ring_of({test_pki::authority_file("Root", root.pem()), test_pki::crl_file("Root", root.crl({}))}),
        nss::Grants{{{.client = "*", .sign_labels = {"*"}, .authority_labels = {"*"}}}}};
  }();
  return instance;
}

void validate(const nss::PeerCertificates& peer) {
  static const nss::PathValidator validator{
      test_pki::ring_of({test_pki::authority_file("Root", test_pki::authority("Root").pem())})};
  for (const auto revocation : {contract::RevocationChecking::none, contract::RevocationChecking::strict}) {
    const nss::PathInputs inputs{.at = test_pki::now, .revocation = revocation, .anchors = {}, .initial_policies = {}};
    if (validator.validate(peer, inputs)) std::abort();  // no anchors are allowed: nothing can be valid
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  contract::Verify request;
  request.certificates = payloads_of({data, size});
  request.identity = {.type = IdentityType::fqdn, .value = {'a'}};
  if (service().verify("fuzz", request, test_pki::now)) std::abort();  // there is no signature
  if (const auto peer = nss::read_payloads(request.certificates)) {
    nss::identities_of(peer->signer);
    nss::Certificate::parse_der(peer->signer.der()).value();  // what was taken is taken again
    validate(*peer);
  }
  return 0;
}
