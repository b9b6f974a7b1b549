#pragma once
// The other half of odd_peer.h: a responder that keys the IKE SA that `east` began rightly, and then answers what a
// test likes.

#include "crypto/ike_cipher.h"
#include "ike/wire/message.h"
#include "two_engines.h"

namespace adit::ike {

class OddResponder {
 public:
  /// East begins, and has its IKE_SA_INIT response and its IKE_AUTH request out.
  explicit OddResponder(Host& east);

  /// IDr and AUTH as an honest peer sends them; no Child SA.
  wire::Payloads proof() const;
  /// The same with the Child SA that was asked for.
  wire::Payloads proof_and_child() const;

  /// What is inside of the request that east has out.
  wire::Payloads request() const;
  /// Answers it with these octets inside.
  void answer(wire::PayloadType first, Bytes inside);
  void answer(const wire::Payloads& payloads);

 private:
  Host& east_;
  policy::PolicyPointer policy_;
  ByteString ni_, init_response_;
  std::uint64_t sealed_ = 0;
  std::unique_ptr<crypto::IkeCipher> sending_, receiving_;
  Secret sk_pr_;
};

}  // namespace adit::ike
