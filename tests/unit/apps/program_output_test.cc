// SPDX-License-Identifier: Apache-2.0
#include "core/apps/program_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::error_of;

TEST(ProgramOutput, HasBothStreamsAndTheCode) {
  const ProgramOutput found = output_of({"sh", "-c", "echo out; echo err >&2; exit 3"}, 30);
  EXPECT_EQ(found.code, 3);
  EXPECT_EQ(found.out, "out\n");
  EXPECT_EQ(found.err, "err\n");
  EXPECT_EQ(output_of({"sh", "-c", "kill -9 $$"}, 30).code, 128 + 9);
  EXPECT_EQ(output_of({"cat"}, 30).out, "");  // no input
  EXPECT_EQ(output_of({"sh", "-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"}, 30)
                .err.size(),
            300000U);
}

TEST(ProgramOutput, SaysWhatIsWrong) {
  EXPECT_EQ(error_of([] { output_of({"no-such-program-anywhere"}, 30); }),
            "there is no program no-such-program-anywhere in PATH");
  EXPECT_EQ(error_of([] { output_of({"sleep", "30"}, 1); }), "sleep has not answered for 1 s");
  EXPECT_EQ(error_of([] {
              output_of({"head", "-c", "20000000", "/dev/zero"}, 30);
            }),
            "head says more than 16 MiB");
}

}  // namespace
}  // namespace xpu
