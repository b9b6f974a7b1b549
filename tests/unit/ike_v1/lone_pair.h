#pragma once
// Two lone ends, in phase 1 and in phase 2.

#include "lone_end.h"

namespace adit::ike {

inline Seen in_clear(const ByteString& octets) {
  const auto header = *wire::v1::Header::parse(octets);
  Seen seen{.header = header, .octets = {octets.begin() + wire::header_size, octets.end()}, .chain = {}};
  seen.chain = *wire::v1::parse_chain(header.next_payload, seen.octets, wire::v1::Origin::clear);
  return seen;
}

/// Both begin without an SA.
struct Phase1 {
  explicit Phase1(const Side& a = v1_east(), const Side& b = v1_west(), const V1Side& v1 = {})
      : us{a, Role::initiator, 5, v1}, peer{b, Role::responder, 6, v1} {}

  /// Runs main mode by shared keys up to so many messages, of which the last but the sixth is not delivered; all of
  /// them as they were sent.
  std::vector<ByteString> main_mode(std::size_t messages = 6) {
    std::vector<ByteString> sent{us.begun_phase_1()};
    EXPECT_TRUE(peer.answers_first(sent.front()));
    while (sent.size() < messages) {
      const bool is_peers = sent.size() % 2 == 1;
      sent.push_back((is_peers ? peer : us).sent());
      if (sent.size() == 5) fifth = peer.read(sent.back());
      if (sent.size() == 6) sixth = us.read(sent.back());
      if (sent.size() < messages || messages == 6) (is_peers ? us : peer).receive(sent.back());
    }
    return sent;
  }

  End us, peer;
  std::optional<Seen> fifth, sixth;  ///< of main mode, in clear
};

/// Both have the same phase 1 SA.
struct Phase2 {
  explicit Phase2(const Side& a = v1_east(), const Side& b = v1_west())
      : us{a, Role::initiator, 5}, peer{b, Role::responder, 6} {}

  /// The three messages of a quick mode that `us` begins, each as the other end reads it.
  void quick_mode() {
    const ByteString one = us.begun_quick_mode();
    first = peer.read_first(one);
    peer.receive(one);
    const ByteString two = peer.sent();
    second = us.read(two, us.sa.quick_modes.front()->iv);
    us.receive(two);
    us.stack_has(us.sa.children.front().name);
    const ByteString three = us.sent();
    third = peer.read(three, peer.sa.quick_modes.front()->iv);
    peer.receive(three);
    peer.stack_has(peer.sa.children.front().name);
    sent = {one, two, three};
  }
  /// An Informational exchange from the peer, with a message ID of its own.
  ByteString informational(const wire::v1::Payloads& payloads) {
    const MessageId id{++last_id};
    ByteString iv = v1::first_iv(peer.sa, id);
    return v1::sealed_with_hash(peer.sa, v1::header_of(peer.sa, wire::ExchangeType::informational_v1, id), payloads,
                                iv);
  }

  End us, peer;
  std::vector<ByteString> sent;
  Seen first, second, third;
  std::uint32_t last_id = 70;
};

}  // namespace adit::ike
