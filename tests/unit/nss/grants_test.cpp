#include "nss/grants.h"

#include <gtest/gtest.h>

namespace adit::nss {
namespace {

TEST(Grants, PermitWhatARowNamesAndNothingElse) {
  const Grants grants{{
      {.client = "iked-a", .sign_labels = {"gw-a"}, .authority_labels = {"CA"}},
      {.client = "iked-b", .sign_labels = {"*"}, .authority_labels = {}},
      {.client = "*", .sign_labels = {}, .authority_labels = {"Public CA"}},
  }};
  const struct {
    const char *client, *label;
    LabelUse use;
    bool want;
  } cases[] = {
      {"iked-a", "gw-a", LabelUse::sign, true},           {"iked-a", "gw-b", LabelUse::sign, false},
      {"iked-a", "GW-A", LabelUse::sign, false},          {"iked-a", "gw-a", LabelUse::authority, false},
      {"iked-a", "CA", LabelUse::authority, true},        {"iked-a", "CA", LabelUse::sign, false},
      {"iked-b", "gw-a", LabelUse::sign, true},           {"iked-b", "CA", LabelUse::authority, false},
      {"iked-a", "Public CA", LabelUse::authority, true}, {"stranger", "Public CA", LabelUse::authority, true},
      {"stranger", "gw-a", LabelUse::sign, false},        {"", "gw-a", LabelUse::sign, false},
  };
  for (const auto& [client, label, use, want] : cases)
    EXPECT_EQ(grants.permits(client, label, use), want) << client << " " << label;
}

TEST(Grants, KnowNobodyWithoutARow) {
  EXPECT_FALSE(Grants{}.knows("iked"));
  EXPECT_FALSE(Grants{}.permits("iked", "*", LabelUse::sign));
  const Grants grants{std::vector{Grant{.client = "iked", .sign_labels = {}, .authority_labels = {}}}};
  EXPECT_TRUE(grants.knows("iked"));
  EXPECT_FALSE(grants.knows("iked2"));
}

}  // namespace
}  // namespace adit::nss
