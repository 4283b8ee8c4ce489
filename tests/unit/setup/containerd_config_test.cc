// SPDX-License-Identifier: Apache-2.0
#include "core/setup/containerd_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/setup/samples.h"

namespace xpu::setup {
namespace {

using testing::HasSubstr;
using testing::Not;

ContainerdConfig editor(unsigned major = 1, std::vector<std::string> others = {},
                        std::int64_t version = 0) {
  ContainerdFacts facts;
  facts.major = major;
  facts.version = version;
  facts.others = std::move(others);
  return {"/etc/containerd/config.toml", "xpu", kProgram, std::move(facts)};
}

std::string configured(const std::string& text, unsigned major = 1, const Wish& wish = add()) {
  Disk disk{text, std::nullopt};
  disk.run(editor(major), wish);
  return disk.file.value_or("");
}

const std::string kMark = std::string(kTomlMark) + "\n";

std::string runtime(const std::string& plugin, const std::string& more = "",
                    const std::string& options = "") {
  const std::string table = "[plugins." + plugin + ".containerd.runtimes.xpu";
  return kMark + table +
         "]\nruntime_type = \"io.containerd.runc.v2\"\n"
         "pod_annotations = [\"xpu.dev/*\", \"cdi.k8s.io/*\"]\n"
         "container_annotations = [\"xpu.dev/*\", \"cdi.k8s.io/*\"]\n" +
         more + table + ".options]\nBinaryName = \"/usr/bin/xpu-container-runtime\"\n" + options;
}

std::string runc(const std::string& plugin) {
  return kMark + "[plugins." + plugin +
         ".containerd.runtimes.runc]\nruntime_type = \"io.containerd.runc.v2\"\n\n";
}

TEST(ContainerdConfig, WritesEachVersion) {
  const std::string one = "cri", two = "\"io.containerd.grpc.v1.cri\"",
                    three = "\"io.containerd.cri.v1.runtime\"";
  EXPECT_EQ(configured("root = \"/x\"\n"), "root = \"/x\"\n\n" + runc(one) + runtime(one));
  EXPECT_EQ(configured("version = 2\n"), "version = 2\n\n" + runc(two) + runtime(two));
  EXPECT_EQ(configured("version = 3\n", 2), "version = 3\n\n" + runc(three) + runtime(three));
  EXPECT_EQ(configured("version = 4\n", 2), "version = 4\n\n" + runc(three) + runtime(three));
  EXPECT_EQ(error_of([] { configured("version = 5\n", 2); }),
            "/etc/containerd/config.toml: version 5 of the file is newer than the versions 1 to 4 "
            "that are known here");
}

TEST(ContainerdConfig, ANewFileHasTheVersionOfTheProgram) {
  EXPECT_THAT(configured("", 1), testing::StartsWith("version = 2\n\n" + kMark));
  EXPECT_THAT(configured("# nothing\n", 2), testing::StartsWith("version = 3\n# nothing\n"));
  Disk disk;
  disk.run(editor(2), add(true));
  disk.run(editor(2), take_out());
  EXPECT_EQ(disk.file, std::nullopt);
}

TEST(ContainerdConfig, AFileWithoutVersionIsOfTheFirst) {
  const std::string text = "[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"p\"\n";
  EXPECT_THAT(configured(text, 1), HasSubstr("[plugins.cri.containerd.runtimes.xpu]"));
  EXPECT_THAT(configured(text, 2),
              HasSubstr("[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.xpu]"));
}

TEST(ContainerdConfig, TakesOverWhatTheDefaultRuntimeHas) {
  const std::string text =
      "version = 2\n"
      "[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n"
      "default_runtime_name = \"crun\"\n"
      "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.crun]\n"
      "runtime_type = \"io.containerd.runc.v2\"\n"
      "base_runtime_spec = \"/etc/base.json\"\n"
      "cni_conf_dir = \"\"\n"
      "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.crun.options]\n"
      "BinaryName = \"/usr/bin/crun\"\nSystemdCgroup = true\nIoUid = 0\n";
  EXPECT_EQ(configured(text),
            text + "\n" +
                runtime("\"io.containerd.grpc.v1.cri\"", "base_runtime_spec = \"/etc/base.json\"\n",
                        "SystemdCgroup = true\n"));
}

TEST(ContainerdConfig, TakesNothingFromAnotherShimAndAddsToItsAnnotations) {
  const std::string kata =
      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n"
      "runtime_type = \"io.containerd.kata.v2\"\nprivileged_without_host_devices = true\n";
  EXPECT_EQ(configured(kata), kata + "\n" + runtime("\"io.containerd.grpc.v1.cri\""));
  EXPECT_THAT(configured("version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes."
                         "runc]\npod_annotations = [\"a\"]\ncontainer_annotations = ['*']\n"),
              HasSubstr("pod_annotations = [\"a\", \"xpu.dev/*\", \"cdi.k8s.io/*\"]\n"
                        "container_annotations = [\"*\"]\n"));
}

TEST(ContainerdConfig, GoesIntoInlineTables) {
  const std::string text =
      "version = 2\n[plugins]\n\"io.containerd.grpc.v1.cri\" = { containerd = { runtimes = { "
      "runc = { runtime_type = \"io.containerd.runc.v2\" } } } }\n";
  Disk disk{text, std::nullopt};
  disk.run(editor(), add(true, true));
  EXPECT_EQ(*disk.file,
            "version = 2\n[plugins]\n\"io.containerd.grpc.v1.cri\" = { containerd = { runtimes = { "
            "runc = { runtime_type = \"io.containerd.runc.v2\" }, xpu = { runtime_type = "
            "\"io.containerd.runc.v2\", pod_annotations = [\"xpu.dev/*\", \"cdi.k8s.io/*\"], "
            "container_annotations = [\"xpu.dev/*\", \"cdi.k8s.io/*\"], options = { BinaryName = "
            "\"/usr/bin/xpu-container-runtime\" } } }, default_runtime_name = \"xpu\" }, "
            "enable_cdi = true }\n");
  disk.run(editor(), take_out());
  EXPECT_EQ(disk.file, text);
}

TEST(ContainerdConfig, ChangesARuntimeThatIsThereInItsPlace) {
  const std::string text =
      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.xpu] # ours\n"
      "  runtime_type = 'io.containerd.runc.v2'\n  pod_annotations = ['xpu.dev/*', 'mine']\n"
      "  [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.xpu.options]\n"
      "    BinaryName = '/opt/x' # old\n    SystemdCgroup = true\n";
  Disk disk{text, std::nullopt};
  disk.run(editor(), add());
  EXPECT_EQ(
      *disk.file,
      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.xpu] # ours\n"
      "  runtime_type = 'io.containerd.runc.v2'\n"
      "  pod_annotations = ['xpu.dev/*', 'mine', \"cdi.k8s.io/*\"]\n"
      "  container_annotations = [\"xpu.dev/*\", \"cdi.k8s.io/*\"]\n"
      "  [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.xpu.options]\n"
      "    BinaryName = \"/usr/bin/xpu-container-runtime\" # old\n    SystemdCgroup = true\n");
  disk.file->append("# changed\n");
  disk.run(editor(), take_out());
  EXPECT_THAT(*disk.file, HasSubstr("BinaryName = '/opt/x' # old"));
  EXPECT_THAT(*disk.file, Not(HasSubstr("container_annotations")));
}

