// The reports' rows.

#include "ike/engine/state.h"

namespace adit::ike {

namespace {

IkeState state_of(const v2::IkeSa& sa) {
  switch (sa.state) {
    case v2::SaState::init_sent:
      return IkeState::wait_sa;
    case v2::SaState::preparing_auth:
    case v2::SaState::verifying_response:
    case v2::SaState::half_open:
    case v2::SaState::verifying_request:
    case v2::SaState::signing_response:
    case v2::SaState::installing:
      return IkeState::in_ke;
    case v2::SaState::auth_sent:
      return IkeState::wait_ke;
    case v2::SaState::established:
      return IkeState::done;
    case v2::SaState::superseded:
    case v2::SaState::deleting:
      return IkeState::half_closed;
    case v2::SaState::refused:
    case v2::SaState::closed:
      return IkeState::expired;
  }
  return IkeState::expired;
}

std::size_t heap_of(const Secret& secret) { return secret.size(); }

/// Octets of the structures and what they own, without the allocator's share.
std::size_t memory_of(const v2::IkeSa& sa) {
  std::size_t octets = sizeof sa + sa.children.capacity() * sizeof(v2::ChildSa);
  for (const Secret* key : {&sa.keys.sk_d, &sa.keys.sk_ai, &sa.keys.sk_ar, &sa.keys.sk_ei, &sa.keys.sk_er,
                            &sa.keys.sk_pi, &sa.keys.sk_pr}) {
    octets += heap_of(*key);
  }
  for (const auto& identity : {sa.local_identity, sa.remote_identity}) octets += identity ? identity->value.size() : 0;
  octets += sa.responses.capacity() * sizeof(v2::StoredResponse);
  for (const v2::StoredResponse& response : sa.responses) {
    for (const ByteString& datagram : response.datagrams) octets += datagram.capacity();
  }
  if (sa.outstanding) {
    for (const ByteString& datagram : sa.outstanding->datagrams) octets += datagram.capacity();
  }
  if (sa.establishing) {
    octets +=
        sizeof *sa.establishing + sa.establishing->init_request.capacity() + sa.establishing->init_response.capacity();
  }
  return octets;
}

IkeTunnelView view_of(const v2::IkeSa& sa) {
  IkeTunnelView view;
  view.tunnel = sa.tunnel;
  view.generation = sa.generation;
  view.rule = sa.rule->name;
  view.action = sa.rule->action->name;
  view.local = sa.local;
  view.remote = sa.remote;
  view.local_identity = sa.local_identity;
  view.remote_identity = sa.remote_identity;
  view.state = state_of(sa);
  view.role = sa.role;
  view.initiator_spi = sa.initiator_spi;
  view.responder_spi = sa.responder_spi;
  view.local_auth = sa.local_auth;
  view.remote_auth = sa.remote_auth;
  view.octets = sa.octets;
  view.reauth_interval = sa.rule->action->reauth_interval;
  view.dynamic_tunnels = static_cast<unsigned>(sa.children.size());
  view.allow_nat = sa.rule->action->allow_nat;
  view.nat_local = sa.nat_local;
  view.nat_remote = sa.nat_remote;
  view.memory = memory_of(sa);
  if (sa.has_keys) {
    view.encryption = sa.algorithms.cipher.encryption;
    view.key_bits = sa.algorithms.cipher.key_bits;
    view.integrity = sa.algorithms.cipher.integrity;
    view.prf = sa.algorithms.prf;
    view.group = sa.algorithms.group;
    if (const policy::KeyExchangeOffer* offer = v2::find_offer(*sa.rule, sa.algorithms)) {
      view.lifetime = offer->lifetime;
      view.lifesize_kbytes = offer->lifesize_kbytes;
    }
  }
  if (sa.state == v2::SaState::established) {
    view.expires_at = sa.expires_at;
    view.refresh_at = sa.refresh_at;
    view.reauth_at = sa.reauth_at;
  }
  return view;
}

IkeState state_of(const v1::Phase1Sa& sa) {
  using enum v1::Phase1State;
  switch (sa.state) {
    case preparing_offer:
    case sa_sent:
    case sa_answered:
      return IkeState::wait_sa;
    case key_exchange_sent:
    case listing_authorities:
    case key_exchange_answered:
    case identity_sent:
    case aggressive_sent:
    case answer_sent:
      return IkeState::wait_ke;
    case preparing_identity:
    case verifying_responder:
    case verifying_initiator:
    case signing_identity:
    case verifying_answer:
    case preparing_proof:
    case preparing_answer:
    case verifying_proof:
      return IkeState::in_ke;
    case established:
      return IkeState::done;
    case closing:
      return IkeState::half_closed;
    case closed:
      break;
  }
  return IkeState::expired;
}

std::size_t memory_of(const v1::Phase1Sa& sa) {
  std::size_t octets = sizeof sa + sa.children.capacity() * sizeof(v2::ChildSa) + sa.last_received.capacity() +
                       sa.last_sent.capacity() + sa.iv.capacity();
  for (const Secret* key : {&sa.skeyid_d, &sa.skeyid_a, &sa.cipher_key}) octets += heap_of(*key);
  for (const auto& identity : {sa.local_identity, sa.remote_identity}) octets += identity ? identity->value.size() : 0;
  for (const auto& quick_mode : sa.quick_modes) {
    octets += sizeof *quick_mode + quick_mode->last_received.capacity() + quick_mode->last_sent.capacity();
  }
  if (sa.establishing) octets += sizeof *sa.establishing + sa.establishing->sa_body.capacity();
  return octets;
}

IkeTunnelView view_of(const v1::Phase1Sa& sa) {
  IkeTunnelView view;
  view.tunnel = sa.tunnel;
  view.generation = sa.generation;
  view.version = 1;
  view.mode = sa.mode == v1::Mode::main ? ExchangeMode::main : ExchangeMode::aggressive;
  view.rule = sa.rule->name;
  view.action = sa.rule->action->name;
  view.local = sa.local;
  view.remote = sa.remote;
  view.local_identity = sa.local_identity;
  view.remote_identity = sa.remote_identity;
  view.state = state_of(sa);
  view.role = sa.role;
  view.initiator_spi = sa.initiator_cookie;
  view.responder_spi = sa.responder_cookie;
  view.octets = sa.octets;
  view.dynamic_tunnels = static_cast<unsigned>(sa.children.size());
  view.allow_nat = sa.rule->action->allow_nat;
  view.nat_local = sa.nat_local;
  view.nat_remote = sa.nat_remote;
  view.memory = memory_of(sa);
  if (sa.has_keys) {
    view.encryption = sa.choice.encryption;
    view.key_bits = sa.choice.key_bits;
    view.prf = sa.choice.hash;
    view.group = sa.choice.group;
    // One method for both ends (RFC 2409 §5).
    view.local_auth = view.remote_auth = sa.choice.method;
    view.lifetime = std::chrono::duration_cast<Minutes>(sa.choice.lifetime);
    view.lifesize_kbytes = sa.choice.lifesize_kbytes;
  }
  if (v1::is_up(sa.state)) {
    // Every refresh proves both ends again: the reports' reauthentication is the refresh.
    view.reauth_interval = view.lifetime;
    view.expires_at = sa.expires_at;
    view.refresh_at = view.reauth_at = sa.refresh_at;
  }
  return view;
}

template <class Sa>
DynamicTunnelView view_of(const Sa& sa, const v2::ChildSa& child) {
  DynamicTunnelView view;
  view.name = child.name;
  view.parent = sa.tunnel;
  view.filter_rule = child.filter->rule;
  view.vpn_action = child.filter->vpn->name;
  view.local_dyn_vpn_rule = child.local_dyn_vpn_rule;
  view.state = child.state;
  view.activation = child.activation;
  view.mode = child.mode;
  view.local = sa.local.address;
  view.remote = sa.remote.address;
  view.local_ts = child.traffic.local;
  view.remote_ts = child.traffic.remote;
  view.transforms = child.transforms;
  view.inbound_spi = child.inbound_spi;
  view.outbound_spi = child.outbound_spi;
  view.ah = child.ah;
  if (child.lifesize_kbytes != 0) view.lifesize_kbytes = child.lifesize_kbytes;
  view.lifetime = std::chrono::ceil<Minutes>(child.lifetime);
  view.expires_at = child.expires_at;
  view.refresh_at = child.refresh_at;
  if (child.vpn_life_expires_at != Instant::max()) view.vpn_life_expires_at = child.vpn_life_expires_at;
  view.group = child.group;
  view.udp = child.udp;
  return view;
}

template <class Sa>
DynamicTunnelView view_of(const Sa& sa, const v2::ChildWish& wish, ChildState state) {
  DynamicTunnelView view;
  view.name = wish.name;
  view.parent = sa.tunnel;
  view.filter_rule = wish.filter->rule;
  view.vpn_action = wish.filter->vpn->name;
  view.local_dyn_vpn_rule = wish.local_dyn_vpn_rule;
  view.state = state;
  view.activation = wish.activation;
  view.local = sa.local.address;
  view.remote = sa.remote.address;
  view.local_ts = wish.traffic.local;
  view.remote_ts = wish.traffic.remote;
  return view;
}

}  // namespace

std::vector<IkeTunnelView> Engine::ike_tunnels(const StackName& stack) const {
  std::vector<IkeTunnelView> views;
  state_->for_each_sa(stack, [&](const v2::IkeSa& sa) {
    if (sa.state != v2::SaState::refused) views.push_back(view_of(sa));
  });
  state_->for_each_phase1_sa(stack, [&](const v1::Phase1Sa& sa) {
    // What is closing only repeats its Delete, for no answer is to come; or phase 2 SAs wait under it.
    const bool has_tunnels = !sa.children.empty() || !sa.wishes.empty();
    if (sa.state != v1::Phase1State::closing || has_tunnels) views.push_back(view_of(sa));
  });
  return views;
}

std::vector<contract::ChildSaName> Engine::leaving(const StackName& stack) const { return state_->leaving(stack); }

std::vector<DynamicTunnelView> Engine::dynamic_tunnels(const StackName& stack) const {
  std::vector<DynamicTunnelView> views;
  state_->for_each_sa(stack, [&](const v2::IkeSa& sa) {
    for (const v2::ChildSa& child : sa.children) views.push_back(view_of(sa, child));
    for (const v2::ChildWish& wish : sa.wishes) views.push_back(view_of(sa, wish, ChildState::pending));
    if (sa.negotiation != nullptr) {
      views.push_back(view_of(sa, sa.negotiation->wish, ChildState::in_negotiation));
    }
  });
  state_->for_each_phase1_sa(stack, [&](const v1::Phase1Sa& sa) {
    const std::size_t first = views.size();
    for (const v2::ChildSa& child : sa.children) views.push_back(view_of(sa, child));
    for (const v2::ChildWish& wish : sa.wishes) views.push_back(view_of(sa, wish, ChildState::pending));
    for (const auto& quick_mode : sa.quick_modes) {
      if (quick_mode->state != v1::QuickMode::State::offered) continue;
      views.push_back(view_of(sa, quick_mode->wish, ChildState::in_negotiation));
    }
    for (std::size_t i = first; i < views.size(); ++i) views[i].version = 1;
  });
  return views;
}

}  // namespace adit::ike
