// A folder of sockets in which nobody but the daemon may write.

#include "daemons/socket_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace adit::daemons {
namespace {

class SocketFolder : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/adit-socket-folder-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    around_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(around_); }

  std::string folder() const { return around_ + "/pagent"; }
  static mode_t mode_of(const std::string& path) {
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 07777 : mode_t{0};
  }

  std::string around_;
};

TEST_F(SocketFolder, IsMadeAsOpenToReadAsTheOneAroundItAndNobodyElseMayWrite) {
  for (const auto& [around, made] :
       {std::pair<mode_t, mode_t>{0700, 0700}, {0755, 0755}, {01777, 0755}, {02770, 02750}, {03770, 02750}}) {
    ASSERT_EQ(::chmod(around_.c_str(), around), 0);
    ASSERT_TRUE(make_socket_folder(folder()));
    EXPECT_EQ(mode_of(folder()), made) << std::oct << around;
    EXPECT_TRUE(make_socket_folder(folder())) << "it is there already";
    std::filesystem::remove(folder());
  }
}

TEST_F(SocketFolder, IsRefusedWhereOthersMayWrite) {
  ASSERT_EQ(::mkdir(folder().c_str(), 0700), 0);
  for (const mode_t mode : {0770u, 0707u, 0720u}) {
    ASSERT_EQ(::chmod(folder().c_str(), mode), 0);
    const auto made = make_socket_folder(folder());
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().find("others may write there"), std::string::npos) << made.error();
  }
}

TEST_F(SocketFolder, IsRefusedWhereItIsSomethingElse) {
  std::ofstream{folder()} << "a file";
  EXPECT_FALSE(make_socket_folder(folder()));
  std::filesystem::remove(folder());
  std::filesystem::create_directory_symlink("/tmp", folder());
  EXPECT_FALSE(make_socket_folder(folder())) << "a link leads where somebody else says";
}

TEST_F(SocketFolder, IsRefusedWithoutAFolderAroundIt) {
  const auto made = make_socket_folder(around_ + "/missing/pagent");
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().find(around_ + "/missing"), std::string::npos) << made.error();
}

}  // namespace
}  // namespace adit::daemons