TEST(ContainerdConfig, OnlyOursGoesFromAFileThatWasChangedMeanwhile) {
  const std::string text = "version = 2\nroot = \"/x\"\n";
  Disk disk{text, std::nullopt};
  disk.run(editor(), add(true, true));
  disk.file->insert(0, "# mine\n");
  disk.file->append("\n[debug]\nlevel = \"info\"\n");
  disk.run(editor(), take_out());
  EXPECT_EQ(disk.file, "# mine\n" + text + "\n[debug]\nlevel = \"info\"\n");
  EXPECT_EQ(disk.backup, text);
}

TEST(ContainerdConfig, ARuncThatIsNotAloneStays) {
  Disk disk{"version = 2\n", std::nullopt};
  disk.run(editor(), add());
  disk.file->append(
      "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.b]\nruntime_type = "
      "\"io.containerd.runc.v2\"\n");
  disk.run(editor(), take_out());
  EXPECT_THAT(*disk.file, HasSubstr("runtimes.runc]"));
  EXPECT_THAT(*disk.file, Not(HasSubstr("xpu]")));
}

TEST(ContainerdConfig, ADropInHasTheVersionOfTheMainFileAndItsDefaults) {
  const std::string main =
      "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]\n"
      "SystemdCgroup = true\n";
  Disk disk;
  disk.run(editor(2, {main}, 3), add());
  EXPECT_EQ(disk.file, "version = 3\n\n" + runtime("\"io.containerd.cri.v1.runtime\"", "",
                                                   "SystemdCgroup = true\n"));
  disk.run(editor(2, {main}, 3), take_out());
  EXPECT_EQ(disk.file, std::nullopt);
}

