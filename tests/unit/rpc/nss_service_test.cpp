// NssService over real TLS: who is served, as whom, and what becomes of questions while the server is away.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "loop.h"
#include "rpc/nss_client.h"
#include "rpc/nss_server.h"

namespace adit::rpc {
namespace {

const std::string folder = ADIT_TEST_DATA "/vectors/nss-tls/";

std::string text_of(const std::string& name) {
  std::ifstream file{folder + name};
  return {std::istreambuf_iterator<char>{file}, {}};
}
TlsCredentials credentials(const std::string& name) {
  return {text_of(name + ".pem"), text_of(name + ".key"), text_of("authority.pem")};
}

/// An nssd that answers each ListAuthorities with as many hashes as labels were asked for.
std::unique_ptr<NssServer> serve(std::uint16_t port, std::function<void(const std::string& client)> seen = {}) {
  auto server = NssServer::start(
      {{"127.0.0.1"}, port}, credentials("server"),
      {.asked =
           [seen](const std::string& client, const NssQuestion& question, const NssServer::Reply& reply) {
             if (seen) seen(client);
             const auto& labels = std::get<contract::ListAuthorities>(question.request).ca_labels;
             reply(contract::Authorities{std::vector<ByteString>(labels.size(), ByteString(20, 1))});
           },
       .connected = [](const std::string&) {},
       .disconnected = [](const std::string&) {}});
  EXPECT_TRUE(server) << server.error();
  return server ? std::move(*server) : nullptr;
}

struct Client {
  test::Loop loop;
  int ups = 0, downs = 0;
  std::vector<NssReply> replies;
  NssClient nss;

