#pragma once
// A peer that keys an IKE SA with `west` rightly and from then on says what a test likes: what an honest engine never
// sends can only be shown by one that holds the keys.

#include "crypto/ike_cipher.h"
#include "ike/wire/message.h"
#include "two_engines.h"

namespace adit::ike {

class OddPeer {
 public:
  /// Done with IKE_SA_INIT. `announcements` go into its request.
  explicit OddPeer(Host& west, const std::vector<wire::Notify>& announcements = {});

  /// What an honest peer sends in IKE_AUTH. The IDi is signed with its reserved octets, whatever they are.
  wire::Payloads auth_request(std::array<std::uint8_t, 3> reserved = {}) const;

  /// The answer to a request with these octets inside; nothing when none came.
  std::optional<wire::Payloads> ask(wire::ExchangeType exchange, wire::PayloadType first, Bytes inside);
  std::optional<wire::Payloads> ask(wire::ExchangeType exchange, const wire::Payloads& payloads);
  /// The same request again, or its fragments: a piece each.
  std::optional<wire::Payloads> repeat();
  std::optional<wire::Payloads> ask_in_fragments(wire::ExchangeType exchange, const wire::Payloads& payloads,
                                                 std::uint16_t total, std::uint16_t leave_out = 0);
  void skip_message_id() { ++next_id_; }
  void stay_at_message_id() { --next_id_; }

 private:
  std::optional<wire::Payloads> answer_to(const ByteString& octets);
  wire::Header header(wire::ExchangeType exchange) const;
  ByteString iv();

  Host& west_;
  policy::PolicyPointer policy_;
  Endpoint own_, others_;
  IkeSpi spi_i_{0x1111}, spi_r_;
  ByteString ni_ = ByteString(32, 0x11), nr_, init_request_, last_;
  std::uint32_t next_id_ = 1;
  std::uint64_t sealed_ = 0;
  std::unique_ptr<crypto::IkeCipher> sending_, receiving_;
  Secret sk_pi_;
};

}  // namespace adit::ike
