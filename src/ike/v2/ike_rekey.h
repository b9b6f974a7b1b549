#pragma once
// Rekeying an IKE SA by CREATE_CHILD_SA (RFC 7296 §1.3.2, §2.18), from both sides, and what becomes of crossed requests
// (§2.8.2, §2.25.2).

#include <memory>
#include <optional>

#include "crypto/key_exchange.h"
#include "ike/v2/nonce_rank.h"
#include "ike/v2/received.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

/// Our request, until it is answered.
struct IkeRekey {
  IkeSpi spi;  ///< ours, of the new SA
  ByteString nonce;
  std::unique_ptr<crypto::KeyExchange> key_exchange;
  /// The SA that the peer made meanwhile by rekeying the same one.
  struct Rival {
    IkeSpi spi;
    NonceRank rank;
  };
  std::optional<Rival> rival;
};

/// A child is being negotiated, installed or deleted: the IKE SA is not rekeyed meanwhile (RFC 7296 §2.25.1).
bool is_changing_children(const IkeSa& sa);

void ask_for_rekey(Turn& turn, IkeSa& sa);
void take_rekey_answer(Turn& turn, IkeSa& sa, const wire::Payloads& answer);
void answer_rekey_request(Turn& turn, IkeSa& sa, const Received& request);
/// What the peer has made by its own rekey of the SA, while ours is open; or nothing.
IkeSa* rival_of(Turn& turn, const IkeSa& sa);
/// The peer deletes the SA: what it made by rekeying it takes over, and our own request is forgotten (RFC 7296
/// §2.25.2). Or our request was never answered. What has taken over, or nothing.
IkeSa* yield_to_rival(Turn& turn, IkeSa& sa);

}  // namespace adit::ike::v2
