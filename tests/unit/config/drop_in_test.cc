// SPDX-License-Identifier: Apache-2.0
// config.d, and what remains of files with mistakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/config/keys.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::in_child;
using test::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

class DropIns : public ::testing::Test {
 protected:
  Config load() { return load_config(file()); }
  std::string file() const { return dir_ / "config.toml"; }
  std::string error() {
    return error_of([&] { load(); });
  }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0644) {
    return dir_.write("config.d/" + name, text, mode);
  }

  TempDir dir_;
};

TEST_F(DropIns, ReplaceKeyByKeyInTheOrderOfTheirNames) {
  dir_.write("config.toml",
             "[xpu-container-runtime]\nruntimes = [\"runc\", \"crun\"]\nmode = \"spec\"\n"
             "[aliases]\nONE = \"XPU_COUNT\"\nTWO = \"XPU_COUNT\"\n"
             "[backends.acme]\nroot = \"/a\"\nmode = \"x\"\n");
  const std::string late =
      write("20-b.toml",
            "[xpu-container-runtime]\nruntimes = [\"youki\"]\n\n[aliases]\nTWO = \"XPU_WAIT\"\n");
  write("10-a.toml",
        "[xpu-container-runtime]\nruntimes = [\"krun\"]\non-unavailable = \"warn\"\n"
        "[backends.acme]\nroot = \"/b\"\n");
  const Config config = load();
  EXPECT_EQ(config.file, file());
  EXPECT_THAT(config.runtimes, ElementsAre("youki"));
  EXPECT_EQ(config.mode, "spec");
  EXPECT_EQ(config.on_unavailable, "warn");
  ASSERT_EQ(config.aliases.size(), 2u);
  EXPECT_EQ(config.aliases[0].variable, "XPU_COUNT");
  EXPECT_EQ(config.aliases[1].variable, "XPU_WAIT");
  EXPECT_THAT(config.backends.at("acme").options,
              ElementsAre(Pair("mode", "x"), Pair("root", "/b")));
  EXPECT_EQ(config.origins.at("xpu-container-runtime.runtimes").file, late);
  EXPECT_EQ(config.origins.at("xpu-container-runtime.runtimes").line, 2u);
  EXPECT_EQ(config.origins.at("aliases.TWO").line, 5u);
  EXPECT_EQ(config.origins.at("xpu-container-runtime.mode").file, file());
}

TEST_F(DropIns, PutTheirShareLimitsFirst) {
  dir_.write("config.toml", "[leases.share-limits]\n\"B*\" = 2\n\"*\" = 4\n");
  write("a.toml", "[leases.share-limits]\n\"*A*\" = 1\n\"B*\" = 3\n");
  EXPECT_THAT(load().share_limits, ElementsAre(Pair("*A*", 1u), Pair("B*", 3u), Pair("*", 4u)));
}

TEST_F(DropIns, CountWithoutAMainFile) {
  write("a.toml", "[policy]\nprofile = \"multi-tenant\"\n");
  const Config config = load();
  EXPECT_EQ(config.profile, "multi-tenant");
  EXPECT_EQ(config.file, "");
}

TEST_F(DropIns, AreFilesThatEndInToml) {
  for (const char* name : {".hidden.toml", "a.toml~", "a.toml.bak", "a.conf", "toml"}) {
    write(name, "broken");
  }
  fs::create_symlink("nowhere", dir_ / "config.d/gone.toml");
  EXPECT_EQ(error(), "");
  fs::remove_all(dir_ / "config.d");
  dir_.write("config.d", "no folder");
  EXPECT_EQ(error(), "");
}

TEST_F(DropIns, AreTrustedAsTheMainFileIs) {
  const std::string open = write("a.toml", "", 0666);
  EXPECT_THAT(error(), HasSubstr("refusing " + open + ": it can be written by group or others"));
  fs::remove(open);
  ::chmod((dir_ / "config.d").c_str(), 0777);
  EXPECT_THAT(error(), HasSubstr("refusing " + (dir_ / "config.d") +
                                 ": it can be written by group or others"));
  ::chmod((dir_ / "config.d").c_str(), 01777);
  EXPECT_THAT(error(), HasSubstr("refusing " + (dir_ / "config.d")));
}

