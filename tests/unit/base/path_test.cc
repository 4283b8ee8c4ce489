// SPDX-License-Identifier: Apache-2.0
#include "core/base/path.h"

#include <gmock/gmock.h>

namespace xpu {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Path, Parts) {
  EXPECT_THAT(path_parts(""), IsEmpty());
  EXPECT_THAT(path_parts("//"), IsEmpty());
  EXPECT_THAT(path_parts("a"), ElementsAre("a"));
  EXPECT_THAT(path_parts("/a//b.c/../d/"), ElementsAre("a", "b.c", "..", "d"));
}

}  // namespace
}  // namespace xpu