  Client(const std::string& name, std::uint16_t port, const std::string& expected = "nss.example.org")
      : nss{{.host = "127.0.0.1", .port = port, .expected_name = expected, .tls = credentials(name)},
            loop.post(),
            {.connection = {.up = [this] { ++ups; }, .down = [this](const std::string&) { ++downs; }},
             .answered = [this](NssReply reply) { replies.push_back(std::move(reply)); }}} {}
  void ask(std::uint64_t id) {
    nss.ask({ike::RequestId{id}, "host_east", contract::ListAuthorities{std::vector<std::string>(id % 3, "root")}});
  }
};

TEST(NssService, AnswersAThousandQuestionsOnOneStreamToAClientThatItKnowsByItsCertificate) {
  std::mutex mutex;
  std::string seen;
  const auto server = serve(0, [&](const std::string& client) {
    const std::lock_guard lock{mutex};
    seen = client;
  });
  ASSERT_TRUE(server);
  Client client{"client", server->port()};
  constexpr std::uint64_t count = 1000;
  for (std::uint64_t id = 1; id <= count; ++id) client.ask(id);
  ASSERT_TRUE(client.loop.until([&] { return client.replies.size() == count; }));
  for (const NssReply& reply : client.replies) {
    EXPECT_EQ(std::get<contract::Authorities>(reply.answer).key_hashes.size(), reply.id.value() % 3);
  }
  EXPECT_EQ(client.ups, 1);
  EXPECT_EQ(seen, "iked.example.org");
}

TEST(NssService, AQuestionWaitsForAServerThatIsAwayAndIsAnsweredWhenItIsBack) {
  auto server = serve(0);
  ASSERT_TRUE(server);
  const std::uint16_t port = server->port();
  Client client{"client", port};
  ASSERT_TRUE(client.loop.until([&] { return client.ups == 1; }));
  server.reset();
  ASSERT_TRUE(client.loop.until([&] { return client.downs == 1; }));
  client.ask(1);
  client.ask(2);
  client.nss.forget_before(ike::RequestId{2});
  server = serve(port);
  ASSERT_TRUE(server);
  ASSERT_TRUE(client.loop.until([&] { return !client.replies.empty(); }));
  EXPECT_EQ(client.replies.front().id, ike::RequestId{2}) << "the first was not worth waiting for any more";
}

TEST(NssService, DoesNotServeAClientOfAnotherAuthority) {
  const auto server = serve(0, [](const std::string& client) { ADD_FAILURE() << client; });
  ASSERT_TRUE(server);
  Client stranger{"stranger", server->port()};
  stranger.ask(1);
  EXPECT_FALSE(stranger.loop.until([&] { return stranger.ups > 0; }, std::chrono::milliseconds{700}));
}

TEST(NssService, IsNotBelievedUnderAnotherName) {
  const auto server = serve(0, [](const std::string& client) { ADD_FAILURE() << client; });
  ASSERT_TRUE(server);
  Client client{"client", server->port(), "other.example.org"};
  client.ask(1);
  EXPECT_FALSE(client.loop.until([&] { return client.ups > 0; }, std::chrono::milliseconds{700}));
}

TEST(NssService, SpeaksTls13AndNothingOlder) {
  const auto server = serve(0);
  ASSERT_TRUE(server);
  // Asked of what openssl says it agreed on: its exit status also tells of how the server ends a connection that speaks
  // no HTTP/2, which depends on who is faster.
  const auto agrees_on = [&](const char* option, const char* version) {
    const std::string command = fmt::format(
        "openssl s_client -connect 127.0.0.1:{} -{} -cert {}client.pem -key {}client.key -CAfile "
        "{}authority.pem -verify_return_error </dev/null 2>&1 | grep -q 'New, {}, Cipher is'",
        server->port(), option, folder, folder, folder, version);
    return std::system(command.c_str()) == 0;
  };
  EXPECT_TRUE(agrees_on("tls1_3", "TLSv1.3"));
  EXPECT_FALSE(agrees_on("tls1_2", "TLSv1.2"));
}

TEST(NssService, ReadsNoMoreFromAClientThanItKeepsWaiting) {
  std::mutex mutex;
  std::vector<NssServer::Reply> owed;
  bool answers = false;
  auto server = NssServer::start({{"127.0.0.1"}, 0}, credentials("server"),
                                 {.asked =
                                      [&](const std::string&, const NssQuestion&, const NssServer::Reply& reply) {
                                        {
                                          const std::lock_guard lock{mutex};
                                          if (!answers) return owed.push_back(reply);
                                        }
                                        reply(contract::Authorities{});
                                      },
                                  .connected = [](const std::string&) {},
                                  .disconnected = [](const std::string&) {}});
  ASSERT_TRUE(server) << server.error();
  Client client{"client", (*server)->port()};
  constexpr std::uint64_t count = 50'000;
  for (std::uint64_t id = 1; id <= count; ++id) client.ask(id);
  // Nothing is answered: no reply comes, and the server takes what 16 MiB hold at 1 KiB each and more, not all.
  EXPECT_FALSE(client.loop.until([&] { return !client.replies.empty(); }, std::chrono::seconds{1}));
  {
    const std::lock_guard lock{mutex};
    EXPECT_GT(owed.size(), 1000u);
    EXPECT_LE(owed.size(), 16u * 1024 + 256);
    answers = true;
  }
  for (const NssServer::Reply& reply : owed) reply(contract::Authorities{});
  EXPECT_TRUE(client.loop.until([&] { return client.replies.size() == count; })) << client.replies.size();
}

TEST(NssService, IsThereAgainAfterEveryDescriptorWasTaken) {
  const auto server = serve(0);
  ASSERT_TRUE(server);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int stranger = ::socket(AF_INET, SOCK_STREAM, 0);
  rlimit all{};
  ::getrlimit(RLIMIT_NOFILE, &all);
  const rlimit few{.rlim_cur = 128, .rlim_max = all.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &few);
  std::vector<int> taken;
  for (int one = ::dup(stranger); one >= 0; one = ::dup(stranger)) taken.push_back(one);
  ASSERT_EQ(::connect(stranger, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  pollfd greeting{.fd = stranger, .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&greeting, 1, 300), 0) << "nobody can accept it";
  for (const int one : taken) ::close(one);
  ::setrlimit(RLIMIT_NOFILE, &all);
  Client client{"client", server->port()};
  EXPECT_TRUE(client.loop.until([&] { return client.ups == 1; }));
  ::close(stranger);
}

TEST(NssService, SaysSoWhenItsPortIsTaken) {
  const auto server = serve(0);
  ASSERT_TRUE(server);
  const auto second = NssServer::start({{"127.0.0.1"}, server->port()}, credentials("server"), {});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().find("in use"), std::string::npos);
}

}  // namespace
}  // namespace adit::rpc
