#pragma once
// The other end of an IKE SA, made by hand: it has the keys, and says to the host under test whatever a test makes it
// say, right or wrong. It asks (as initiator) or answers (as responder); what would be right comes from *_payloads().

#include <functional>

#include "crypto/ike_keys.h"
#include "crypto/key_exchange.h"
#include "ike/v2/rule_choice.h"
#include "ike/wire/message.h"
#include "two_engines.h"

namespace adit::ike {

/// A message of the host's, opened.
struct Said {
  Datagram datagram;  ///< as it left
  wire::Header header;
  wire::Payloads payloads;
  bool is_protected = false;

  bool has(wire::NotifyType type) const { return payloads.find(type) != nullptr; }
};

/// The types of a message's payloads, in order; notifies are left out.
std::vector<wire::PayloadType> order_of(const wire::Payloads& payloads);

class HandMadePeer {
 public:
  /// `role`: the peer's. The host has no policy yet: it gets that of its side.
  HandMadePeer(Host& host, Role role, std::uint64_t seed = 9);

  // ---- what would be right
  wire::Payloads init_payloads();
  wire::Payloads auth_payloads();
  wire::Payloads child_payloads();  ///< SA, TSi and TSr, as in IKE_AUTH

  // ---- from end to end
  void establish();                       ///< as initiator; the host has its first Child SA then
  void establish_another();               ///< the same, to a host that has one already
  void answer_init(const Said& request);  ///< as responder, to the host's IKE_SA_INIT
  void answer_auth(const Said& request);  ///< and to its IKE_AUTH
  void establish_as_responder();          ///< the host begins

  /// As initiator: the IKE SA is rekeyed, and this peer goes on under the new one (RFC 7296 §2.18).
  void rekey_ike_sa();

  // ---- step by step
  /// Sends IKE_SA_INIT and takes keys from the answer, where there is one.
  std::vector<Said> begin(const wire::Payloads& payloads);
  /// A protected request with the next message ID, and what the host says to it.
  std::vector<Said> ask(wire::ExchangeType exchange, const wire::Payloads& payloads);
  /// A protected response.
  void answer(const Said& request, const wire::Payloads& payloads);

  /// A message under the keys. `change` sees it before it is sealed: header and SK's own header.
  ByteString sealed(wire::Header header, const wire::Inner& inner, const std::function<void(ByteString&)>& change = {});
  /// The same in so many fragments (RFC 7383).
  std::vector<ByteString> sealed_fragments(const wire::Header& header, const wire::Inner& inner, std::uint16_t total);
  wire::Header next_header(wire::ExchangeType exchange);  ///< of the next request
  void send(ByteString octets);                           ///< from where this peer is
  std::vector<Said> take();                               ///< all that the host has said since, opened
  Said take_one();                                        ///< the one thing that it has said

  Role role;
  Endpoint here, there;  ///< this peer, and the host
  IkeSpi spi_i, spi_r;
  MessageId next_id{0};
  Identity identity;
  std::string secret;
  GroupId group = GroupId::curve25519;
  v2::IkeAlgorithms algorithms;
  std::function<void(wire::Payloads&)> announce;  ///< adds to IKE_SA_INIT
  crypto::IkeKeys keys;
  Secret shared;  ///< of Diffie-Hellman
  ByteString init_request, init_response, ni, nr;
  Spi child_spi{0xc0ffee01};  ///< that this peer receives on
  ByteString plaintext;       ///< of the message opened last

 private:
  ByteString next_iv(std::size_t size);
  void derive(Bytes public_value);
  wire::SecurityAssociation ike_proposal() const;

  Host& host_;
  CountingRandom random_;
  std::unique_ptr<crypto::KeyExchange> key_exchange_;
  std::uint64_t counter_ = 0;  ///< for IVs
};

}  // namespace adit::ike
