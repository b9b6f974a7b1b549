// CentralPolicyService over real TLS: who gets which policy, what follows it, and what becomes of what cannot be right.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <mutex>

#include "loop.h"
#include "rpc/central_client.h"
#include "rpc/central_server.h"

namespace adit::rpc {
namespace {

const std::string folder = ADIT_TEST_DATA "/vectors/nss-tls/";

TlsCredentials credentials(const std::string& name) {
  const auto text_of = [](const std::string& file) {
    std::ifstream in{folder + file};
    return std::string{std::istreambuf_iterator<char>{in}, {}};
  };
  return {text_of(name + ".pem"), text_of(name + ".key"), text_of("authority.pem")};
}

std::shared_ptr<const Secret> source(std::string_view text) {
  policy::PolicySource made;
  made.own.emplace(as_bytes(text));
  return std::make_shared<const Secret>(made.build());
}

struct Served {
  std::mutex mutex;
  int served = 0, gone = 0, refused = 0;  // under the mutex: they are told on gRPC's threads
  std::unique_ptr<CentralServer> server;

  explicit Served(std::vector<CentralServer::Grant> grants) {
    const auto counts = [this](int& count) {
      return [this, &count](const auto&...) {
        const std::lock_guard lock{mutex};
        ++count;
      };
    };
    auto started = CentralServer::start({{"127.0.0.1"}, 0}, credentials("server"), std::move(grants),
                                        {.served = counts(served), .gone = counts(gone), .refused = counts(refused)});
    EXPECT_TRUE(started) << started.error();
    if (started) server = std::move(*started);
  }
  int count(int Served::* which) {
    const std::lock_guard lock{mutex};
    return this->*which;
  }
};

struct Client {
  test::Loop loop;
  std::vector<std::string> texts, malformed, reasons;
  std::unique_ptr<CentralClient> link;

