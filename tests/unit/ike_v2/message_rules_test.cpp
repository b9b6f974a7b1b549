// The rules that need no engine: windows, waits, fragments, cookies.

#include <gtest/gtest.h>

#include <map>

#include "ike/v2/cookie.h"
#include "ike/v2/fragmentation.h"
#include "ike/v2/message_window.h"
#include "ike/v2/retransmission.h"

namespace adit::ike::v2 {
namespace {

class PlainRandom final : public Random {
 public:
  void fill(MutableBytes octets) override {
    for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(++state_ * 37);
  }

 private:
  unsigned state_ = 0;
};

TEST(RequestWindow, OfOneTakesTheNextAnswersTheLastAndNothingElse) {
  const struct {
    std::uint32_t next, id;
    Arrival want;
  } cases[] = {
      {0, 0, Arrival::fresh},    {0, 1, Arrival::outside}, {0, 0xffffffff, Arrival::outside}, {5, 5, Arrival::fresh},
      {5, 4, Arrival::repeated}, {5, 3, Arrival::outside}, {5, 6, Arrival::outside},          {1, 0, Arrival::repeated},
  };
  for (const auto& [next, id, want] : cases)
    EXPECT_EQ(RequestWindow{MessageId{next}}.judge(MessageId{id}, 1), want) << next << " " << id;
}

// Shows RFC 7296 2.3-9.
TEST(RequestWindow, TakesWhatThePeerMaySendInAnyOrder) {
  using enum Arrival;
  const struct {
    const char* name;
    std::vector<std::uint32_t> taken, answered;
    std::uint32_t oldest;
    std::map<std::uint32_t, Arrival> want;
  } cases[] = {
      // all begin with 10
      {"nothing yet", {}, {}, 10, {{8, repeated}, {9, repeated}, {10, fresh}, {14, fresh}, {15, outside}}},
      {"in work", {10}, {}, 10, {{9, repeated}, {10, repeated}, {11, fresh}, {14, fresh}, {15, outside}}},
      {"answered",
       {10},
       {10},
       11,
       {{6, repeated}, {5, outside}, {10, repeated}, {11, fresh}, {15, fresh}, {16, outside}}},
      {"a later one answered", {12}, {12}, 10, {{10, fresh}, {11, fresh}, {12, repeated}, {14, fresh}, {15, outside}}},
      {"the last one", {14}, {14}, 10, {{9, outside}, {10, fresh}, {13, fresh}, {14, repeated}, {15, outside}}},
      {"the oldest in work, the others answered",
       {10, 11, 12, 13, 14},
       {14, 13, 12, 11},
       10,
       {{9, outside}, {10, repeated}, {14, repeated}, {15, outside}}},
      {"all",
       {14, 13, 12, 11, 10},
       {10, 14, 11, 13, 12},
       15,
       {{9, outside}, {10, repeated}, {15, fresh}, {19, fresh}, {20, outside}}},
  };
  for (const auto& [name, taken, answered, oldest, want] : cases) {
    RequestWindow window{MessageId{10}};
    for (const std::uint32_t id : taken) {
      EXPECT_EQ(window.judge(MessageId{id}, own_window), fresh) << name << " " << id;
      window.take(MessageId{id});
    }
    for (const std::uint32_t id : answered) window.answered(MessageId{id});
    EXPECT_EQ(window.oldest(), MessageId{oldest}) << name;
    for (const auto& [id, arrival] : want) {
      EXPECT_EQ(window.judge(MessageId{id}, own_window), arrival) << name << " " << id;
    }
  }
}

// Shows RFC 7296 2.4-6.
TEST(Retransmission, DoublesItsWaitsAndEndsAfterTheRetries) {
  const EngineOptions options{.retries = 3, .initial_wait = Seconds{2}};
  const Instant start{Seconds{100}};
  Retransmission request = Retransmission::begin(MessageId{7}, 37, {{1, 2, 3}}, options, start);
  Instant now = start;
  std::vector<Duration> waits;
  for (;;) {
    waits.push_back(request.next_at - now);
    now = request.next_at;
    EXPECT_TRUE(request.is_due(now));
    EXPECT_FALSE(request.is_due(now - Duration{1}));
    if (request.is_exhausted(options)) break;
    request.again(options, now);
  }
  EXPECT_EQ(waits, (std::vector<Duration>{Seconds{2}, Seconds{4}, Seconds{8}, Seconds{16}}));
  EXPECT_EQ(request.transmissions, 4u);
}

wire::ProtectedPart part(std::uint16_t number, std::uint16_t total) {
  return {.type = wire::PayloadType::encrypted_fragment,
          .first_inner = number == 1 ? wire::PayloadType::notify : wire::PayloadType::none,
          .fragment_number = number,
          .fragment_total = total};
}

TEST(Reassembly, PutsFragmentsTogetherInAnyOrderAndOnlyOnce) {
  using enum Reassembly::Intake;
  Reassembly parts{MessageId{1}, 3};
  EXPECT_EQ(parts.take(MessageId{1}, part(3, 3), {3}), taken);
  EXPECT_EQ(parts.take(MessageId{1}, part(3, 3), {9}), dropped) << "the first one stands";
  EXPECT_EQ(parts.take(MessageId{1}, part(1, 3), {1, 1}), taken);
  EXPECT_EQ(parts.take(MessageId{1}, part(2, 3), {2}), complete);
  EXPECT_EQ(parts.whole(), (ByteString{1, 1, 2, 3}));
  EXPECT_EQ(parts.first(), wire::PayloadType::notify);
}

TEST(Reassembly, BeginsAnewForALargerTotalAndPassesOverASmallerOne) {  // RFC 7383 §2.6
  using enum Reassembly::Intake;
  Reassembly parts{MessageId{1}, 2};
  EXPECT_EQ(parts.take(MessageId{1}, part(1, 2), {1}), taken);
  EXPECT_EQ(parts.take(MessageId{1}, part(1, 3), {7}), taken);
  EXPECT_EQ(parts.take(MessageId{1}, part(2, 2), {2}), dropped);
  EXPECT_EQ(parts.take(MessageId{1}, part(3, 3), {9}), taken);
  EXPECT_EQ(parts.take(MessageId{1}, part(2, 3), {8}), complete);
  EXPECT_EQ(parts.whole(), (ByteString{7, 8, 9}));
}

TEST(Reassembly, IsBoundedInFragmentsAndOctets) {
  EXPECT_TRUE(Reassembly::is_possible(part(1, most_fragments)));
  EXPECT_FALSE(Reassembly::is_possible(part(1, most_fragments + 1)));
  EXPECT_FALSE(Reassembly::is_possible(part(0, 2)));
  EXPECT_FALSE(Reassembly::is_possible(part(3, 2)));
  Reassembly parts{MessageId{1}, 3};
  EXPECT_EQ(parts.take(MessageId{1}, part(1, 3), ByteString(most_reassembled_octets)), Reassembly::Intake::taken);
  EXPECT_EQ(parts.take(MessageId{1}, part(2, 3), {1}), Reassembly::Intake::dropped);
}

// Shows RFC 7296 2.6-3.
TEST(Cookie, IsRightForItsSenderUntilItsSecretIsTwoLivesOld) {
  PlainRandom random;
  CookieJar jar;
  const ByteString nonce(32, 0x11);
  const IpAddress peer = *IpAddress::parse("192.0.2.1");
  const Instant start{Seconds{50}};
  const ByteString cookie = jar.make(nonce, peer, IkeSpi{5}, random, start);
  EXPECT_GE(cookie.size(), 1u);
  EXPECT_LE(cookie.size(), 64u);
  EXPECT_TRUE(jar.is_right(cookie, nonce, peer, IkeSpi{5}, random, start));
  EXPECT_TRUE(jar.is_right(cookie, nonce, peer, IkeSpi{5}, random, start + Seconds{150})) << "of the secret before";
  EXPECT_FALSE(jar.is_right(cookie, nonce, peer, IkeSpi{6}, random, start));
  EXPECT_FALSE(jar.is_right(cookie, nonce, *IpAddress::parse("192.0.2.2"), IkeSpi{5}, random, start));
  EXPECT_FALSE(jar.is_right(cookie, ByteString(32, 0x12), peer, IkeSpi{5}, random, start));
  EXPECT_FALSE(jar.is_right({}, nonce, peer, IkeSpi{5}, random, start));
  EXPECT_FALSE(jar.is_right(Bytes{cookie}.first(cookie.size() - 1), nonce, peer, IkeSpi{5}, random, start));
  EXPECT_FALSE(jar.is_right(cookie, nonce, peer, IkeSpi{5}, random, start + Seconds{400}));
}

// Shows RFC 7296 2.2-2.
TEST(MessageIds, RunOutLongBeforeTheyWouldBeginAgain) {
  EXPECT_FALSE(is_running_out(MessageId{0}));
  EXPECT_FALSE(is_running_out(MessageId{0xfffe'ffff}));
  EXPECT_TRUE(is_running_out(MessageId{0xffff'0000}));
  EXPECT_TRUE(is_running_out(MessageId{0xffff'ffff}));
}

}  // namespace
}  // namespace adit::ike::v2
