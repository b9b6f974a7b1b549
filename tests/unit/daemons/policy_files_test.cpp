#include "daemons/pagent/policy_files.h"

#include <gtest/gtest.h>

#include "folder.h"

namespace adit::daemons::pagent {
namespace {

TEST(PolicyFiles, AreLookedForAgainWhenTheyAreMissingAndNotWhenTheyAreWrong) {
  const struct {
    const char* what;
    const char* image;  // null: there is none
    bool is_missing;
  } cases[] = {
      {.what = "no image file", .image = nullptr, .is_missing = true},
      {.what = "an image file that names no file", .image = "IPSecConfig there.is.none\n", .is_missing = true},
      {.what = "an image file that is wrong", .image = "IPSecConfigg east.policy\n", .is_missing = false},
      {.what = "a policy that is wrong", .image = "IPSecConfig wrong.policy\n", .is_missing = false},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.what);
    const test::Folder folder;
    const std::string configuration = folder.write("pagent.conf", "TcpImage east east.image\n");
    folder.write("wrong.policy", "IpFilterPolicyy\n{\n}\n");
    if (one.image != nullptr) folder.write("east.image", one.image);
    const auto read = read_configuration(configuration);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->is_missing, one.is_missing);
    ASSERT_EQ(read->policies.size(), 1u);
    EXPECT_EQ(read->policies.front().policy, nullptr);
  }
}

TEST(PolicyFiles, WithMistakesInPagentConfAreNotReadAgainByThemselves) {
  const test::Folder folder;
  const auto missing = read_configuration(folder.path() + "/pagent.conf");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error(), Unread::missing);
  const auto wrong = read_configuration(folder.write("pagent.conf", "TcpImagee east\n"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error(), Unread::wrong);
  const auto without_keys = read_configuration(
      folder.write("pagent.conf",
                   "TcpImage east\nServerConnection\n{\n  ServerHost 127.0.0.1\n  ServerPort 1\n"
                   "  ServerIdentity a.example\n  TlsCertificate none\n  TlsKey none\n  TlsCa none\n}\n"));
  ASSERT_FALSE(without_keys);
  EXPECT_EQ(without_keys.error(), Unread::missing);
}

}  // namespace
}  // namespace adit::daemons::pagent
