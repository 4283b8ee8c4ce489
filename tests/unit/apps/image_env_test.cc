// SPDX-License-Identifier: Apache-2.0
#include "core/apps/image_env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ImageEnv, ReadsLines) {
  EXPECT_THAT(variables_in("A=1\n\n# note\r\nB=x=y \r\nC=", "f"),
              ElementsAre("A=1", "B=x=y ", "C="));
  EXPECT_THAT(variables_in("", "f"), IsEmpty());
  EXPECT_EQ(error_of([] { variables_in("A=1\nB\n", "f"); }),
            "f:2: B is not of the form NAME=value");
  EXPECT_EQ(error_of([] { variables_in("=1\n", "f"); }), "f:1: =1 is not of the form NAME=value");
}

TEST(ImageEnv, ReadsWhatEnginesPrint) {
  EXPECT_THAT(
      variables_in(R"([{"Id": "a", "Config": {"Cmd": null, "Env": ["A=1", "B=\u0041"]}}])", "f"),
      ElementsAre("A=1", "B=A"));
  EXPECT_THAT(variables_in(R"({"config": {"Env": ["A=1"]}})", "f"), ElementsAre("A=1"));
  EXPECT_THAT(variables_in(R"({"Env": ["A=1"]})", "f"), ElementsAre("A=1"));
  EXPECT_THAT(variables_in(R"( ["A=1", "B="])", "f"), ElementsAre("A=1", "B="));
  EXPECT_THAT(variables_in(R"([{"Config": {"Env": null}}])", "f"), IsEmpty());
  EXPECT_THAT(variables_in("[]", "f"), IsEmpty());
  EXPECT_EQ(error_of([] { variables_in(R"([{}, {}])", "f"); }),
            "f: holds 2 images; print one of them alone");
  EXPECT_EQ(error_of([] { variables_in(R"(["A"])", "f"); }),
            "f: Env: \"A\" is not of the form \"NAME=value\"");
  EXPECT_THAT(error_of([] { variables_in("[", "f"); }), HasSubstr("f: not JSON"));
}

TEST(ImageEnv, ReadsAFile) {
  const test::TempDir dir;
  EXPECT_THAT(read_image_env(dir.write("env", "A=1\n")), ElementsAre("A=1"));
  EXPECT_THAT(error_of([&] { read_image_env(dir / "none"); }), HasSubstr("No such file"));
}

}  // namespace
}  // namespace xpu
