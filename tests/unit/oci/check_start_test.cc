// SPDX-License-Identifier: Apache-2.0
// A bundle is judged as the start would leave it, and named by what it was before.
#include <filesystem>

#include "core/oci/text.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/oci/check_sample.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;
using test::lines;
using test::TempDir;
using test::with;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class CheckStart : public testing::Test {
 protected:
  CheckStart() {
    fs::create_directories(dir_ / "rootfs/bin");
    dir_.write("rootfs/bin/true", "#!/bin/sh\n", 0755);
  }
  // In place of `old`, which is there once.
  void edit(const std::string& old, const std::string& text) {
    edit_.splices.push_back({edit_.before.find(old), old.size(), text});
  }
  std::vector<std::string> found(Taker taker = Taker::kRunc) {
    return lines(check_bundle(dir_ / ".", edit_, taker));
  }

  TempDir dir_;
  StartEdit edit_{with({}), {}, "", {}};
};

TEST_F(CheckStart, WithoutAnEditItIsTheBundle) {
  EXPECT_THAT(found(), IsEmpty());
  edit_.before = with({{"/process/args/0", "\"/bin/gone\""}});
  EXPECT_THAT(found(), ElementsAre("error process.args[0]: \"/bin/gone\" is not in the root file "
                                   "system"));
}

TEST_F(CheckStart, ProgramsThatItBringsAreThere) {
  edit_.before = with({{"/process/args/0", "\"tool\""}});
  edit("{\"destination\":\"/proc\"",
       R"({"destination": "/bin/tool", "source": "/bin/sh", "options": ["bind"]},)"
       "{\"destination\":\"/proc\"");
  EXPECT_THAT(found(), IsEmpty());
  edit_.splices.clear();
  edit_.written = {"/bin/tool"};
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(CheckStart, HooksThatItTakesOutAreNotLookedFor) {
  edit_.before = with({{"/hooks", R"({"prestart": [{"path": "/gone/a"}, {"path": "/gone/b"},
                                                   {"path": "/gone/c"}, {"path": "/bin/sh"}]})"}});
  edit(R"({"path":"/gone/a"},)", "");
  EXPECT_THAT(found(), ElementsAre("error hooks.prestart[1].path: \"/gone/b\" does not exist on "
                                   "this host",
                                   "error hooks.prestart[2].path: \"/gone/c\" does not exist on "
                                   "this host"));
  edit(R"(,{"path":"/gone/c"})", "");
  EXPECT_THAT(found(), ElementsAre(StartsWith("error hooks.prestart[1].path: \"/gone/b\"")));
  edit(R"({"path":"/gone/b"})", R"({"path":"/bin/sh"})");
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(CheckStart, PlacesAreThoseOfTheTextBefore) {
  edit_.before = with({{"/process/env", R"(["PATH=/bin", "X=1", "X=2", "BAD"])"}});
  edit(R"(,"X=2")", "");
  edit(R"("X=1")", R"("X=9")");
  EXPECT_THAT(found(), ElementsAre("error process.env[3]: \"BAD\" is not of the form NAME=value"));
}

TEST_F(CheckStart, OfWhatItAddsOnlyErrorsAreNamed) {
  edit("\"size=65536k\"]}",
       R"("size=65536k"]},{"destination": "mnt", "source": "/gone/lib", "options": ["bind"]})");
  EXPECT_THAT(found(), ElementsAre("error mounts[2].source: \"/gone/lib\" does not exist on this "
                                   "host (the start itself adds it)"));
  edit_.coming = "/gone";
  EXPECT_THAT(found(), IsEmpty());
  edit("\"linux\":{", R"("hooks": {"prestart": [{"path": "/nothing"}]}, "linux":{)");
  EXPECT_THAT(found(), ElementsAre("error hooks.prestart[0].path: \"/nothing\" does not exist on "
                                   "this host (the start itself adds it)"));
}

// By what is read, not by what it takes: 20,000 of each are judged by as many steps, not by their
// square, which would be hundreds of millions of looks at the file system.
TEST_F(CheckStart, ManyOfEverything) {
  constexpr int kMany = 20000;
  std::string path = "PATH=", mounts, settings;
  for (int i = 0; i < kMany; ++i) {
    path += cat("/no/folder/", i, ':');
    mounts += cat(R"(,{"destination":"/m/)", i, R"(","source":"/etc","options":["bind"]})");
    settings += cat(i == 0 ? "" : ",", R"("net.nothing.x)", i, R"(":"1")");
  }
  edit_.before =
      with({{"/process/env/0", cat('"', path, "/bin\"").c_str()},
            {"/process/args/0", "\"true\""},
            {"/linux/sysctl", cat('{', settings, '}').c_str()},
            {"/linux/namespaces/3", R"({"type": "network", "path": "/proc/self/ns/mnt"})"}});
  edit_.before.insert(edit_.before.find("],\"linux\""), mounts);
  EXPECT_THAT(found(), IsEmpty());
}

}  // namespace
}  // namespace xpu
