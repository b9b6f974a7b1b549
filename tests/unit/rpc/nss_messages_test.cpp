#include "rpc/nss_messages.h"

#include <gtest/gtest.h>

#include "samples.h"

namespace adit::rpc {
namespace {

NssQuestion carried(const NssQuestion& question) {
  v1::NssRequest message;
  write(question, message);
  const auto received = from_message(message);
  EXPECT_TRUE(received);
  return received.value_or(NssQuestion{});
}
NssReply carried(const NssReply& reply) {
  v1::NssAnswer message;
  write(reply, message);
  const auto received = from_message(message);
  EXPECT_TRUE(received);
  return received.value_or(NssReply{});
}

const ByteString hash(20, 0xab);

TEST(NssMessage, CarriesEveryQuestion) {
  const NssQuestion list{ike::RequestId{1}, "host_east", contract::ListAuthorities{{"root", "other"}}};
  EXPECT_EQ(std::get<contract::ListAuthorities>(carried(list).request).ca_labels,
            (std::vector<std::string>{"root", "other"}));
  const contract::Sign sign{.identity = test::fqdn("east"),
                            .choice = contract::SignatureChoice::any,
                            .peer_hashes = {crypto::HashId::sha2_256, crypto::HashId::identity},
                            .requested_authorities = {hash},
                            .may_send_urls = true,
                            .signed_octets = {1, 2, 3},
                            .requested_subjects = {{0x30, 0x00}, {}}};
  const auto sign_received = std::get<contract::Sign>(carried(NssQuestion{ike::RequestId{2}, "c", sign}).request);
  EXPECT_EQ(sign_received.identity, sign.identity);
  EXPECT_EQ(sign_received.peer_hashes, sign.peer_hashes);
  EXPECT_EQ(sign_received.requested_authorities, sign.requested_authorities);
  EXPECT_EQ(sign_received.requested_subjects, sign.requested_subjects);
  EXPECT_EQ(sign_received.may_send_urls, true);
  EXPECT_EQ(sign_received.signed_octets, sign.signed_octets);
  const contract::Verify verify{.identity = test::fqdn("west"),
                                .method = AuthMethod::digital_signature,
                                .auth_data = {9},
                                .signed_octets = {8},
                                .certificates = {{4, {7}}, {200, {6}}},
                                .ca_labels = {"root"},
                                .revocation = contract::RevocationChecking::strict};
  const auto received = carried(NssQuestion{ike::RequestId{~0ULL}, "c", verify});
  EXPECT_EQ(received.id, ike::RequestId{~0ULL});
  const auto verify_received = std::get<contract::Verify>(received.request);
  EXPECT_EQ(verify_received.method, verify.method);
  EXPECT_EQ(verify_received.certificates, verify.certificates);
  EXPECT_EQ(verify_received.revocation, verify.revocation);
}

TEST(NssMessage, CarriesEveryAnswer) {
  EXPECT_EQ(std::get<contract::Authorities>(carried(NssReply{ike::RequestId{1}, contract::Authorities{{hash}}}).answer)
                .key_hashes,
            std::vector<ByteString>{hash});
  const NssReply named{ike::RequestId{1}, contract::Authorities{{hash}, {{0x30, 0x00}}}};
  EXPECT_EQ(std::get<contract::Authorities>(carried(named).answer).subjects, (std::vector<ByteString>{{0x30, 0x00}}));
  const contract::Signature signature{AuthMethod::ecdsa_256, {1, 2}, {{4, {3}}}};
  const auto received = std::get<contract::Signature>(carried(NssReply{ike::RequestId{1}, signature}).answer);
  EXPECT_EQ(received.method, signature.method);
  EXPECT_EQ(received.auth_data, signature.auth_data);
  EXPECT_EQ(received.certificates, signature.certificates);
  EXPECT_EQ(
      std::get<contract::Verified>(carried(NssReply{ike::RequestId{1}, contract::Verified{"CN=west"}}).answer).subject,
      "CN=west");
  const contract::ServiceRefusal refusal{contract::ServiceRefusal::Kind::bad_chain, "why", "this", "that"};
  const auto refused = std::get<contract::ServiceRefusal>(carried(NssReply{ike::RequestId{1}, refusal}).answer);
  EXPECT_EQ(refused.kind, refusal.kind);
  EXPECT_EQ(refused.acceptable, "that");
}

TEST(NssMessage, CarriesARefusalThatQuotesMoreThanTextMayHold) {
  const std::string quoted = "ID_KEY_ID 0x" + std::string(Intake::longest_text, 'f');
  const contract::ServiceRefusal refusal{contract::ServiceRefusal::Kind::bad_chain, quoted, quoted + "…", "é" + quoted};
  const auto refused = std::get<contract::ServiceRefusal>(carried(NssReply{ike::RequestId{1}, refusal}).answer);
  EXPECT_EQ(refused.kind, contract::ServiceRefusal::Kind::bad_chain);
  EXPECT_EQ(refused.reason, quoted.substr(0, Intake::longest_text - 3) + "…");
  EXPECT_TRUE(refused.acceptable.starts_with("éID_KEY_ID"));
}

const struct {
  const char* name;
  void (*spoil)(v1::NssRequest&);
  const char* field;
} wrong[] = {
    {"no question", [](auto& m) { m.clear_request(); }, "request"},
    {"an identity type that nobody knows", [](auto& m) { m.mutable_verify()->mutable_identity()->set_type(4); },
     "identity type"},
    {"a method that nobody knows", [](auto& m) { m.mutable_verify()->set_method(5); }, "authentication method"},
    {"a certificate longer than a payload",
     [](auto& m) { m.mutable_verify()->add_certificates()->set_data(std::string(65536, 'c')); }, "certificate"},
    {"too many certificates",
     [](auto& m) {
       for (int i = 0; i < 65; ++i) m.mutable_verify()->add_certificates();
     },
     "certificates"},
};

TEST(NssMessage, IsRefusedWhenAFieldCannotBeRight) {
  for (const auto& [name, spoil, field] : wrong) {
    SCOPED_TRACE(name);
    v1::NssRequest message;
    write(NssQuestion{ike::RequestId{1}, "c",
                      contract::Verify{.identity = test::fqdn("west"), .method = AuthMethod::rsa_signature}},
          message);
    spoil(message);
    const auto received = from_message(message);
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().field, field);
  }
  EXPECT_FALSE(from_message(v1::NssAnswer{}));
}

}  // namespace
}  // namespace adit::rpc
