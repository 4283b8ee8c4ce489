// SPDX-License-Identifier: Apache-2.0
#include "sdk/helpers/run_program.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/unit/sdk/tree.h"

namespace xpu::sdk {
namespace {

TEST(RunProgram, GetsItsArgumentsAndAnEnvironmentOfItsOwn) {
  test::Tree tree;
  setenv("XPU_SECRET", "1", 1);
  EXPECT_EQ(run_program("/bin/sh",
                        {"-c", "printf '%s|' \"$@\" \"$XPU_SECRET\" > \"$0\"", tree.at("/out"),
                         "a b", "$HOME"},
                        20),
            "");
  unsetenv("XPU_SECRET");
  EXPECT_EQ(test::bytes_of(tree.at("/out")), "a b|$HOME||");
}

TEST(RunProgram, SaysHowItEnded) {
  EXPECT_EQ(run_program("/bin/sh", {"-c", "exit 3"}, 20), "/bin/sh -c exit 3: exit status 3");
  EXPECT_EQ(run_program("/bin/sh", {"-c", "kill -9 $$"}, 20),
            "/bin/sh -c kill -9 $$: ended by signal 9");
  EXPECT_EQ(run_program("/nowhere/acme", {"-c", "0"}, 20),
            "/nowhere/acme -c 0: No such file or directory");
}

TEST(RunProgram, IsKilledWhenItDoesNotEnd) {
  EXPECT_EQ(run_program("/bin/sleep", {"600"}, 0), "/bin/sleep 600: did not end within 0 s");
}

// As engines may leave it to their children.
TEST(RunProgram, WorksWhereNobodyWaitsForChildren) {
  test::Tree tree;
  auto* before = signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(run_program("/bin/sh", {"-c", "echo x > \"$0\"", tree.at("/out")}, 20), "");
  signal(SIGCHLD, before);
  EXPECT_EQ(test::bytes_of(tree.at("/out")), "x\n");
}

}  // namespace
}  // namespace xpu::sdk
