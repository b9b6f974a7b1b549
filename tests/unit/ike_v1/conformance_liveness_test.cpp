// What RFC 3706 asks of dead peer detection.

#include <set>

#include "ike/v1/informational.h"
#include "lone_pair.h"

namespace adit::ike {
namespace {

using P = wire::v1::PayloadType;
using wire::v1::Notify;
using wire::v1::NotifyType;

const ByteString cookies{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2};

Notify liveness(NotifyType type, ByteString data, ByteString spi = cookies) {
  return {.protocol = 1, .spi = std::move(spi), .type = type, .data = std::move(data)};
}
wire::v1::Payloads of(Notify notify) { return wire::v1::Payloads{}.add(std::move(notify)); }

struct Liveness : Phase2 {
  Liveness() { us.sa.peer_has_dpd = peer.sa.peer_has_dpd = true; }
  ByteString question() {
    v1::Turn current = us.turn();
    v1::check_liveness(current, us.sa);
    return us.sent();
  }
};

// Shows RFC 3706 5.1-1, 5.1-2.
TEST(LivenessV1, IsAnnouncedByBothAndAskedForOnlyThen) {
  Phase1 net;
  const std::vector<ByteString> sent = net.main_mode();
  for (const std::size_t i : {0u, 1u}) {
    EXPECT_EQ(to_hex(in_clear(sent[i]).the<wire::v1::VendorId>().value), "afcad71368a1f1c96b8696fc77570100");
  }
  EXPECT_TRUE(net.us.sa.peer_has_dpd);
  EXPECT_TRUE(net.peer.sa.peer_has_dpd);
  Phase2 without;
  v1::Turn current = without.us.turn();
  v1::check_liveness(current, without.us.sa);
  EXPECT_TRUE(without.us.step.send.empty());
}

// Shows RFC 3706 5.2-1, 5.3-1, 5.3-2, 5.3-3, 5.3-4, 6.1-1, 6.1-2.
TEST(LivenessV1, IsAQuestionAndAnAnswerWithItsNumber) {
  Liveness net;
  const ByteString octets = net.question();
  const auto asked = net.peer.read_first(octets).the<Notify>();
  EXPECT_EQ(asked, liveness(NotifyType::r_u_there, asked.data));
  EXPECT_EQ(asked.data.size(), 4u);
  EXPECT_EQ(static_cast<int>(asked.type), 36136);
  net.peer.receive(octets);
  const ByteString answer = net.peer.sent();
  EXPECT_EQ(net.us.read_first(answer).the<Notify>(), liveness(NotifyType::r_u_there_ack, asked.data));
  ASSERT_TRUE(net.us.sa.dpd);
  net.us.receive(answer);
  EXPECT_FALSE(net.us.sa.dpd);
}

// Shows RFC 3706 5.2-2.
TEST(LivenessV1, IsNotTakenWithoutEncryption) {
  Liveness net;
  net.question();
  const ByteString number = [&] {
    Writer out;
    out.u32(net.us.sa.dpd_sent);
    return std::move(out).take();
  }();
  const auto unencrypted = [&](const wire::v1::Payloads& payloads, bool has_hash) {
    wire::v1::Header header =
        v1::header_of(net.peer.sa, wire::ExchangeType::informational_v1, MessageId{++net.last_id});
    header.authentication_only = has_hash;
    Writer id;
    id.u32(header.id.value());
    wire::v1::Payloads all;
    if (has_hash) all.add(wire::v1::Hash{v1::hash_a(net.peer.sa, {id.written(), wire::v1::build_chain(payloads)})});
    for (const wire::v1::Payload& payload : payloads.items()) all.add(payload.body);
    return wire::v1::build_message(header, all);
  };
  for (const bool has_hash : {false, true}) {
    net.us.receive(unencrypted(of(liveness(NotifyType::r_u_there, {0, 0, 0, 9})), has_hash));
    EXPECT_TRUE(net.us.step.send.empty());
    net.us.receive(unencrypted(of(liveness(NotifyType::r_u_there_ack, number)), has_hash));
    EXPECT_TRUE(net.us.sa.dpd) << "still without an answer";
  }
}

// Shows RFC 3706 6.1-3, 6.1-4, 6.1-5, 6.2-5, 6.2-6.
TEST(LivenessV1, HoldsNumbersAndCookiesAgainstItsOwn) {
  Liveness net;
  net.question();
  const std::uint32_t asked = net.us.sa.dpd_sent;
  const auto number = [](std::uint32_t value) {
    Writer out;
    out.u32(value);
    return std::move(out).take();
  };
  const auto send = [&](Notify notify) { net.us.receive(net.informational(of(std::move(notify)))); };
  send(liveness(NotifyType::r_u_there_ack, number(asked - 1)));
  EXPECT_TRUE(net.us.sa.dpd) << "another number";
  send(liveness(NotifyType::r_u_there_ack, number(asked), ByteString(16, 7)));
  EXPECT_TRUE(net.us.sa.dpd) << "other cookies";
  send(liveness(NotifyType::r_u_there_ack, {}));
  EXPECT_TRUE(net.us.sa.dpd) << "no number";
  send(liveness(NotifyType::r_u_there_ack, number(asked)));
  EXPECT_FALSE(net.us.sa.dpd);

  const struct {
    Notify question;
    bool is_answered;
  } questions[] = {
      {liveness(NotifyType::r_u_there, number(500)), true},
      {liveness(NotifyType::r_u_there, number(500)), true},  // a repetition
      {liveness(NotifyType::r_u_there, number(501)), true},
      {liveness(NotifyType::r_u_there, number(500)), false},  // a replay
      {liveness(NotifyType::r_u_there, number(502), ByteString(16, 7)), false},
      {liveness(NotifyType::r_u_there, {0, 0}), false},
  };
  for (const auto& [question, is_answered] : questions) {
    send(question);
    EXPECT_EQ(net.us.step.send.size(), is_answered ? 1u : 0u) << to_hex(question.data);
    net.us.step.send.clear();
  }
}

// Shows RFC 3706 5.4-4, 5.4-5, 6.2-1, 6.2-2, 6.2-3, 6.2-4.
TEST(LivenessV1, CountsFromARandomNumberAndAsksAgainWithTheSame) {
  std::set<std::uint32_t> firsts;
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    End end{v1_east(), Role::initiator, seed};
    end.sa.peer_has_dpd = true;
    v1::Turn current = end.turn();
    v1::check_liveness(current, end.sa);
    firsts.insert(end.sa.dpd_sent);
    EXPECT_LT(end.sa.dpd_sent, 0x80000000u);
  }
  EXPECT_EQ(firsts.size(), 19u);

  Liveness net;
  const ByteString first = net.question();
  const ByteString number = net.peer.read_first(first).the<Notify>().data;
  v1::Turn current = net.us.turn();
  v1::check_liveness(current, net.us.sa);
  EXPECT_TRUE(net.us.step.send.empty()) << "one question at a time";
  net.us.pass(Seconds{30});
  const ByteString again = net.us.sent();
  EXPECT_EQ(net.peer.read_first(again).the<Notify>().data, number);
  net.peer.receive(again);
  net.us.receive(net.peer.sent());
  const std::uint32_t before = net.us.sa.dpd_sent;
  net.question();
  EXPECT_EQ(net.us.sa.dpd_sent, before + 1);
  EXPECT_EQ(net.peer.sa.dpd_sent, 0u) << "the peer counts its own";
}

}  // namespace
}  // namespace adit::ike
