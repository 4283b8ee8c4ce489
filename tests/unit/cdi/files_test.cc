// SPDX-License-Identifier: Apache-2.0
#include "core/cdi/files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "core/base/error.h"
#include "core/cdi/index.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu::cdi {
namespace {

using test::error_of;
using test::TempDir;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string spec_of(const std::string& device, const std::string& value = "x",
                    const std::string& kind = "acme.com/anvil") {
  return R"({"cdiVersion":"0.6.0","kind":")" + kind + R"(","devices":[{"name":")" + device +
         R"(","containerEdits":{"env":["ANVIL=)" + value + R"("]}}]})";
}

class CdiFiles : public testing::Test {
 protected:
  CdiFiles() {
    std::filesystem::create_directories(etc_);
    std::filesystem::create_directories(run_);
  }

  // What was written a while ago, so that an index of it may be kept.
  static void settle() { std::this_thread::sleep_for(std::chrono::milliseconds(50)); }

  Files files(bool allow_untrusted = false) const {
    return {{{etc_, run_}, allow_untrusted}, dir_ / "state"};
  }
  static std::vector<std::string> states(const Files& all) {
    std::vector<std::string> out;
    for (const Definition& one : all.definitions()) {
      const char* const names[] = {"used", "hidden", "conflict"};
      out.push_back(one.device.substr(one.device.find('=') + 1) + " " +
                    names[static_cast<std::size_t>(one.state)]);
    }
    return out;
  }
  std::string where(const std::string& device) const {
    const Files all = files();
    return all.find({"acme.com/anvil", device}).path;
  }
  std::string index() const { return dir_ / "state/catalog/cdi-files.json"; }

  TempDir dir_;
  std::string etc_ = dir_ / "etc", run_ = dir_ / "run";
};

TEST_F(CdiFiles, FindsDevicesInJsonAndYaml) {
  dir_.write("etc/a.json", spec_of("one"));
  dir_.write("etc/b.yaml",
             "cdiVersion: 0.3.0\nkind: acme.com/anvil\ndevices:\n- name: two\n"
             "  containerEdits: {env: [A=b]}\n");
  dir_.write("etc/c.yml", spec_of("three"));
  dir_.write("etc/d.json.bak", spec_of("four"));
  dir_.write("etc/sub/e.json", spec_of("five"));
  EXPECT_EQ(where("one"), etc_ + "/a.json");
  EXPECT_EQ(where("two"), etc_ + "/b.yaml");
  const Files all = files();
  EXPECT_EQ(all.files().size(), 2U);
  EXPECT_EQ(all.find_if_there({"acme.com/anvil", "three"}), nullptr);
  EXPECT_EQ(error_of([&] {
              all.find({"acme.com/anvil", "three"});
            }),
            "no CDI file in " + etc_ + " and " + run_ +
                " defines acme.com/anvil=three; of acme.com/anvil there are one, two");
  EXPECT_EQ(error_of([&] {
              all.find({"acme.com/hammer", "1"});
            }),
            "no CDI file in " + etc_ + " and " + run_ + " defines acme.com/hammer=1");
}

TEST_F(CdiFiles, ListsNotTooMany) {
  std::string devices;
  for (int i = 0; i < 12; ++i) {
    devices += std::string(i == 0 ? "" : ",") + R"({"name":"d)" + std::to_string(i) +
               R"(","containerEdits":{"env":["A=b"]}})";
  }
  dir_.write("etc/a.json",
             R"({"cdiVersion":"0.6.0","kind":"acme.com/anvil","devices":[)" + devices + "]}");
  EXPECT_THAT(error_of([&] { where("x"); }),
              HasSubstr("there are d0, d1, d2, d3, d4, d5, d6, d7 and 4 more"));
}

