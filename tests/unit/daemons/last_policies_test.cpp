#include "daemons/pagent/last_policies.h"

#include <gtest/gtest.h>

#include "folder.h"

namespace adit::daemons::pagent {
namespace {

TEST(LastPolicies, AreForgottenOneByOne) {
  const test::Folder folder;
  const LastPolicies last{folder.path()};
  const PolicyOwner east{.stack = StackName{"east"}, .client = "site_east"};
  const PolicyOwner others[] = {{.stack = StackName{"east"}, .client = "site_east_two"},
                                {.stack = StackName{"west"}, .client = "site_east"}};
  const policy::PolicySource source{.common = {}, .own = Secret{as_bytes("IpFilterPolicy\n{\n}\n")}};
  ASSERT_TRUE(last.keep(east, source));
  for (const PolicyOwner& other : others) ASSERT_TRUE(last.keep(other, source));
  folder.write("east.site_east.last-policy.new", "ADIT pol");  // what a stopped pagent left

  last.forget(east);
  last.forget(east);
  const auto gone = last.find(east);
  ASSERT_TRUE(gone) << gone.error();
  EXPECT_FALSE(*gone);
  EXPECT_FALSE(std::filesystem::exists(last.file_of(east) + ".new"));
  for (const PolicyOwner& other : others) {
    const auto found = last.find(other);
    ASSERT_TRUE(found) << found.error();
    EXPECT_TRUE(*found);
  }
}

}  // namespace
}  // namespace adit::daemons::pagent
