#pragma once
// One end of IKEv1 without an engine around it: its state is open to the test, which reads and makes messages under its
// keys.

#include <stdexcept>

#include "ike/v1/certificate_requests.h"
#include "ike/v1/messages.h"
#include "ike/v1/phase1.h"
#include "ike/v1/quick_mode.h"
#include "ike/v1/receive.h"
#include "ike/v1/timing.h"
#include "ike/wire/header.h"
#include "v1_pair.h"

namespace adit::ike {

/// A shard of one SA.
class Lone final : public v1::Shard {
 public:
  explicit Lone(policy::PolicyPointer policy) : policy_{std::move(policy)} {}
  policy::PolicyPointer policy_of(const StackName&) const override { return policy_; }
  void install(policy::PolicyPointer policy) { policy_ = std::move(policy); }
  InboundSpi draw_inbound_spi() override { return InboundSpi{++last_spi_}; }
  void release(InboundSpi) override {}
  DynamicTunnelId number_dynamic_tunnel() override { return DynamicTunnelId{1}; }
  contract::ChildSaName next_generation(DynamicTunnelId tunnel) override { return {tunnel, 2}; }
  std::optional<Instant> vpn_life_end(DynamicTunnelId) const override { return std::nullopt; }
  bool is_first_guess(const v1::Phase1Sa&) override { return true; }
  std::size_t room_for_unproved(const v1::Phase1Sa&) const override { return SIZE_MAX; }
  void ask(v1::Phase1Sa&, std::variant<contract::Sign, contract::Verify> request) override {
    asked.push_back(std::move(request));
  }
  const v2::KnownAuthorities& authorities(const StackName&, const std::vector<std::string>&,
                                          std::optional<IkeSpi>) override {
    return known;
  }
  void authenticated(v1::Phase1Sa&, Contact contact) override { contacts.push_back(contact); }
  v1::Phase1Sa* heir_of(const v1::Phase1Sa&) override { return nullptr; }
  bool awaits_heir(const v1::Phase1Sa&) const override { return false; }
  bool is_overtaken(const v1::Phase1Sa&) const override { return false; }
  bool knows_path(const v1::Phase1Sa&) const override { return false; }
  bool awaits_proof(const v1::Phase1Sa&) const override { return false; }
  void child_added(const v1::Phase1Sa&, const v2::ChildSa&) override {}
  void child_removed(const v1::Phase1Sa&, const v2::ChildSa&, v2::Ending) override {}
  std::vector<std::pair<v1::Phase1Sa*, v2::ChildSa*>> same_traffic(const v1::Phase1Sa&,
                                                                   const policy::Traffic&) override {
    return {};
  }
  std::pair<v1::Phase1Sa*, v2::ChildSa*> child_of_peer(v1::Phase1Sa& sa, contract::SaProtocol protocol,
                                                       OutboundSpi spi) override {
    v2::ChildSa* child = sa.find_child(protocol, spi);
    return {child == nullptr ? nullptr : &sa, child};
  }
  void remove_later(contract::RemoveChildSa) override {}
  void inherit(v1::Phase1Sa&, v1::Phase1Sa&) override {}
  void refresh(v1::Phase1Sa&) override {}
  void touch(const v1::Phase1Sa&) override {}
  void wish_failed(const v1::Phase1Sa&, DynamicTunnelId, v2::Ending) override {}

  std::vector<std::variant<contract::Sign, contract::Verify>> asked;  ///< of nssd
  std::vector<Contact> contacts;                                      ///< of SAs that have come up
  v2::KnownAuthorities known{.standing = v2::KnownAuthorities::Standing::known, .key_hashes = {}, .subjects = {}};

 private:
  policy::PolicyPointer policy_;
  std::uint32_t last_spi_ = 0x1000;
};

/// A message as whoever has the keys reads it.
struct Seen {
  wire::v1::Header header;
  ByteString octets;  ///< what follows the header, decrypted
  wire::v1::Chain chain;

