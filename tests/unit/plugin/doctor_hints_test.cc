// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/doctor_hints.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/plugin/manifest_tables.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/plugin/world.h"

namespace xpu {
namespace {

using testing::ElementsAre;
using testing::Not;
using testing::SizeIs;

constexpr const char* kHead =
    "manifest-version = 1\nname = \"acme\"\nlibrary = \"libxpu-acme.so\"\nabi = \"1.0\"\n";

DoctorHints parse(const std::string& text) {
  Manifest manifest;
  manifest.file = "acme.toml";
  manifest.options = {{"dev-root", "/"}, {"sys-root", "/host"}, {"bad", "x"}};
  return parse_doctor_hints(text, manifest);
}
std::string error_of(const std::string& text) {
  return test::error_of([&] { parse(text); });
}

TEST(DoctorHints, EveryTable) {
  const DoctorHints hints = parse(R"(
[[doctor.nodes]]
path = "${dev-root}/dev/acmectl"
if-exists = "${sys-root}/proc/acme"
needed-for = "display"
remedy = "acme-modprobe"
[[doctor.nodes]]
path = "/dev/acme"
remedy = "modprobe acme"
[[doctor.services]]
path = "/run/acmed"
if-exists = "/usr/bin/acmed"
why = "it is slow"
remedy = "systemctl start acmed"
[[doctor.versions]]
running = "${sys-root}/proc/acme/version"
installed = ["/usr/lib/*/libacme.so.*", "/usr/lib64/libacme.so.*"]
remedy = "reboot"
[[doctor.libraries]]
capability = "graphics"
what = "Vulkan"
all = ["libacme.so.1", "*/acme.json"]
remedy = "apt-get install acme"
[[doctor.cdi]]
kind = "acme.com/anvil"
remedy = "acme-ctk > ${file}"
[[doctor.docker-gpus]]
programs = ["acme-hook", "acme-other"]
[[doctor.sharing]]
program = "acme-share"
why = "it shares all"
remedy = "acme-share stop"
[[doctor.checkpoint]]
plugins = ["${sys-root}/usr/lib/criu/acme.so"]
remedy = "apt-get install acme-criu"
[[doctor.checkpoint]]
plugins = ["/a.so", "/b.so"]
programs = ["acme-checkpoint"]
remedy = "x"
[[doctor.preloads]]
name = "libacme.so"
why = "it leaks"
remedy = "do without"
[[doctor.hook-files]]
option = "--ldconfig-path"
remedy = "acme-ctk"
)");
  ASSERT_THAT(hints.nodes, SizeIs(2));
  EXPECT_EQ(hints.nodes[0].path, "/dev/acmectl");
  EXPECT_EQ(hints.nodes[0].if_exists, "/host/proc/acme");
  EXPECT_EQ(hints.nodes[0].needed_for, "display");
  EXPECT_EQ(hints.nodes[0].remedy, "acme-modprobe");
  EXPECT_EQ(hints.nodes[1].if_exists, "");
  ASSERT_THAT(hints.services, SizeIs(1));
  EXPECT_EQ(hints.services[0].why, "it is slow");
  ASSERT_THAT(hints.versions, SizeIs(1));
  EXPECT_EQ(hints.versions[0].running, "/host/proc/acme/version");
  EXPECT_THAT(hints.versions[0].installed,
              ElementsAre("/usr/lib/*/libacme.so.*", "/usr/lib64/libacme.so.*"));
  ASSERT_THAT(hints.libraries, SizeIs(1));
  EXPECT_THAT(hints.libraries[0].all, ElementsAre("libacme.so.1", "*/acme.json"));
  ASSERT_THAT(hints.cdi, SizeIs(1));
  EXPECT_EQ(hints.cdi[0].remedy, "acme-ctk > ${file}");
  EXPECT_THAT(hints.docker_gpus, ElementsAre("acme-hook", "acme-other"));
  ASSERT_THAT(hints.sharing, SizeIs(1));
  EXPECT_EQ(hints.sharing[0].program + hints.sharing[0].why + hints.sharing[0].remedy,
            "acme-shareit shares allacme-share stop");
  ASSERT_THAT(hints.checkpoint, SizeIs(2));
  EXPECT_THAT(hints.checkpoint[0].plugins, ElementsAre("/host/usr/lib/criu/acme.so"));
  EXPECT_THAT(hints.checkpoint[0].programs, SizeIs(0));
  EXPECT_THAT(hints.checkpoint[1].programs, ElementsAre("acme-checkpoint"));
  ASSERT_THAT(hints.preloads, SizeIs(1));
  EXPECT_EQ(hints.preloads[0].library, "libacme.so");
  ASSERT_THAT(hints.hook_files, SizeIs(1));
  EXPECT_EQ(hints.hook_files[0].option, "--ldconfig-path");
}

TEST(DoctorHints, WhatIsWrongIsNamedWithItsLine) {
  EXPECT_EQ(error_of("\n[[doctor.node]]\npath = \"/a\"\n"),
            "acme.toml:2: [doctor] unknown key \"node\"; known are nodes, services, versions, "
            "libraries, cdi, docker-gpus, sharing, checkpoint, preloads, hook-files");
  EXPECT_EQ(error_of("[[doctor.nodes]]\npath = \"/a\"\nremedi = \"b\"\n"),
            "acme.toml:3: [[doctor.nodes]] unknown key \"remedi\"; known are path, if-exists, "
            "needed-for, remedy");
  EXPECT_EQ(error_of("[[doctor.nodes]]\npath = \"/a\"\n"),
            "acme.toml:1: [[doctor.nodes]] without remedy");
  EXPECT_EQ(error_of("[[doctor.nodes]]\npath = \"a\"\nremedy = \"b\"\n"),
            "acme.toml:2: [[doctor.nodes]] path: \"a\" is \"a\", not an absolute path without "
            "\"..\"");
  EXPECT_EQ(error_of("[[doctor.nodes]]\npath = \"${root}/a\"\nremedy = \"b\"\n"),
            "acme.toml:2: [[doctor.nodes]] path: \"${root}/a\" uses an option that [options] does "
            "not declare");
  EXPECT_EQ(error_of("[[doctor.docker-gpus]]\nprograms = []\n"),
            "acme.toml:1: [[doctor.docker-gpus]] without programs");
  EXPECT_EQ(error_of("[[doctor.cdi]]\nkind = 3\nremedy = \"b\"\n"),
            "acme.toml:2: [[doctor.cdi]] kind is not text of one line");
  EXPECT_EQ(error_of("[doctor]\nnodes = 3\n"),
            "acme.toml:2: [[doctor.nodes]] is not a list of tables");
  EXPECT_THAT(error_of("a = 1\n[[doctor.cdi]]\nkind = \n"), testing::StartsWith("acme.toml:3: "));
}

// A start pays nothing for these tables, and they cannot keep a backend from it.
TEST(DoctorHints, AStartSkipsThem) {
  EXPECT_EQ(without_doctor_tables("a = 1\n[detect]\nany = []\n"), "a = 1\n[detect]\nany = []\n");
  EXPECT_EQ(
      without_doctor_tables("a = 1\n[[doctor.nodes]]\npath = 1\n\n[options]\nb = \"[doctor]\"\n"
                            "[doctor]\nc = 1\n[doctors]\nd = 1"),
      "a = 1\n\n\n\n[options]\nb = \"[doctor]\"\n\n\n[doctors]\nd = 1");
  EXPECT_EQ(without_doctor_tables("[[doctor.nodes]]\npath"), "\n");
}

class DoctorTables : public World {};

TEST_F(DoctorTables, AManifestIsReadWithoutThem) {
  write("backends/acme.toml", cat(kHead, "[[doctor.nodes]]\nnonsense\n[options]\nroot = 1\n"));
  std::vector<FoundBackend> found = find_backends(config_);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_FALSE(found[0].refused) << found[0].reason;
  EXPECT_EQ(found[0].manifest.options.at("root"), "1");
  EXPECT_THAT(test::error_of([&] { read_doctor_hints(found[0].manifest); }),
              testing::StartsWith(cat(manifest("acme"), ":6: ")));
  write("backends/acme.toml", cat(kHead, "[[doctor.nodes]]\n[option]\nroot = 1\n"));
  found = find_backends(config_);
  EXPECT_THAT(found[0].reason, testing::HasSubstr("acme.toml:6: unknown key \"option\""))
      << "lines keep their numbers";
}

TEST_F(DoctorTables, ThoseOfOurOwnManifestsAreRight) {
  unsigned hints = 0;
  for (const char* name : {"amd", "apple", "intel", "nvidia"}) {
    std::filesystem::copy_file(cat(XPU_SOURCE_DIR, "/backends/", name, "/", name, ".toml"),
                               manifest(name));
    std::filesystem::permissions(manifest(name), std::filesystem::perms(0644));
    const FoundBackend found = read_manifest(manifest(name), {}, "config.toml", false);
    EXPECT_FALSE(found.refused) << found.reason;
    hints += static_cast<unsigned>(read_doctor_hints(found.manifest).cdi.size());
  }
  EXPECT_EQ(hints, 5U);
}

}  // namespace
}  // namespace xpu