TEST_F(DropIns, AreNamedInErrors) {
  const std::string drop_in = write("a.toml", "\n[policy]\nprofil = \"multi-tenant\"\n");
  EXPECT_EQ(error(), drop_in + ":3: unknown key 'profil' in [policy]; did you mean 'profile'?");
  write("a.toml", "[policy\n");
  EXPECT_THAT(error(), StartsWith(drop_in + ":1: "));
  fs::remove(drop_in);
  fs::create_directory(drop_in);
  EXPECT_EQ(error(), drop_in + " is a folder, not a regular file");
}

TEST_F(DropIns, AreCheckedTogether) {
  dir_.write("config.toml", "[request]\ndefault-request = \"auto\"\n");
  EXPECT_EQ(error(), "");
  const std::string drop_in = write("a.toml", "[policy]\nprofile = \"multi-tenant\"\n");
  EXPECT_EQ(error(), file() +
                         ":2: key 'default-request' in [request] must be none: the multi-tenant "
                         "profile (" +
                         drop_in + ":2) refuses auto");
}

class Salvage : public ::testing::Test {
 protected:
  // What `what` says of the configuration that is salvaged.
  std::string of(const std::function<std::string(const Config&)>& what) {
    return in_child([&] {
      ::setenv("XDG_CONFIG_HOME", dir_.path().c_str(), 1);
      return what(salvage_config());
    });
  }
  std::string all() {
    return of([](const Config& config) {
      std::string out;
      for (const ShownKey& key : shown_keys(config)) {
        out += cat(key.section, '.', key.name, '=', key.toml, '\n');
      }
      return out;
    });
  }
  void write(const std::string& name, const std::string& text) {
    dir_.write("xpu-container-runtime/" + name, text);
  }

  TempDir dir_;
};

TEST_F(Salvage, KeepsWhatIsValidInAFileWithMistakes) {
  write("config.toml",
        "[xpu-container-runtime]\nlog-levle = \"debug\"\nmode = 7\nruntimes = [\"crun\"]\n"
        "preferred-vendor = 7\ndisable-require = 7\n"
        "[state]\ndirectory = \"/run/elsewhere\"\n"
        "[policy]\nprofile = \"multi-tenant\"\nslurm = 1\nannotations = \"never\"\n"
        "[cost]\naccounting = false\n"
        "[backends]\ntimeout-seconds = \"soon\"\n[backends.acme]\nenabled = true\n"
        "[nonsense]\n");
  const std::string text = all();
  for (const char* kept :
       {"runtimes=[\"crun\"]", "mode=\"auto\"", "preferred-vendor=\"any\"", "disable-require=false",
        "state.directory=\"/run/elsewhere\"", "profile=\"multi-tenant\"", "slurm=\n",
        "annotations=\"never\"", "accounting=false", "timeout-seconds=60"}) {
    EXPECT_THAT(text, HasSubstr(kept));
  }
  EXPECT_EQ(text.find("backends.acme"), text.npos);
}

TEST_F(Salvage, LeavesAContainerAloneThatAsksForNothing) {
  write("config.toml", "[request]\ndefault-request = \"auto\"\n[nonsense]\n");
  EXPECT_THAT(all(), HasSubstr("default-request=\"none\""));
}

// Who sets a variable whose alias has a mistake has asked all the same.
TEST_F(Salvage, KeepsAliasesWithMistakesAsVariablesThatAsk) {
  write("config.toml",
        "[aliases]\nGOOD = \"XPU_COUNT\"\nBAD = \"XPU_CUONT\"\n\"no name\" = \"XPU_COUNT\"\n");
  const std::string text = all();
  EXPECT_THAT(text, HasSubstr("aliases.GOOD=\"XPU_COUNT\"\n"));
  EXPECT_THAT(text, HasSubstr("aliases.BAD=\"XPU_VISIBLE_DEVICES\"\n"));
  EXPECT_EQ(text.find("no name"), text.npos);
}

TEST_F(Salvage, TakesEachFileByItself) {
  const std::string defaults = all();
  write("config.toml", "[xpu-container-runtime\n");
  EXPECT_EQ(all(), defaults);
  write("config.d/a.toml", "[state]\ndirectory = \"/run/a\"\n");
  write("config.d/b.toml", "[state\n");
  EXPECT_THAT(all(), HasSubstr("state.directory=\"/run/a\""));
  write("config.toml", "[xpu-container-runtime]\nruntimes = [\"crun\"]\n");
  ::chmod((dir_ / "xpu-container-runtime/config.d").c_str(), 0777);
  const std::string text = all();
  EXPECT_THAT(text, HasSubstr("runtimes=[\"crun\"]"));
  EXPECT_EQ(text.find("/run/a"), text.npos);
}

}  // namespace
}  // namespace xpu
