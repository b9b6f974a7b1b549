#include "rpc/nss_messages.h"

#include "rpc/common_messages.h"
#include "rpc/overloaded.h"

namespace adit::rpc {
namespace {

constexpr std::size_t longest_signed =
    256UL * 1024;                            // a message of IKE_SA_INIT, nonce and MACed ID; 64 KiB at most each
constexpr std::size_t longest_auth = 65535;  // an IKE payload holds no more
constexpr std::size_t most_certificates = 64;
constexpr std::size_t most_authorities = 4096;  // 65535 octets of a CERTREQ hold 3276 hashes
constexpr std::size_t longest_name = 32768;     // octets; no certificate with a longer one is read
constexpr std::size_t most_labels = 1000;
constexpr std::size_t most_hashes = 64;

template <class Strings>
void write_texts(const std::vector<std::string>& from, Strings& to) {
  for (const std::string& text : from) *to.Add() = text;
}

template <class Strings>
std::vector<std::string> read_labels(Intake& in, const Strings& from) {
  std::vector<std::string> labels;
  in.bounded(from.size(), most_labels, "CaLabels");
  if (in.failed()) return labels;
  for (const std::string& label : from) labels.push_back(in.text(label, "CaLabel"));
  return labels;
}

template <class Strings>
std::vector<ByteString> read_hashes(Intake& in, const Strings& from, std::string_view field) {
  constexpr std::size_t sha1_octets = 20;
  std::vector<ByteString> hashes;
  in.bounded(from.size(), most_authorities, field);
  if (in.failed()) return hashes;
  for (const std::string& hash : from) {
    in.require(hash.size() == sha1_octets, field);
    hashes.push_back(in.octets(hash, sha1_octets, field));
  }
  return hashes;
}

template <class Strings>
void write_octets(const std::vector<ByteString>& from, Strings& to) {
  for (const ByteString& octets : from) *to.Add() = as_string(octets);
}

template <class Strings>
std::vector<ByteString> read_names(Intake& in, const Strings& from, std::string_view field) {
  std::vector<ByteString> names;
  in.bounded(from.size(), most_authorities, field);
  if (in.failed()) return names;
  for (const std::string& name : from) names.push_back(in.octets(name, longest_name, field));
  return names;
}

template <class Messages>
void write_certificates(const std::vector<contract::CertificatePayload>& from, Messages& to) {
  for (const contract::CertificatePayload& payload : from) {
    v1::CertificatePayload& message = *to.Add();
    message.set_encoding(payload.encoding);
    message.set_data(as_string(payload.data));
  }
}

template <class Messages>
std::vector<contract::CertificatePayload> read_certificates(Intake& in, const Messages& from) {
  std::vector<contract::CertificatePayload> payloads;
  in.bounded(from.size(), most_certificates, "certificates");
  if (in.failed()) return payloads;
  for (const v1::CertificatePayload& message : from) {
    payloads.push_back({in.number<std::uint8_t>(message.encoding(), "certificate encoding"),
                        in.octets(message.data(), longest_auth, "certificate")});
  }
  return payloads;
}

void write(const contract::Sign& from, v1::Sign& to) {
  rpc::write(from.identity, *to.mutable_identity());
  to.set_choice(choice<v1::SignatureChoice>(from.choice));
  to.set_version(choice<v1::IkeVersion>(from.version));
  for (const crypto::HashId hash : from.peer_hashes) to.add_peer_hashes(std::to_underlying(hash));
  write_octets(from.requested_authorities, *to.mutable_requested_authorities());
  write_octets(from.requested_subjects, *to.mutable_requested_subjects());
  to.set_may_send_urls(from.may_send_urls);
  to.set_signed_octets(as_string(from.signed_octets));
}

contract::Sign read(Intake& in, const v1::Sign& from) {
  contract::Sign sign;
  sign.identity = rpc::read(in, from.identity());
  sign.choice = in.choice(from.choice(), contract::SignatureChoice::any, "signature choice");
  sign.version = in.choice(from.version(), contract::IkeVersion::v2, "IKE version");
  sign.requested_authorities = read_hashes(in, from.requested_authorities(), "requested authorities");
  sign.requested_subjects = read_names(in, from.requested_subjects(), "requested subjects");
  sign.may_send_urls = from.may_send_urls();
  sign.signed_octets = in.octets(from.signed_octets(), longest_signed, "signed octets");
  in.bounded(from.peer_hashes_size(), most_hashes, "peer hashes");
  if (in.failed()) return sign;
  const auto is_known = [](crypto::HashId hash) {
    return hash >= crypto::HashId::sha1 && hash <= crypto::HashId::identity;
  };
  for (const std::uint32_t hash : from.peer_hashes()) {
    sign.peer_hashes.push_back(in.known<crypto::HashId>(hash, is_known, "peer hash"));
  }
  return sign;
}

void write(const contract::Verify& from, v1::Verify& to) {
  rpc::write(from.identity, *to.mutable_identity());
  to.set_method(std::to_underlying(from.method));
  to.set_auth_data(as_string(from.auth_data));
  to.set_signed_octets(as_string(from.signed_octets));
  write_certificates(from.certificates, *to.mutable_certificates());
  write_texts(from.ca_labels, *to.mutable_ca_labels());
  to.set_revocation(choice<v1::RevocationChecking>(from.revocation));
  to.set_version(choice<v1::IkeVersion>(from.version));
}

contract::Verify read(Intake& in, const v1::Verify& from) {
  return {.identity = rpc::read(in, from.identity()),
          .method = read_auth_method(in, from.method()),
          .auth_data = in.octets(from.auth_data(), longest_auth, "AUTH data"),
          .signed_octets = in.octets(from.signed_octets(), longest_signed, "signed octets"),
          .certificates = read_certificates(in, from.certificates()),
          .ca_labels = read_labels(in, from.ca_labels()),
          .revocation = in.choice(from.revocation(), contract::RevocationChecking::strict, "RevocationChecking"),
          .version = in.choice(from.version(), contract::IkeVersion::v2, "IKE version")};
}

/// Text that the other end takes. A refusal quotes what the peer sent, and an identity alone may have 64 KiB.
std::string shortened(const std::string& text) {
  constexpr std::string_view more = "…";
  if (text.size() <= Intake::longest_text) return text;
  std::size_t end = Intake::longest_text - more.size();
  while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not inside of a character
  return text.substr(0, end).append(more);
}

void write(const contract::ServiceRefusal& from, v1::ServiceRefusal& to) {
  to.set_kind(choice<v1::ServiceRefusal::Kind>(from.kind));
  to.set_reason(shortened(from.reason));
  to.set_offered(shortened(from.offered));
  to.set_acceptable(shortened(from.acceptable));
}

contract::ServiceRefusal read(Intake& in, const v1::ServiceRefusal& from) {
  return {.kind = in.choice(from.kind(), contract::ServiceRefusal::Kind::malformed, "kind of refusal"),
          .reason = in.text(from.reason(), "reason"),
          .offered = in.text(from.offered(), "offered"),
          .acceptable = in.text(from.acceptable(), "acceptable")};
}

}  // namespace

void write(const NssQuestion& from, v1::NssRequest& to) {
  to.set_id(from.id.value());
  to.set_client_name(from.client_name);
  std::visit(Overloaded{
                 [&](const contract::ListAuthorities& list) {
                   write_texts(list.ca_labels, *to.mutable_list_authorities()->mutable_ca_labels());
                 },
                 [&](const contract::Sign& sign) { write(sign, *to.mutable_sign()); },
                 [&](const contract::Verify& verify) { write(verify, *to.mutable_verify()); },
             },
             from.request);
}

std::expected<NssQuestion, Malformed> from_message(const v1::NssRequest& message) {
  Intake in;
  NssQuestion question{ike::RequestId{message.id()}, in.text(message.client_name(), "ClientName"), {}};
  switch (message.request_case()) {
    case v1::NssRequest::kListAuthorities:
      question.request = contract::ListAuthorities{read_labels(in, message.list_authorities().ca_labels())};
      break;
    case v1::NssRequest::kSign:
      question.request = read(in, message.sign());
      break;
    case v1::NssRequest::kVerify:
      question.request = read(in, message.verify());
      break;
    default:
      in.require(false, "request");
  }
  return in.finish(std::move(question));
}

void write(const NssReply& from, v1::NssAnswer& to) {
  to.set_id(from.id.value());
  std::visit(Overloaded{
                 [&](const contract::Authorities& authorities) {
                   v1::Authorities& message = *to.mutable_authorities();
                   write_octets(authorities.key_hashes, *message.mutable_key_hashes());
                   write_octets(authorities.subjects, *message.mutable_subjects());
                 },
                 [&](const contract::Signature& signature) {
                   v1::Signature& message = *to.mutable_signature();
                   message.set_method(std::to_underlying(signature.method));
                   message.set_auth_data(as_string(signature.auth_data));
                   write_certificates(signature.certificates, *message.mutable_certificates());
                 },
                 [&](const contract::Verified& verified) { to.mutable_verified()->set_subject(verified.subject); },
                 [&](const contract::ServiceRefusal& refusal) { write(refusal, *to.mutable_refusal()); },
             },
             from.answer);
}

std::expected<NssReply, Malformed> from_message(const v1::NssAnswer& message) {
  Intake in;
  NssReply reply{ike::RequestId{message.id()}, contract::Verified{}};
  switch (message.answer_case()) {
    case v1::NssAnswer::kAuthorities:
      reply.answer = contract::Authorities{read_hashes(in, message.authorities().key_hashes(), "key hashes"),
                                           read_names(in, message.authorities().subjects(), "subjects")};
      break;
    case v1::NssAnswer::kSignature: {
      const v1::Signature& signature = message.signature();
      reply.answer = contract::Signature{.method = read_auth_method(in, signature.method()),
                                         .auth_data = in.octets(signature.auth_data(), longest_auth, "AUTH data"),
                                         .certificates = read_certificates(in, signature.certificates())};
      break;
    }
    case v1::NssAnswer::kVerified:
      reply.answer = contract::Verified{in.text(message.verified().subject(), "subject")};
      break;
    case v1::NssAnswer::kRefusal:
      reply.answer = read(in, message.refusal());
      break;
    default:
      in.require(false, "answer");
  }
  return in.finish(std::move(reply));
}

}  // namespace adit::rpc
