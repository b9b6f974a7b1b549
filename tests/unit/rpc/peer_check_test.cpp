// Who may connect to a daemon's socket, asked with processes of other users.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "rpc/policy_server.h"

namespace adit::rpc {
namespace {

constexpr uid_t stranger = 65534;

/// Whether a process of a user is served at a socket: gRPC greets whom it serves with its settings; who is turned away
/// reads the end of the stream.
bool is_served(const std::string& path, uid_t user) {
  const pid_t child = ::fork();
  if (child == 0) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    char octet = 0;
    const int connection = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const bool served = ::setresuid(user, user, user) == 0 &&
                        ::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                        ::read(connection, &octet, 1) == 1;
    ::_exit(served ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(PeerCheck, LetsInRootTheOwnerAndWhoIsNamedAndNobodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: to become another user";
  std::string folder = "/tmp/adit-peer-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  ::chmod(folder.c_str(), 0755);
  const std::string path = folder + "/pagent.sock";
  const struct {
    const char* name;
    std::optional<std::vector<uid_t>> users;
    uid_t peer;
    bool served;
  } cases[] = {
      {"root", std::vector<uid_t>{}, 0, true},
      {"a stranger", std::vector<uid_t>{}, stranger, false},
      {"a user who is named", std::vector<uid_t>{stranger}, stranger, true},
      {"another than the one who is named", std::vector<uid_t>{stranger - 1}, stranger, false},
      {"anybody whom the file's mode lets in", std::nullopt, stranger, true},
  };
  for (const auto& [name, users, peer, served] : cases) {
    SCOPED_TRACE(name);
    const auto server = PolicyServer::start({path, users}, {folder + "/stacks.sock", std::nullopt});
    ASSERT_TRUE(server) << server.error();
    ::chmod(path.c_str(), 0666);  // so that only the check decides
    EXPECT_EQ(is_served(path, peer), served);
  }
  std::filesystem::remove_all(folder);
}

// pagent and iked may run as one user: that user's processes are then no stack.
TEST(PeerCheck, LetsInTheOwnersProcessesOnlyWhereItIsToldTo) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: to become another user";
  std::string folder = "/tmp/adit-peer-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  ASSERT_EQ(::chown(folder.c_str(), stranger, stranger), 0);
  const std::string for_iked = folder + "/pagent.sock", for_stacks = folder + "/pagent-stacks.sock";
  ASSERT_EQ(::seteuid(stranger), 0);
  {
    const auto server = PolicyServer::start(
        {.path = for_iked, .users = std::vector<uid_t>{}},
        {.path = for_stacks, .users = std::vector<uid_t>{}, .own_user = LocalSocket::OwnUser::as_others});
    EXPECT_TRUE(server) << server.error();
    EXPECT_TRUE(is_served(for_iked, stranger));
    EXPECT_FALSE(is_served(for_stacks, stranger));
  }
  ASSERT_EQ(::seteuid(0), 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace adit::rpc
