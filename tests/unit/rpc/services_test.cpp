// The services over real Unix sockets and TCP: gRPC's threads on both ends, the daemons' one thread in between.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "loop.h"
#include "rpc/operator_client.h"
#include "rpc/operator_server.h"
#include "rpc/policy_client.h"
#include "rpc/policy_server.h"
#include "rpc/stack_client.h"
#include "rpc/stack_operator_server.h"
#include "rpc/stack_server.h"
#include "samples.h"

namespace adit::rpc {
namespace {

class Services : public testing::Test {
 protected:
  Services() {
    std::string pattern = "/tmp/adit-rpc-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Services() override { std::filesystem::remove_all(folder_); }
  std::string path(const char* name) const { return folder_ + "/" + name; }

  auto policy_server() const {
    return PolicyServer::start({path("pagent.sock"), std::nullopt}, {path("stacks.sock"), std::nullopt});
  }

  std::string folder_;
  test::Loop loop_;
};

struct WatchedPolicy {
  policy::PolicyPointer policy;
  int installs = 0, removals = 0, ups = 0, downs = 0;

  PolicyClient::Callbacks callbacks() {
    return {.installed =
                [this](policy::PolicyPointer installed) {
                  policy = std::move(installed);
                  ++installs;
                },
            .removed = [this] { ++removals; },
            .malformed = [](const std::string& field) { ADD_FAILURE() << field; },
            .connection = {.up = [this] { ++ups; }, .down = [this](const std::string&) { ++downs; }}};
  }
};

TEST_F(Services, AWatcherGetsThePolicyThatIsThereAndEachThatFollows) {
  auto server = policy_server();
  ASSERT_TRUE(server) << server.error();
  (*server)->publish(test::snapshot());
  WatchedPolicy seen;
  const PolicyClient client{path("pagent.sock"), StackName{"east"}, Audience::iked, loop_.post(), seen.callbacks()};
  ASSERT_TRUE(loop_.until([&] { return seen.installs == 1; }));
  EXPECT_EQ(*seen.policy, *test::without_manual_keys(*test::snapshot()));

  auto next = std::make_shared<policy::PolicySnapshot>(*test::snapshot());
  next->version = 43;
  (*server)->publish(next);
  ASSERT_TRUE(loop_.until([&] { return seen.installs == 2; }));
  EXPECT_EQ(seen.policy->version, 43u);
  (*server)->withdraw(StackName{"east"});
  ASSERT_TRUE(loop_.until([&] { return seen.removals == 1; }));
}

// Who may connect to a socket gets what its audience may have, whatever it asks for: iked no key of a manual tunnel.
TEST_F(Services, AnAudienceIsServedAtItsOwnSocketAlone) {
  auto server = policy_server();
  ASSERT_TRUE(server) << server.error();
  ASSERT_TRUE((*server)->publish(test::snapshot()));
  for (const auto& [socket, audience] :
       {std::pair{"pagent.sock", Audience::stack}, std::pair{"stacks.sock", Audience::iked}}) {
    SCOPED_TRACE(socket);
    WatchedPolicy seen;
    std::string reason;
    auto callbacks = seen.callbacks();
    callbacks.connection.down = [&reason](const std::string& why) { reason = why; };
    const PolicyClient client{path(socket), StackName{"east"}, audience, loop_.post(), callbacks};
    ASSERT_TRUE(loop_.until([&] { return !reason.empty(); }));
    EXPECT_NE(reason.find("another audience"), std::string::npos) << reason;
    EXPECT_EQ(seen.installs, 0);
  }
}

TEST_F(Services, AStackIsTheSameInWhateverCase) {
  auto server = policy_server();
  ASSERT_TRUE(server) << server.error();
  WatchedPolicy seen;
  const PolicyClient client{path("stacks.sock"), StackName{"East"}, Audience::stack, loop_.post(), seen.callbacks()};
  auto shouted = std::make_shared<policy::PolicySnapshot>(*test::snapshot());
  shouted->stack = StackName{"EAST"};
  ASSERT_TRUE((*server)->publish(shouted));
  ASSERT_TRUE(loop_.until([&] { return seen.installs == 1; }));
  EXPECT_EQ(seen.policy->stack, StackName{"East"}) << "as the watcher knows it";
}

TEST_F(Services, APolicyThatNobodyWouldTakeIsNotPublishedAndTheOneBeforeStays) {
  auto server = policy_server();
  ASSERT_TRUE(server) << server.error();
  ASSERT_TRUE((*server)->publish(test::snapshot()));
  const struct {
    void (*spoil)(policy::PolicySnapshot&);
    const char* says;
  } cases[] = {
      {[](auto& policy) {
         policy.filter.filters.front().rule = std::string(4000, 'r');
         policy.filter.filters.resize(20'000, policy.filter.filters.front());
       },
       "octets: expected at most 67108800"},
      {[](auto& policy) {
         policy.key_exchange.rules.front().remote_locations.resize(10'001, IpRange::all(IpFamily::v4));
       },
       "too many, or too long: remote locations"},
  };
  for (const auto& [spoil, says] : cases) {
    auto spoilt = std::make_shared<policy::PolicySnapshot>(*test::snapshot());
    spoil(*spoilt);
    const auto published = (*server)->publish(spoilt);
    ASSERT_FALSE(published);
    EXPECT_NE(published.error().find(says), std::string::npos) << published.error();
  }
  WatchedPolicy seen;
  const PolicyClient client{path("pagent.sock"), StackName{"east"}, Audience::iked, loop_.post(), seen.callbacks()};
  ASSERT_TRUE(loop_.until([&] { return seen.installs == 1; }));
  EXPECT_EQ(*seen.policy, *test::without_manual_keys(*test::snapshot()));
}

TEST_F(Services, AWatcherThatCameFirstReconnectsWhenThePolicyAgentIsBack) {
  WatchedPolicy seen;
  const PolicyClient client{path("stacks.sock"), StackName{"east"}, Audience::stack, loop_.post(), seen.callbacks()};
  for (int life = 1; life <= 3; ++life) {
    auto server = policy_server();
    ASSERT_TRUE(server) << server.error();
    (*server)->publish(test::snapshot());
    ASSERT_TRUE(loop_.until([&] { return seen.installs == life; }));
    EXPECT_TRUE(seen.policy->key_exchange.rules.empty());
    server->reset();
    ASSERT_TRUE(loop_.until([&] { return seen.downs == life; }));
  }
}

/// stackd, as far as a key manager sees it: installs everything it is asked to.
struct PlayedStack {
  int attachments = 0, detachments = 0;
  std::vector<ike::StackRequest> requests;
  std::unique_ptr<StackServer> server;

  StackServer::Callbacks callbacks() {
    return {.attached =
                [this](const std::string& program) {
                  EXPECT_EQ(program, "iked");
                  requests.clear();
                  ++attachments;
                },
            .requested =
                [this](std::vector<ike::StackRequest> batch) {
                  for (ike::StackRequest& request : batch) {
                    if (const auto* install = std::get_if<contract::InstallChildSa>(&request)) {
                      server->tell(contract::InstallResult{install->stack, install->name, {}});
                    }
                    requests.push_back(std::move(request));
                  }
                },
            .detached = [this] { ++detachments; },
            .malformed = [](const std::string& field) { ADD_FAILURE() << field; }};
  }
};
struct PlayedKeyManager {
  int ups = 0, downs = 0;
  std::vector<StackEvent> events;

  StackClient::Callbacks callbacks() {
    return {.connection = {.up = [this] { ++ups; }, .down = [this](const std::string&) { ++downs; }},
            .told =
                [this](std::vector<StackEvent> batch) {
                  std::move(batch.begin(), batch.end(), std::back_inserter(events));
                },
            .malformed = [](const std::string& field) { ADD_FAILURE() << field; }};
  }
};

TEST_F(Services, AStackAnswersEachOfAThousandInstallations) {
  PlayedStack stack;
  auto server = StackServer::start({path("stack.sock"), std::vector<uid_t>{}}, StackName{"east"}, loop_.post(),
                                   stack.callbacks());
  ASSERT_TRUE(server) << server.error();
  stack.server = std::move(*server);
  PlayedKeyManager iked;
  StackClient client{path("stack.sock"), StackName{"east"}, loop_.post(), iked.callbacks()};
  ASSERT_TRUE(loop_.until([&] { return iked.ups == 1; }));
  constexpr std::size_t count = 1000;
  for (std::size_t i = 1; i <= count; ++i) {
    contract::InstallChildSa install = test::child_sa();
    install.name.tunnel = DynamicTunnelId{i};
    const ike::StackRequest request{install};
    client.ask({&request, 1});
  }
  ASSERT_TRUE(loop_.until([&] { return iked.events.size() == count; }));
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(std::get<contract::InstallResult>(iked.events[i]).name.tunnel, DynamicTunnelId{i + 1}) << "in order";
  }
}

TEST_F(Services, AKeyManagerThatComesBackFindsAnEmptyStack) {
  PlayedStack stack;
  auto server =
      StackServer::start({path("stack.sock"), std::nullopt}, StackName{"east"}, loop_.post(), stack.callbacks());
  ASSERT_TRUE(server) << server.error();
  stack.server = std::move(*server);
  const ike::StackRequest install{test::child_sa()};
  {
    PlayedKeyManager first;
    StackClient client{path("stack.sock"), StackName{"east"}, loop_.post(), first.callbacks()};
    ASSERT_TRUE(loop_.until([&] { return first.ups == 1; }));
    client.ask({&install, 1});
    ASSERT_TRUE(loop_.until([&] { return stack.requests.size() == 1; }));
  }
  ASSERT_TRUE(loop_.until([&] { return stack.detachments == 1; }));
  EXPECT_EQ(stack.requests.size(), 1u) << "SAs stay while nobody is attached";
  PlayedKeyManager second;
  StackClient client{path("stack.sock"), StackName{"east"}, loop_.post(), second.callbacks()};
  ASSERT_TRUE(loop_.until([&] { return second.ups == 1; }));
  EXPECT_EQ(stack.attachments, 2);
  EXPECT_TRUE(stack.requests.empty());
}

TEST_F(Services, ARequestForAStackThatIsAwayIsDropped) {
  PlayedKeyManager iked;
  StackClient client{path("stack.sock"), StackName{"east"}, loop_.post(), iked.callbacks()};
  const ike::StackRequest install{test::child_sa()};
  client.ask({&install, 1});
  PlayedStack stack;
  auto server =
      StackServer::start({path("stack.sock"), std::nullopt}, StackName{"east"}, loop_.post(), stack.callbacks());
  ASSERT_TRUE(server) << server.error();
  stack.server = std::move(*server);
  ASSERT_TRUE(loop_.until([&] { return iked.ups == 1; }));
  const ike::StackRequest query{ike::QueryCounters{StackName{"east"}, test::child_sa().name}};
  client.ask({&query, 1});
  ASSERT_TRUE(loop_.until([&] { return !stack.requests.empty(); }));
  EXPECT_TRUE(std::holds_alternative<ike::QueryCounters>(stack.requests.front()));
}

template <class Id>
std::string numbers_of(const std::vector<Id>& tunnels) {
  std::string text;
  for (const Id tunnel : tunnels) text += std::to_string(tunnel.value()) + " ";
  return text;
}

TEST_F(Services, AnOperatorIsAnsweredFromTheDaemonsThread) {
  auto server = OperatorServer::start(
      {path("iked.sock"), std::nullopt}, loop_.post(),
      {.stacks = [] { return std::vector{StackName{"east"}}; },
       .ike_tunnels = [](const StackName&) { return std::vector<ike::IkeTunnelView>{}; },
       .dynamic_tunnels = [](const StackName&) { return std::vector<ike::DynamicTunnelView>{}; },
       .activate =
           [](const StackName&, const std::vector<std::string>& rules) {
             return std::vector<NamedAnswer>{{rules.at(0), {ike::OperatorAnswer::Status::started, "Y1"}}};
           },
       .deactivate_ike = [](const StackName&, const std::vector<IkeTunnelId>&) { return std::vector<NamedAnswer>{}; },
       .deactivate_dynamic = [](const StackName&,
                                const std::vector<DynamicTunnelId>&) { return std::vector<NamedAnswer>{}; },
       .refresh_ike =
           [](const StackName& stack, const std::vector<IkeTunnelId>& tunnels) {
             return std::vector<NamedAnswer>{{stack.text, {ike::OperatorAnswer::Status::started, numbers_of(tunnels)}}};
           },
       .refresh_dynamic =
           [](const StackName& stack, const std::vector<DynamicTunnelId>& tunnels) {
             return std::vector<NamedAnswer>{
                 {stack.text, {ike::OperatorAnswer::Status::not_found, numbers_of(tunnels)}}};
           }});
  ASSERT_TRUE(server) << server.error();
  bool done = false;
  std::thread asker{[&, post = loop_.post()] {
    OperatorClient client{path("iked.sock")};
    const auto answers = client.activate(StackName{"east"}, {"net-to-net"});
    EXPECT_TRUE(answers) << answers.error();
    if (answers) {
      EXPECT_EQ(answers->at(0).answer.detail, "Y1");
    }
    const auto ike = client.refresh_ike(StackName{"east"}, {IkeTunnelId{4}, IkeTunnelId{9}});
    EXPECT_TRUE(ike) << ike.error();
    if (ike) {
      EXPECT_EQ(ike->at(0).subject, "east");
      EXPECT_EQ(ike->at(0).answer.detail, "4 9 ");
    }
    const auto dynamic = client.refresh_dynamic(StackName{"east"}, {});
    EXPECT_TRUE(dynamic) << dynamic.error();
    if (dynamic) {
      EXPECT_EQ(dynamic->at(0).answer.status, ike::OperatorAnswer::Status::not_found);
      EXPECT_EQ(dynamic->at(0).answer.detail, "");
    }
    const auto refused = client.refresh_ike(StackName{"east"}, std::vector<IkeTunnelId>(10'001, IkeTunnelId{1}));
    EXPECT_FALSE(refused);
    if (!refused) {
      EXPECT_NE(refused.error().find("too many"), std::string::npos) << refused.error();
    }
    EXPECT_EQ(client.stacks().value_or(std::vector<StackName>{}), std::vector{StackName{"east"}});
    post([&] { done = true; });
  }};
  EXPECT_TRUE(loop_.until([&] { return done; }));
  asker.join();
}

TEST_F(Services, ADaemonThatStopsDoesNotWaitForAnOperatorWhomItHasNotAnswered) {
  std::atomic<bool> asked = false;  // the request has come, and its task is dropped with the daemon's thread
  auto server = StackOperatorServer::start(
      {path("operator.sock"), std::nullopt},
      [&](Task) {
        asked = true;
        asked.notify_all();
      },
      {.tunnels = [](auto) {}, .filters = [](auto) {}, .choose = [](auto, auto) {}, .interfaces = [](auto) {}});
  ASSERT_TRUE(server) << server.error();
  std::thread asker{[&] {
    StackOperatorClient client{path("operator.sock")};
    EXPECT_FALSE(client.tunnels());
  }};
  asked.wait(false);
  server->reset();
  asker.join();
}

TEST_F(Services, APathThatIsTooLongIsAnErrorAndNotAnotherSocket) {
  const auto server =
      PolicyServer::start({path(std::string(200, 'x').c_str()), std::nullopt}, {path("stacks.sock"), std::nullopt});
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().find("too long"), std::string::npos);
}

TEST_F(Services, ASocketIsForItsGroupAlone) {
  const auto server = policy_server();
  ASSERT_TRUE(server);
  const auto mode = std::filesystem::status(path("pagent.sock")).permissions() & std::filesystem::perms::all;
  EXPECT_EQ(static_cast<unsigned>(mode), 0660u);
}

}  // namespace
}  // namespace adit::rpc