constexpr const char* kDropIn = "/etc/containerd/conf.d/99-xpu.toml";

// The main file, whose drop-in has the runtime.
ContainerdConfig imports(unsigned major = 2) {
  ContainerdFacts facts;
  facts.major = major;
  facts.runtime = false;
  facts.import = kDropIn;
  return {"/c.toml", "xpu", kProgram, std::move(facts)};
}

// The main file while something is taken out.
ContainerdConfig takes_out(std::vector<std::string> kept = {}) {
  ContainerdFacts facts;
  facts.major = 2;
  facts.kept_imports = std::move(kept);
  return {"/c.toml", "xpu", kProgram, std::move(facts)};
}

TEST(ContainerdImports, AreAddedAndTakenOut) {
  for (const char* text : {"version = 3\n", "version = 3\nimports = []\n[a]\n",
                           "imports = [\n  'x.toml', # x\n]\n", "", "# only this"}) {
    Disk disk{text, std::nullopt};
    disk.run(imports(), add());
    EXPECT_TRUE(imports().inspect(disk.file).imported);
    const Text once = disk.file;
    disk.run(imports(), add());
    EXPECT_EQ(disk.file, once);
    disk.run(takes_out(), take_out());
    EXPECT_EQ(disk.file, text);
  }
  Disk disk{"imports = ['a', 'b']\n", std::nullopt};
  disk.run(imports(), add());
  disk.file->append("root = \"/r\"\n");
  disk.run(takes_out(), take_out());
  EXPECT_EQ(disk.file, "imports = ['a', 'b']\nroot = \"/r\"\n");
}

TEST(ContainerdImports, OfSomebodyElseStay) {
  const std::string text = std::string("version = 3\nimports = [\"") + kDropIn + "\"]\n";
  Disk disk{text, std::nullopt};
  disk.run(imports(), add());
  EXPECT_EQ(disk.file, text);
  disk.run(takes_out(), take_out());
  EXPECT_EQ(disk.file, text);
  // Also when the file has the runtime, and was changed since.
  disk.run(editor(2), add());
  disk.file->append("# changed\n");
  disk.run(takes_out(), take_out());
  EXPECT_EQ(disk.file, text + "# changed\n");
}

