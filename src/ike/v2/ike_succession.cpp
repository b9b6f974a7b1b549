#include "ike/v2/ike_succession.h"

#include "ike/v2/machine.h"
#include "ike/v2/timing.h"

namespace adit::ike::v2 {

IkeSa& succeed(Turn& turn, const IkeSa& old, const Succession& agreed, SecretView shared, Bytes ni, Bytes nr) {
  auto sa = std::make_unique<IkeSa>();
  sa->stack = old.stack;
  sa->tunnel = old.tunnel;
  sa->generation = old.generation + 1;
  sa->role = agreed.role;
  sa->state = SaState::established;
  sa->initiator_spi = agreed.initiator_spi;
  sa->responder_spi = agreed.responder_spi;
  sa->local = old.local;
  sa->remote = old.remote;
  sa->rule = agreed.rule;
  sa->algorithms = agreed.algorithms;
  sa->nat_local = old.nat_local;
  sa->nat_remote = old.nat_remote;
  sa->udp_forced = old.udp_forced;
  sa->peer_fragments = old.peer_fragments;
  sa->local_identity = old.local_identity;
  sa->remote_identity = old.remote_identity;
  sa->local_auth = old.local_auth;
  sa->remote_auth = old.remote_auth;
  sa->create_child_requests = old.create_child_requests;
  sa->last_inbound = turn.now;
  sa->reauth_at = old.reauth_at;  // nobody has proved anything anew
  sa->reauthentication_missed = old.reauthentication_missed;

  // The old SA's PRF makes SKEYSEED, the new one's the keys (RFC 7296 §2.18).
  const crypto::Prf& old_prf = *crypto::Prf::find(old.algorithms.prf);
  const crypto::Prf& new_prf = *crypto::Prf::find(agreed.algorithms.prf);
  sa->keys = crypto::derive_ike_keys(new_prf, crypto::rekeyed_skeyseed(old_prf, old.keys.sk_d, shared, ni, nr), ni, nr,
                                     agreed.initiator_spi, agreed.responder_spi,
                                     *crypto::ike_key_sizes(agreed.algorithms.cipher));
  sa->has_keys = true;
  IkeSa& entered = turn.shard.enter(std::move(sa));
  begin_life(turn, entered);
  tell(turn, CatalogueId::ike_sa_rekeyed,
       {{"tunnel", "K" + std::to_string(entered.tunnel.value())},
        {"generation", std::to_string(entered.generation)},
        {"peer", entered.remote.to_string()},
        {"attributes", to_string(entered.algorithms)}});
  return entered;
}

RulePointer rule_in_force(Turn& turn, const IkeSa& sa) {
  const policy::PolicyPointer policy = turn.shard.policy_of(sa.stack);
  if (policy == nullptr) return nullptr;
  const policy::KeyExchangeRule* rule =
      policy::find_rule(policy->key_exchange, {.local_address = sa.local.address,
                                               .remote_address = sa.remote.address,
                                               .local_identity = sa.local_identity,
                                               .remote_identity = sa.remote_identity});
  return rule == nullptr ? nullptr : share(policy, rule);
}

void hand_over(Turn& turn, IkeSa& old, IkeSa& successor) {
  turn.shard.inherit(old, successor);
  // The peer does not know the new SA before it has our answer.
  if (!successor.wishes.empty() || !successor.spis_to_delete.empty()) be_patient(turn, successor);
  turn.shard.touch(successor);
  happen(turn, old, SaEvent::replaced);
}

}  // namespace adit::ike::v2
