// A daemon's socket: one process serves it, and what a killed one left is in nobody's way.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "rpc/policy_server.h"

namespace adit::rpc {
namespace {

class AtASocket : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(folder_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  LocalSocket socket() const { return {folder_ + "/daemon.sock", {}}; }
  LocalSocket other_socket() const { return {folder_ + "/other.sock", {}}; }
  bool connects() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket().path;
    std::memcpy(address.sun_path, path.data(), path.size());
    const int connection = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const bool connected = ::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(connection);
    return connected;
  }

 private:
  std::string folder_ = "/tmp/adit-socket-XXXXXX";
};

TEST_F(AtASocket, ASecondServerIsRefusedAndTheFirstServesOn) {
  const auto first = PolicyServer::start(socket(), other_socket());
  ASSERT_TRUE(first) << first.error();
  const auto second = PolicyServer::start(socket(), other_socket());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), "another process serves " + socket().path);
  EXPECT_TRUE(connects());
}

TEST_F(AtASocket, TheNextServerComesWhenTheFirstHasEnded) {
  PolicyServer::start(socket(), other_socket())->reset();
  EXPECT_FALSE(std::filesystem::exists(socket().path));
  EXPECT_TRUE(PolicyServer::start(socket(), other_socket()));
}

TEST_F(AtASocket, WhatAKilledProcessLeftIsReplaced) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = socket().path;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(left);
  ASSERT_TRUE(std::filesystem::exists(path));
  const auto server = PolicyServer::start(socket(), other_socket());
  EXPECT_TRUE(server);
  EXPECT_TRUE(connects());
}

}  // namespace
}  // namespace adit::rpc