TEST_F(CdiFiles, ALaterFolderGoesBeforeAnEarlierOne) {
  dir_.write("etc/a.json", spec_of("one", "etc"));
  dir_.write("run/z.json", spec_of("one", "run"));
  const Files all = files();
  const File& file = all.find({"acme.com/anvil", "one"});
  EXPECT_EQ(file.path, run_ + "/z.json");
  EXPECT_THAT(all.read(file).devices[0].edits.env, ElementsAre("ANVIL=run"));
  EXPECT_THAT(states(all), ElementsAre("one hidden", "one used"));
}

TEST_F(CdiFiles, TwoOfOneFolderAreAnErrorThatNamesBoth) {
  dir_.write("run/a.json", spec_of("one"));
  dir_.write("run/b.json", spec_of("one"));
  dir_.write("run/c.json", spec_of("two"));
  const Files all = files();
  EXPECT_EQ(error_of([&] {
              all.find({"acme.com/anvil", "one"});
            }),
            "the CDI device acme.com/anvil=one is defined twice, in " + run_ + "/a.json and in " +
                run_ + "/b.json; remove one of the two");
  EXPECT_EQ(all.find({"acme.com/anvil", "two"}).path, run_ + "/c.json");
  EXPECT_THAT(states(all), ElementsAre("one conflict", "one conflict", "two used"));
}

TEST_F(CdiFiles, ABadFileHidesNoGoodOne) {
  dir_.write("etc/a.json", "{");
  dir_.write("etc/b.json", spec_of("one"));
  EXPECT_EQ(where("one"), etc_ + "/b.json");
  EXPECT_THAT(error_of([&] { where("two"); }),
              HasSubstr("; of acme.com/anvil there are one; " + etc_ + "/a.json: "));
}

TEST_F(CdiFiles, BelievesOnlyWhatRootCouldWrite) {
  const std::string path = dir_.write("etc/a.json", spec_of("one"), 0666);
  EXPECT_THAT(error_of([&] { where("one"); }),
              HasSubstr("; refusing " + path + ": it can be written by"));
  EXPECT_EQ(files(true).find({"acme.com/anvil", "one"}).path, path);
  ::chmod(path.c_str(), 0644);
  EXPECT_EQ(where("one"), path);
  ::chmod(etc_.c_str(), 0777);
  EXPECT_THAT(error_of([&] { where("one"); }),
              HasSubstr("; refusing " + etc_ + ": it can be written by"));
  ::chmod(etc_.c_str(), 0755);
  EXPECT_EQ(where("one"), path);
}

TEST_F(CdiFiles, KeepsAnIndexThatNoticesEveryChange) {
  dir_.write("etc/a.json", spec_of("one"));
  dir_.write("etc/b.json", spec_of("two"));
  settle();
  EXPECT_EQ(where("one"), etc_ + "/a.json");
  ASSERT_TRUE(std::filesystem::exists(index()));
  const std::string kept = test::slurp(index());
  EXPECT_EQ(where("two"), etc_ + "/b.json");
  EXPECT_EQ(test::slurp(index()), kept);
  // Its content counts, not the files': one that it does not name is not looked for.
  std::string changed = kept;
  changed.replace(changed.find("\"two\""), 5, "\"six\"");
  dir_.write("state/catalog/cdi-files.json", changed, 0600);
  EXPECT_EQ(where("six"), etc_ + "/b.json");

  settle();
  dir_.write("etc/b.json", spec_of("nine"));
  EXPECT_EQ(where("nine"), etc_ + "/b.json");
  dir_.write("run/c.json", spec_of("nine"));
  EXPECT_EQ(where("nine"), run_ + "/c.json");
  std::filesystem::remove(run_ + "/c.json");
  EXPECT_EQ(where("nine"), etc_ + "/b.json");
  std::filesystem::remove_all(etc_);
  EXPECT_THAT(error_of([&] { where("nine"); }), StartsWith("no CDI file in "));
}

TEST_F(CdiFiles, KeepsNoIndexOfWhatMayStillChange) {
  dir_.write("etc/a.json", spec_of("one"));
  EXPECT_EQ(where("one"), etc_ + "/a.json");
  EXPECT_FALSE(std::filesystem::exists(index()));
}

