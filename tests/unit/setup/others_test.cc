// SPDX-License-Identifier: Apache-2.0
// podman, cri-o and Slurm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/setup/slurm_config.h"
#include "core/setup/toml_config.h"
#include "tests/unit/setup/samples.h"

namespace xpu {
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
    "RunTimeQuery=\"/usr/bin/xpu-container-runtime --rootless=true --root=/run/user/$(id -u)/ state "
    "%n.%u.%j.%s.%t\"\n"
    "RunTimeRun=\"/usr/bin/xpu-container-runtime --rootless=true --root=/run/user/$(id -u)/ run "
    "%n.%u.%j.%s.%t -b %b\"\n"
    "RunTimeKill=\"/usr/bin/xpu-container-runtime --rootless=true --root=/run/user/$(id -u)/ kill -a "
    "%n.%u.%j.%s.%t\"\n"
    "RunTimeDelete=\"/usr/bin/xpu-container-runtime --rootless=true --root=/run/user/$(id -u)/ delete "
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

}  // namespace
}  // namespace xpu
