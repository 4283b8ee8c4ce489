// SPDX-License-Identifier: Apache-2.0
// podman, cri-o and Slurm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/setup/slurm_config.h"
#include "core/setup/toml_config.h"
#include "tests/unit/setup/samples.h"

namespace xpu::setup {
namespace {

const std::string kMark =
    "# Added by \"xpu-runtime configure\"; \"xpu-runtime configure --remove\" takes it out.\n";

TEST(PodmanConfig, HasADropInOfItsOwn) {
  const PodmanConfig editor("/etc/containers/containers.conf.d/99-xpu.conf", "xpu", kProgram);
  Disk disk;
  disk.run(editor, add(true));
  EXPECT_EQ(disk.file, kMark + "[engine.runtimes]\nxpu = [\"/usr/bin/xpu-container-runtime\"]\n\n" +
                           kMark + "[engine]\nruntime = \"xpu\"\n");
  disk.run(editor, take_out());
  EXPECT_EQ(disk.file, std::nullopt);
}

TEST(PodmanConfig, SharesAFile) {
  const PodmanConfig editor("/etc/containers/containers.conf", "xpu", kProgram);
  const std::string text = "[engine]\nruntime = \"crun\" # why\n[engine.runtimes]\ncrun = ['/c']\n";
  Disk disk{text, std::nullopt};
  disk.run(editor, add(true));
  EXPECT_EQ(disk.file,
            "[engine]\nruntime = \"xpu\" # why\n[engine.runtimes]\ncrun = ['/c']\n"
            "xpu = [\"/usr/bin/xpu-container-runtime\"]\n");
  disk.file->append("# end\n");
  disk.run(editor, take_out());
  EXPECT_EQ(disk.file, text + "# end\n");
}

TEST(CrioConfig, HasADropInOfItsOwn) {
  const CrioConfig editor("/etc/crio/crio.conf.d/99-xpu.conf", "xpu", kProgram);
  Disk disk;
  disk.run(editor, add());
  EXPECT_EQ(disk.file, kMark +
                           "[crio.runtime.runtimes.xpu]\n"
                           "runtime_path = \"/usr/bin/xpu-container-runtime\"\n"
                           "runtime_type = \"oci\"\n");
  const Text once = disk.file;
  disk.run(editor, add());
  EXPECT_EQ(disk.file, once);
  disk.run(editor, add(true));
  EXPECT_EQ(disk.file, *once + "\n" + kMark + "[crio.runtime]\ndefault_runtime = \"xpu\"\n");
  disk.run(editor, take_out());
  EXPECT_EQ(disk.file, std::nullopt);
}

TEST(CrioConfig, SharesAFile) {
  const CrioConfig editor("/etc/crio/crio.conf", "xpu", kProgram);
  const std::string text =
      "[crio]\n[crio.runtime]\ndefault_runtime = \"runc\"\n[crio.runtime.runtimes.runc]\n";
  Disk disk{text, std::nullopt};
  disk.run(editor, add(true));
  EXPECT_TRUE(editor.inspect(disk.file).is_default);
  disk.file->insert(0, "# mine\n");
  disk.run(editor, take_out());
  EXPECT_EQ(disk.file, "# mine\n" + text);
}

const SlurmConfig kSlurm("/etc/slurm/oci.conf", "xpu", kProgram);

const std::string kSlurmLines =
    "RunTimeQuery=\"/usr/bin/xpu-container-runtime --rootless=true --root=/run/user/$(id -u)/ "
    "state "
    "%n.%u.%j.%s.%t\"\n"
    "RunTimeRun=\"/usr/bin/xpu-container-runtime --rootless=true --root=/run/user/$(id -u)/ run "
    "%n.%u.%j.%s.%t -b %b\"\n"
    "RunTimeKill=\"/usr/bin/xpu-container-runtime --rootless=true --root=/run/user/$(id -u)/ kill "
    "-a "
    "%n.%u.%j.%s.%t\"\n"
    "RunTimeDelete=\"/usr/bin/xpu-container-runtime --rootless=true --root=/run/user/$(id -u)/ "
    "delete "
    "--force %n.%u.%j.%s.%t\"\n";

TEST(SlurmConfig, AFileThatIsNotThereComesAndGoes) {
  Disk disk;
  disk.run(kSlurm, add());
  EXPECT_EQ(disk.file, kMark + kSlurmLines);
  const Text once = disk.file;
  disk.run(kSlurm, add());
  EXPECT_EQ(disk.file, once);
  disk.run(kSlurm, take_out());
  EXPECT_EQ(disk.file, std::nullopt);
}

TEST(SlurmConfig, ReplacesTheLinesOfAnotherRuntimeAndGivesThemBack) {
  const std::string text =
      "# site\r\nEnvExclude=\"^(SLURM_CONF)=\"\r\n"
      "runtimequery = \"runc state %n\" \r\nRunTimeRun=\"runc run \\\r\n %n\"\r\nRunTimeKill=\"k\"";
  Disk disk{text, std::nullopt};
  disk.run(kSlurm, add());
  EXPECT_EQ(kSlurm.inspect(disk.file).program, kProgram);
  EXPECT_THAT(*disk.file, testing::StartsWith("# site\r\nEnvExclude=\"^(SLURM_CONF)=\"\r\n"
                                              "runtimequery = \"/usr/bin/xpu-container-runtime "));
  Disk changed = disk;
  disk.run(kSlurm, take_out());
  EXPECT_EQ(disk.file, text);
  changed.file->append("Other=1\r\n");
  changed.run(kSlurm, take_out());
  EXPECT_THAT(*changed.file, testing::HasSubstr("RunTimeKill=\"k\""));
  EXPECT_THAT(*changed.file, testing::Not(testing::HasSubstr("xpu")));
  EXPECT_THAT(*changed.file, testing::EndsWith("Other=1\r\n"));
}

TEST(SlurmConfig, SaysWhichLineIsWrong) {
  EXPECT_EQ(error_of([] { kSlurm.inspect("# a\nRunTimeRun\n"); }),
            "/etc/slurm/oci.conf:2: no KEY=VALUE; correct or remove the line");
}

TEST(SlurmConfig, TakesOutWhatRunsAnotherProgram) {
  const std::string text = "EnvExclude=\"^X\"\nRunTimeRun=\"runc run %n\" # site\n";
  for (const std::string program : {"/opt/other/name", "/opt/with space/xpu-container-runtime"}) {
    Wish wish = add();
    wish.program = program;
    Disk disk{text, std::nullopt};
    disk.run(SlurmConfig("/etc/slurm/oci.conf", "xpu", program), wish);
    EXPECT_EQ(kSlurm.inspect(disk.file).program, program);
    EXPECT_THAT(*disk.file, testing::HasSubstr(" -b %b\" # site\n")) << "a comment stays";
    const Text once = disk.file;
    disk.run(SlurmConfig("/etc/slurm/oci.conf", "xpu", program), wish);
    EXPECT_EQ(disk.file, once);
    Disk changed = disk;
    disk.run(kSlurm, take_out());
    EXPECT_EQ(disk.file, text);
    changed.file->insert(0, "A=1\n");
    changed.run(kSlurm, take_out());
    EXPECT_EQ(changed.file, "A=1\n" + text);
    // What bears our mark is ours without a record, too.
    Disk fresh;
    fresh.run(SlurmConfig("/etc/slurm/oci.conf", "xpu", program), wish);
    fresh.written.reset();
    fresh.run(kSlurm, take_out());
    EXPECT_EQ(fresh.file, "");
  }
}

TEST(SlurmConfig, QuotesAPathForTheShell) {
  EXPECT_THAT(kSlurm.configured(std::nullopt, {true, "/a b/c", false, false, false}),
              testing::HasSubstr("\nRunTimeRun=\"'/a b/c' --rootless=true "));
  for (const std::string bad : {"#", "\"", "'", "\\", "%"}) {
    EXPECT_EQ(error_of([&] {
                kSlurm.configured(std::nullopt, {true, "/a" + bad, false, false, false});
              }),
              "/etc/slurm/oci.conf: Slurm cannot run /a" + bad +
                  ", as a line of this file cannot hold a '" + bad +
                  "' there; install the runtime elsewhere");
  }
}

TEST(SlurmConfig, TheLastOfSeveralLinesCounts) {
  const std::string text =
      "RunTimeRun=first\nRunTimeRun = \"second\"\nRunTimeKill=k RunTimeRun=third # c\n";
  Disk disk{text, std::nullopt};
  disk.run(kSlurm, add());
  EXPECT_TRUE(kSlurm.inspect(disk.file).present);
  EXPECT_THAT(*disk.file, testing::StartsWith("RunTimeRun=first\nRunTimeRun = \"second\"\n"
                                              "RunTimeKill=\"/usr/bin/xpu-container-runtime "));
  EXPECT_THAT(*disk.file, testing::HasSubstr("-b %b\" # c\n"));
  disk.file->append("A=1\n");
  disk.run(kSlurm, take_out());
  EXPECT_EQ(disk.file, text + "A=1\n");
  // A line that somebody put below ours since counts, and stays.
  disk = {"A=1\n", std::nullopt};
  disk.run(kSlurm, add());
  disk.file->append("RunTimeRun=\"mine\"\n");
  EXPECT_FALSE(kSlurm.inspect(disk.file).present);
  disk.run(kSlurm, take_out());
  EXPECT_EQ(disk.file, "A=1\nRunTimeRun=\"mine\"\n");
}

TEST(SlurmConfig, ReadsLinesAsSlurmDoes) {
  // A comment does not go on in the next line, whatever it ends in; a '#' is one in quotes, too.
  const std::string text =
      "# a comment \\\nRunTimeRun=\"one \\ # c\n two\" # x\nInclude /etc/other\nA=\"b # c\" \n"
      "B=\\#x\n";
  Disk disk{text, std::nullopt};
  disk.run(kSlurm, add());
  EXPECT_THAT(*disk.file, testing::HasSubstr("# a comment \\\nRunTimeRun=\"/usr/bin/xpu"));
  EXPECT_THAT(*disk.file, testing::HasSubstr("-b %b\" # x\nInclude /etc/other\n"));
  disk.run(kSlurm, take_out());
  EXPECT_EQ(disk.file, text);
  EXPECT_EQ(error_of([] { kSlurm.inspect("A=1 \\\n B\n"); }),
            "/etc/slurm/oci.conf:1: no KEY=VALUE; correct or remove the line");
}

TEST(SlurmConfig, OfAnotherRuntimeStays) {
  const std::string text = "RunTimeRun=\"runc run %n\"\n";
  Disk disk{text, std::nullopt};
  EXPECT_EQ(disk.run(kSlurm, take_out()).foreign, std::nullopt);
  EXPECT_EQ(disk.file, text);
}

}  // namespace
}  // namespace xpu::setup