  Client(std::uint16_t port, const std::string& name, const std::string& certificate = "client",
         const std::string& expected = "nss.example.org") {
    link = std::make_unique<CentralClient>(
        CentralClient::Server{"127.0.0.1", port, expected, credentials(certificate)}, name, loop.post(),
        CentralClient::Callbacks{
            .received = [this](const policy::PolicySource& given) { texts.emplace_back(as_text(given.own->reveal())); },
            .malformed = [this](const std::string& field) { malformed.push_back(field); },
            .away = [this](const std::string& reason) { reasons.push_back(reason); }});
  }
  bool gets(const std::string& text) {
    return loop.until([&] { return !texts.empty() && texts.back() == text; });
  }
};

TEST(CentralService, HandsAClientItsPolicyAndEachThatFollows) {
  Served served{{{"east", "iked.example.org", source("first")}, {"west", "other.example.org", source("not for east")}}};
  Client client{served.server->port(), "east"};
  ASSERT_TRUE(client.gets("first"));
  served.server->replace({{"east", "iked.example.org", source("second")}});
  ASSERT_TRUE(client.gets("second"));
  served.server->replace({{"east", "iked.example.org", source("second")}});  // the same: not told again
  served.server->replace({{"east", "iked.example.org", source("third")}});
  ASSERT_TRUE(client.gets("third"));
  EXPECT_EQ(client.texts, (std::vector<std::string>{"first", "second", "third"}));
  EXPECT_EQ(served.count(&Served::served), 1);
}

TEST(CentralService, CarriesALargePolicy) {
  const std::string large(std::size_t{20} * 1024 * 1024, '#');
  Served served{{{"east", "iked.example.org", source(large)}}};
  Client client{served.server->port(), "east"};
  EXPECT_TRUE(client.gets(large));
}

TEST(CentralService, RefusesWhatIsNotGrantedInTheSameWordsWhetherItExistsOrNot) {
  Served served{{{"east", "other.example.org", source("another's")}}};
  std::vector<std::string> reasons;
  for (const char* name : {"east", "nobody", ""}) {
    SCOPED_TRACE(name);
    Client client{served.server->port(), name};
    ASSERT_TRUE(client.loop.until([&] { return !client.reasons.empty(); }));
    EXPECT_TRUE(client.texts.empty());
    reasons.push_back(client.reasons.front());
  }
  EXPECT_EQ(reasons, std::vector<std::string>(3, "this client is granted no such policy"));
  EXPECT_GE(served.count(&Served::refused), 3);
  EXPECT_EQ(served.count(&Served::served), 0);
}

TEST(CentralService, CutsAClientOffWhoseGrantIsTakenBack) {
  Served served{{{"east", "iked.example.org", source("first")}}};
  Client client{served.server->port(), "east"};
  ASSERT_TRUE(client.gets("first"));
  served.server->replace({{"east", "someone.example.org", source("second")}});
  ASSERT_TRUE(client.loop.until([&] { return !client.reasons.empty(); }));
  EXPECT_EQ(client.reasons.front(), "this client is granted no such policy");
  EXPECT_EQ(client.texts.size(), 1u);
}

TEST(CentralService, SaysSoWhenItHasNoValidPolicyAndHandsItOverWhenItHas) {
  Served served{{{"east", "iked.example.org", nullptr}}};
  Client client{served.server->port(), "east"};
  ASSERT_TRUE(client.loop.until([&] { return !client.reasons.empty(); }));
  EXPECT_EQ(client.reasons.front(), "the policy server has no valid policy");
  served.server->replace({{"east", "iked.example.org", source("mended")}});
  EXPECT_TRUE(client.gets("mended"));
}

TEST(CentralService, PassesOverOctetsThatAreNoPolicy) {
  const std::string_view junk = "ADIT policy\n\x07 junk";
  Served served{{{"east", "iked.example.org", std::make_shared<const Secret>(as_bytes(junk))}}};
  Client client{served.server->port(), "east"};
  ASSERT_TRUE(client.loop.until([&] { return !client.malformed.empty(); }));
  EXPECT_EQ(client.malformed.front(), "kind of file");
  served.server->replace({{"east", "iked.example.org", source("right")}});
  EXPECT_TRUE(client.gets("right"));
  EXPECT_TRUE(client.reasons.empty()) << "the connection stands";
}

TEST(CentralService, DoesNotServeAClientOfAnotherAuthorityAndIsNotBelievedUnderAnotherName) {
  Served served{{{"east", "iked.example.org", source("secret")}}};
  const struct {
    const char *certificate, *expected;
  } cases[] = {{"stranger", "nss.example.org"}, {"client", "other.example.org"}};
  for (const auto& [certificate, expected] : cases) {
    SCOPED_TRACE(certificate);
    Client client{served.server->port(), "east", certificate, expected};
    ASSERT_TRUE(client.loop.until([&] { return !client.reasons.empty(); }));
    EXPECT_TRUE(client.texts.empty());
  }
  EXPECT_EQ(served.count(&Served::served), 0);
}

TEST(CentralService, BoundsTheStreamsOfOneIdentity) {
  Served served{{{"east", "iked.example.org", source("first")}}};
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < CentralServer::most_of_one_identity; ++i) {
    clients.push_back(std::make_unique<Client>(served.server->port(), "east"));
    ASSERT_TRUE(clients.back()->gets("first")) << i;
  }
  Client one_more{served.server->port(), "east"};
  ASSERT_TRUE(one_more.loop.until([&] { return !one_more.reasons.empty(); }));
  EXPECT_EQ(one_more.reasons.front(), "too many streams");
  clients.pop_back();
  EXPECT_TRUE(one_more.gets("first")) << "there is room again";
}

TEST(CentralService, IsFoundAgainWhenItIsBack) {
  auto served =
      std::make_unique<Served>(std::vector<CentralServer::Grant>{{"east", "iked.example.org", source("first")}});
  const std::uint16_t port = served->server->port();
  Client client{port, "east"};
  ASSERT_TRUE(client.gets("first"));
  served.reset();
  ASSERT_TRUE(client.loop.until([&] { return !client.reasons.empty(); }));
  auto again = CentralServer::start(
      {{"127.0.0.1"}, port}, credentials("server"), {{"east", "iked.example.org", source("after")}},
      {.served = [](const auto&...) {}, .gone = [](const auto&...) {}, .refused = [](const auto&...) {}});
  ASSERT_TRUE(again) << again.error();
  EXPECT_TRUE(client.gets("after"));
}

}  // namespace
}  // namespace adit::rpc
