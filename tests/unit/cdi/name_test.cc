// SPDX-License-Identifier: Apache-2.0
#include "core/cdi/name.h"

#include <gmock/gmock.h>

namespace xpu::cdi {
namespace {

TEST(Name, ReadsQualifiedNames) {
  for (const char* const text : {"vendor.com/class=dev", "v/c=0", "vendor.com/net_x-1.a=GPU-1:0",
                                 "a1/b2=0:1", "V/C=x_y.z"}) {
    const std::optional<Name> name = parse_name(text);
    ASSERT_TRUE(name.has_value()) << text;
    EXPECT_EQ(qualified(name->kind, name->device), text);
  }
  EXPECT_EQ(parse_name("vendor.com/class=dev"), (Name{"vendor.com/class", "dev"}));
  EXPECT_EQ(vendor_of("vendor.com/class"), "vendor.com");
  EXPECT_EQ(class_of("vendor.com/class"), "class");
}

TEST(Name, RefusesWhatIsNone) {
  for (const char* const text :
       {"",        "=",      "/=",      "v/c",          "v=c",     "v/c=",   "/c=d",    "v/=d",
        "1v/c=d",  "v/1c=d", "v./c=d",  "v/c-=d",       "v/c=-d",  "v/c=d-", "v/c=d e", "v/c/e=d",
        "v/c=d=e", "v /c=d", "v/c=d,e", "\xc3\xa9/c=d", "v/c=d\n", "_v/c=d"}) {
    EXPECT_FALSE(parse_name(text).has_value()) << text;
  }
}

TEST(Name, TellsAnAttemptFromOtherRequests) {
  EXPECT_TRUE(looks_qualified("vendor.com/class=-"));
  EXPECT_TRUE(looks_qualified("a/b="));
  EXPECT_FALSE(looks_qualified("memory>=16GiB"));
  EXPECT_FALSE(looks_qualified("vendor=x/y"));
  EXPECT_FALSE(looks_qualified("GPU-123"));
}

}  // namespace
}  // namespace xpu::cdi
