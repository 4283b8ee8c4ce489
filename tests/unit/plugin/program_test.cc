// SPDX-License-Identifier: Apache-2.0
// xpu-backend-host as a person meets it.
#include <sys/wait.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "tests/unit/plugin/world.h"

namespace xpu {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Program : public World {
 protected:
  // Runs the program and keeps what it printed in out_ and err_; its exit status.
  int run(const std::string& arguments) {
    const std::string command =
        cat(installation().host_program, " ", arguments, " >", path("out"), " 2>", path("err"));
    const int status = std::system(command.c_str());
    out_ = read("out");
    err_ = read("err");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int describe(const std::string& mode, const std::string& more = "") {
    install(mode);
    return run(cat("--manifest ", manifest(mode), " ", more));
  }

  std::string out_, err_;
};

TEST_F(Program, PrintsTheDescription) {
  EXPECT_EQ(describe("ok"), 0) << err_;
  const Catalog catalog = catalog_from_json(out_.substr(0, out_.size() - 1), "stdout");
  EXPECT_EQ(catalog.backend, "ok");
  EXPECT_EQ(catalog.devices.size(), 1U);
  EXPECT_EQ(out_.back(), '\n');
}

TEST_F(Program, ItsExitStatusTellsTheOutcome) {
  EXPECT_EQ(describe("absent"), 0);
  EXPECT_THAT(out_, HasSubstr("\"state\":\"absent\",\"reason\":\"backend absent: no anvil here\""));
  EXPECT_EQ(describe("failed"), 2);
  EXPECT_THAT(out_, HasSubstr("\"state\":\"failed\""));
  EXPECT_EQ(describe("too-new"), 3);
  EXPECT_THAT(out_, HasSubstr("\"state\":\"refused\""));
  EXPECT_EQ(describe("hang", "--deadline 1"), 4);
  EXPECT_THAT(out_, HasSubstr("\"state\":\"failed\""));
  write("backends/bad.toml", "");
  EXPECT_EQ(run("--manifest " + manifest("bad")), 3);
  EXPECT_THAT(out_, HasSubstr("manifest-version is not 1"));
}

TEST_F(Program, TakesOptions) {
  EXPECT_EQ(describe("ok", "--option count=" + path("elsewhere")), 0) << err_;
  EXPECT_EQ(read("elsewhere"), "x");
  EXPECT_EQ(run(cat("--manifest ", manifest("ok"), " --option colour=red")), 3);
  EXPECT_THAT(out_,
              HasSubstr("the command line: [backends.ok] has no option \\\"colour\\\"; it has "
                        "enabled, features, count, file, watch"));
}

TEST_F(Program, DemandsAHashWhenTold) {
  EXPECT_EQ(describe("ok", "--require-sha256"), 3);
  EXPECT_THAT(out_, HasSubstr("no sha256 of " + library("ok") +
                              ", which require-sha256 of the command line demands; install a "
                              "version of the package that states it"));
}

TEST_F(Program, ForgetsWhatTheCallerIgnores) {
  install("ok");
  const std::string command = cat("trap '' CHLD TERM; exec ", installation().host_program,
                                  " --manifest ", manifest("ok"), " --deadline 5 >", path("out"));
  EXPECT_EQ(std::system(command.c_str()), 0) << read("out");
}

TEST_F(Program, KeepsTheMemoryLimit) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer has no use for address limits";
#endif
  EXPECT_EQ(describe("eats-64-mb"), 0);
  EXPECT_EQ(run(cat("--manifest ", manifest("eats-64-mb"), " --memory 50331648")), 2);
  EXPECT_THAT(out_, HasSubstr("backend eats-64-mb: describe() ran out of memory"));
}

TEST_F(Program, SaysOutputOnStderr) {
  EXPECT_EQ(describe("chatty"), 0);
  EXPECT_THAT(err_, HasSubstr("info: backend chatty: stdout: hello?from stdout\n"));
  EXPECT_THAT(err_, HasSubstr("info: backend chatty: stderr: hello from stderr\n"));
  EXPECT_THAT(err_, HasSubstr("warning: backend chatty: hello from log\n"));
}

TEST_F(Program, HelpsAndSaysItsVersion) {
  EXPECT_EQ(run("--help"), 0);
  EXPECT_THAT(out_, StartsWith("Usage: xpu-backend-host --manifest FILE [options]\n"));
  EXPECT_EQ(run("--version"), 0);
  EXPECT_EQ(out_, cat("xpu-backend-host ", XPU_VERSION, "\n"));
}

TEST_F(Program, RefusesWrongUsage) {
  const auto error = [&](const std::string& arguments) {
    EXPECT_EQ(run(arguments), 1) << arguments;
    EXPECT_EQ(out_, "");
    return err_;
  };
  const std::string intro = "error: xpu-backend-host: ";
  EXPECT_EQ(error(""), intro + "--manifest FILE with an absolute path is missing; see --help\n");
  EXPECT_EQ(error("--manifest a.toml"),
            intro + "--manifest FILE with an absolute path is missing; see --help\n");
  EXPECT_EQ(error("--colour"),
            intro + "--colour: not an option, or without its value; see --help\n");
  EXPECT_EQ(error("--manifest /a extra"), intro + "extra: not an option; see --help\n");
  EXPECT_EQ(error("--option a"), intro + "--option: \"a\" is not NAME=VALUE\n");
  for (const char* bad : {"0", "3601", "x", "1s", "-1"}) {
    EXPECT_EQ(error(cat("--deadline ", bad)),
              cat(intro, "--deadline: \"", bad, "\" is not a number from 1 to 3600\n"));
  }
  EXPECT_EQ(error("--memory 1"), intro +
                                     "--memory: \"1\" is not a number from 16777216 to "
                                     "18446744073709551615\n");
}

TEST_F(Program, FailsToWriteLoudly) {
  install("ok");
  EXPECT_EQ(std::system(cat(installation().host_program, " --manifest ", manifest("ok"),
                            " >/dev/full 2>", path("err"))
                            .c_str()),
            1 << 8);
  EXPECT_THAT(
      read("err"),
      testing::EndsWith(
          "error: xpu-backend-host: cannot write the description to stdout: No space left on "
          "device\n"));
}

}  // namespace
}  // namespace xpu