TEST_F(CdiFiles, BelievesNoIndexOfOtherFoldersOrRules) {
  dir_.write("etc/a.json", spec_of("one"));
  settle();
  where("one");
  const std::string kept = test::slurp(index());
  const Files other({{etc_}, false}, dir_ / "state");
  EXPECT_EQ(other.files().size(), 1U);
  EXPECT_NE(test::slurp(index()), kept);
  for (const char* const broken : {"", "{", "[]", "{\"key\":1}", "{\"key\":\"\"}"}) {
    dir_.write("state/catalog/cdi-files.json", broken, 0600);
    EXPECT_EQ(where("one"), etc_ + "/a.json") << broken;
  }
}

TEST_F(CdiFiles, NeedsNoState) {
  dir_.write("etc/a.json", spec_of("one"));
  const Files all({{etc_}, false}, "");
  EXPECT_EQ(all.files().size(), 1U);
  dir_.write("state", "a file where the folder should be");
  EXPECT_EQ(where("one"), etc_ + "/a.json");
}

TEST_F(CdiFiles, ReadsEitherTheOldOrTheNewFile) {
  dir_.write("etc/a.json", spec_of("one", std::string(2000, 'a')));
  std::thread writer([&] {
    for (int i = 0; i < 300; ++i) {
      const std::string text(2000, i % 2 == 0 ? 'b' : 'a');
      std::filesystem::rename(dir_.write("etc/next", spec_of("one", text)), etc_ + "/a.json");
    }
  });
  for (int i = 0; i < 300; ++i) {
    const Spec spec = read_spec_file(etc_ + "/a.json", false).first;
    const std::string& env = spec.devices[0].edits.env[0];
    EXPECT_EQ(env.find_first_not_of(env[6], 6), std::string::npos);
  }
  writer.join();
}

TEST_F(CdiFiles, TakesNeitherHugeFilesNorWhatIsNoFile) {
  dir_.write("etc/huge.json", std::string(5U << 20, ' '));
  std::filesystem::create_directories(etc_ + "/folder.json");
  ASSERT_EQ(::mkfifo((etc_ + "/fifo.yaml").c_str(), 0600), 0);
  std::filesystem::create_symlink("nowhere", etc_ + "/dangling.json");
  dir_.write("etc/z.json", spec_of("one"));
  const Files all = files();
  EXPECT_EQ(all.find({"acme.com/anvil", "one"}).path, etc_ + "/z.json");
  const std::string error = error_of([&] { all.find({"acme.com/anvil", "two"}); });
  for (const char* const name : {"/huge.json", "/folder.json", "/fifo.yaml", "/dangling.json"}) {
    EXPECT_THAT(error, HasSubstr(etc_ + name));
  }
}

TEST_F(CdiFiles, ChecksWhoCouldWriteHooks) {
  const std::string good = dir_.write("bin/good", "#!/bin/sh\n", 0755);
  const std::string bad = dir_.write("bin/bad", "#!/bin/sh\n", 0777);
  Edits edits;
  edits.hooks = {{"createContainer", good, {}, {}, {}}};
  EXPECT_EQ(error_of([&] { check_hooks(edits, "/etc/cdi/a.json"); }), "");
  edits.hooks.push_back({"poststop", bad, {}, {}, {}});
  EXPECT_THAT(error_of([&] { check_hooks(edits, "/etc/cdi/a.json"); }),
              StartsWith("/etc/cdi/a.json: the hook poststop cannot be run: refusing " + bad +
                         ": it can be written by"));
  edits.hooks[1].path = dir_ / "bin/none";
  EXPECT_EQ(error_of([&] { check_hooks(edits, "/etc/cdi/a.json"); }),
            "/etc/cdi/a.json: the hook poststop cannot be run: " + (dir_ / "bin/none") +
                " does not exist");
}

}  // namespace
}  // namespace xpu::cdi