  std::vector<wire::v1::PayloadType> types() const {
    std::vector<wire::v1::PayloadType> list;
    for (const wire::v1::Payload& payload : chain.payloads.items()) list.push_back(payload.type);
    return list;
  }
  template <class T>
  const T& the() const {
    const T* found = chain.payloads.find<T>();
    if (found == nullptr) throw std::runtime_error{"no such payload"};
    return *found;
  }
};

/// One end of a phase 1 SA that is up, whose keys all tests know.
struct End {
  End(const Side& side, Role role, std::uint64_t seed, const V1Side& v1 = {})
      : policy{make_v1_policy(side, v1)}, shard{policy}, random{seed} {
    sa.stack = {side.name};
    sa.role = role;
    sa.state = v1::Phase1State::established;
    sa.initiator_cookie = IkeSpi{1};
    sa.responder_cookie = IkeSpi{2};
    sa.local = {address(side.address), 500};
    sa.remote = {address(side.peer_address), 500};
    sa.rule = v2::share(policy, &policy->key_exchange.rules.front());
    sa.choice = {.encryption = EncryptionId::aes_cbc, .key_bits = 256, .hash = PrfId::hmac_sha2_256};
    sa.skeyid_a = sa.skeyid_d = sa.cipher_key = Secret{ByteString(32, 7)};
    sa.iv = ByteString(16, 9);
    sa.has_keys = true;
    sa.local_identity = identity_of(side.address);
    sa.remote_identity = identity_of(side.peer_address);
  }
  v1::Turn turn() { return {now, random, options, step, statistics, shard}; }
  void receive(const ByteString& octets) {
    const Datagram datagram{.stack = sa.stack, .local = sa.local, .remote = sa.remote, .octets = octets};
    v1::Turn current = turn();
    v1::receive(current, sa, datagram, *wire::v1::Header::parse(octets));
    // The stack of a responder has the pair at once; that of an initiator when the test says so.
    for (const auto& quick_mode : sa.quick_modes) {
      if (quick_mode->state == v1::QuickMode::State::preparing) return stack_has(quick_mode->wish.name);
    }
  }
  void pass(Duration time) {
    now += time;
    v1::Turn current = turn();
    v1::timer_due(current, sa);
  }
  /// All that was sent since.
  std::vector<ByteString> all_sent() {
    std::vector<ByteString> list;
    for (Datagram& datagram : step.send) list.push_back(std::move(datagram.octets));
    step.send.clear();
    return list;
  }
  /// The one datagram that was sent since.
  ByteString sent() {
    EXPECT_EQ(step.send.size(), 1u);
    ByteString octets = step.send.empty() ? ByteString{} : step.send.front().octets;
    step.send.clear();
    return octets;
  }
  /// The SA of before is forgotten; message 1 of a new one.
  ByteString begun_phase_1() {
    const v1::Phase1Sa old = std::exchange(sa, {});
    sa.stack = old.stack;
    sa.tunnel = IkeTunnelId{1};
    sa.role = Role::initiator;
    sa.begun_at = now;
    sa.initiator_cookie = IkeSpi{0x1122334455667788};
    sa.local = old.local;
    sa.remote = old.remote;
    sa.rule = old.rule;
    v1::Turn current = turn();
    v1::initiate(current, sa);
    return sent();
  }
  /// The SA of before is forgotten; what a responder answers to message 1. Nothing: it refuses.
  bool answers_first(const ByteString& octets) {
    const Datagram datagram{.stack = sa.stack, .local = sa.local, .remote = sa.remote, .octets = octets};
    const auto header = *wire::v1::Header::parse(octets);
    const auto chain =
        wire::v1::parse_chain(header.next_payload, Bytes{octets}.subspan(wire::header_size), wire::v1::Origin::clear);
    refusal.reset();
    v1::Turn current = turn();
    auto answered = v1::answer_first(current, datagram, header, *chain, IkeSpi{0x99aabbccddeeff00}, refusal);
    if (answered == nullptr) return false;
    sa = std::move(*answered);
    if (sa.state == v1::Phase1State::preparing_answer) v1::list_authorities(current, sa);
    return true;
  }
  /// Message 1 of a quick mode.
  ByteString begun_quick_mode() {
    const policy::Filter& filter = policy->filter.filters.front();
    const policy::LocalDynVpnRule& rule = policy->local_dyn_vpn.front();
    sa.wishes.push_back({.name = {DynamicTunnelId{1}, 1},
                         .filter = v2::share(policy, &filter),
                         .traffic = policy::Traffic::of({.local = rule.local, .remote = rule.remote}),
                         .activation = Activation::command});
    v1::Turn current = turn();
    v1::go_on(current, sa);
    return sent();
  }
  /// Reads a message of the peer, before or instead of receiving it.
  Seen read(const ByteString& octets, const ByteString& iv) {
    const Datagram datagram{.stack = sa.stack, .local = sa.local, .remote = sa.remote, .octets = octets};
    v1::Turn current = turn();
    auto message = v1::open(current, sa, datagram, *wire::v1::Header::parse(octets), iv);
    if (!message) throw std::runtime_error{"it cannot be read"};
    return {.header = message->header, .octets = std::move(message->octets), .chain = std::move(message->chain)};
  }
  /// One of phase 1.
  Seen read(const ByteString& octets) { return read(octets, sa.iv); }
  /// The first of a quick mode or of an Informational exchange.
  Seen read_first(const ByteString& octets) {
    return read(octets, v1::first_iv(sa, wire::v1::Header::parse(octets)->id));
  }
  void stack_has(contract::ChildSaName name) {
    v1::Turn current = turn();
    v1::install_answered(current, sa, {.stack = sa.stack, .name = name, .refused = std::nullopt});
  }
  const contract::InstallChildSa& installed() const {
    for (const StackRequest& request : step.stack) {
      if (const auto* install = std::get_if<contract::InstallChildSa>(&request)) return *install;
    }
    throw std::runtime_error{"nothing is installed"};
  }
  bool has_told(CatalogueId message) const {
    return std::ranges::any_of(step.log, [&](const LogRecord& record) { return record.message == message; });
  }
  bool tells_to_send() const {
    return std::ranges::any_of(
        step.stack, [](const auto& request) { return std::holds_alternative<contract::BeginSending>(request); });
  }
  bool has_installed() const {
    return std::ranges::any_of(
        step.stack, [](const auto& request) { return std::holds_alternative<contract::InstallChildSa>(request); });
  }

  policy::PolicyPointer policy;
  Lone shard;
  CountingRandom random;
  EngineOptions options;
  Statistics statistics;
  Step step;
  Instant now{Seconds{1000}};
  v1::Phase1Sa sa;
  std::optional<wire::v1::NotifyType> refusal;  ///< of the last message 1
};

}  // namespace adit::ike