TEST(ContainerdImports, AndARuntimeComeAndGoInOneEdit) {
  const std::string text = "version = 3\nimports = [\n  \"/a.toml\", # a\n]\n";
  for (const bool changed : {false, true}) {
    Disk disk{text, std::nullopt};
    disk.run(editor(2), add(true));
    disk.run(imports(), add());
    EXPECT_TRUE(imports().inspect(disk.file).imported);
    EXPECT_TRUE(imports().inspect(disk.file).present);
    disk.run(editor(2), add(false, true));
    EXPECT_TRUE(imports().inspect(disk.file).imported) << "a later wish leaves it alone";
    EXPECT_EQ(disk.backup, text) << "not our own work";
    if (changed) {
      disk.file->insert(0, "root = \"/r\"\n");
    }
    disk.run(takes_out(), take_out());
    EXPECT_EQ(disk.file, changed ? "root = \"/r\"\n" + text : text);
  }
}

TEST(ContainerdImports, StayForAnotherRuntimeOfTheDropIn) {
  const std::string text = "version = 3\n";
  Disk disk{text, std::nullopt};
  disk.run(imports(), add());
  const Text once = disk.file;
  disk.run(takes_out({kDropIn}), take_out());
  EXPECT_EQ(disk.file, once);
  disk.run(takes_out(), take_out());
  EXPECT_EQ(disk.file, text);
}

TEST(ContainerdConfig, WhatSomebodySwitchedOnMeanwhileStays) {
  const std::string cri = "[plugins.\"io.containerd.grpc.v1.cri\"]\n";
  const std::string text = "version = 2\n" + cri + "sandbox_image = \"p\"\n";
  Disk disk{text, std::nullopt};
  disk.run(editor(), add());
  const std::size_t at = disk.file->find("sandbox_image");
  const std::string theirs = "enable_cdi = true\ncdi_spec_dirs = [\"/x\"]\n";
  disk.file->insert(at, theirs);
  disk.run(editor(), take_out());
  EXPECT_EQ(disk.file, "version = 2\n" + cri + theirs + "sandbox_image = \"p\"\n");
  // The same after a second configure, which finds it switched on.
  disk = {text, std::nullopt};
  disk.run(editor(), add());
  disk.file->insert(at, theirs);
  disk.run(editor(), add(true));
  disk.run(editor(), take_out());
  EXPECT_EQ(disk.file, "version = 2\n" + cri + theirs + "sandbox_image = \"p\"\n");
}

TEST(ContainerdConfig, OurCdiGoesAlsoAfterOtherChanges) {
  const std::string text =
      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\nenable_cdi = false # no\n"
      "cdi_spec_dirs = []\n";
  Disk disk{text, std::nullopt};
  disk.run(editor(), add(false, true));
  EXPECT_THAT(*disk.file, HasSubstr("enable_cdi = true # no"));
  disk.file->insert(0, "# mine\n");
  disk.run(editor(), take_out());
  EXPECT_EQ(disk.file, "# mine\n" + text);
  // A folder that somebody chose since is theirs.
  disk = {text, std::nullopt};
  disk.run(editor(), add(false, true));
  disk.file->replace(disk.file->find("\"/etc/cdi\""), 10, "\"/my/cdi\"");
  disk.run(editor(), take_out());
  EXPECT_THAT(*disk.file, HasSubstr("enable_cdi = false # no\ncdi_spec_dirs = [\"/my/cdi\", "));
}

TEST(ContainerdConfig, AListOfAnnotationsKeepsItsLayoutAndComments) {
  const std::string table =
      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.xpu]\n"
      "runtime_type = \"io.containerd.runc.v2\"\n";
  const std::string text = table +
                           "pod_annotations = [\n  # for us\n  'a', # of a\n]\n"
                           "container_annotations = [ '*' ]\n";
  Disk disk{text, std::nullopt};
  disk.run(editor(), add());
  EXPECT_THAT(*disk.file,
              HasSubstr("pod_annotations = [\n  # for us\n  'a', # of a\n  \"xpu.dev/*\",\n"
                        "  \"cdi.k8s.io/*\",\n]\ncontainer_annotations = [ '*' ]\n"));
  disk.file->insert(0, "# mine\n");
  disk.run(editor(), take_out());
  EXPECT_EQ(disk.file, "# mine\n" + text);
}

}  // namespace
}  // namespace xpu::setup
