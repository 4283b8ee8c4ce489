// SPDX-License-Identifier: Apache-2.0
// What depends on the image, and what is generated for a container.
#include <gmock/gmock.h>

#include "core/plan/draft.h"
#include "tests/unit/plan/fixture.h"

namespace xpu {
namespace {

using test::link;
using test::PlanTest;
using test::put;
using test::slurp;
using test::Texts;
using testing::ElementsAre;
using testing::IsEmpty;
namespace fs = std::filesystem;

const std::string kLib = "/usr/lib/x86_64-linux-gnu";

class ForSomeImages : public PlanTest {
 protected:
  // A variable for images that lack all of `names`, and whether this image gets it.
  bool given(const std::string& names) {
    edits_.env.clear();
    add(edits_.env, {"ACME", "1", false}, "backend acme", names);
    make();
    EXPECT_EQ(plan_.env.empty(), !plan_.notes.empty());
    return !plan_.env.empty();
  }
};

TEST_F(ForSomeImages, ALibraryIsLookedForAsTheLoaderDoes) {
  debian();
  put(root() / "opt/acme/lib/libnamed.so.1", "x");
  put_cache(
      {{"libnamed.so.1", "/opt/acme/lib/libnamed.so.1"}, {"libgone.so.1", "/opt/libgone.so.1"}});
  put(root() / (kLib + "/libdefault.so.3").substr(1), "x");
  put(root() / "srv/lib/libpath.so.2", "x");
  link(root() / "usr/lib/libdangling.so.1", "nowhere");
  put(root() / "opt/elsewhere/libelsewhere.so.1", "x");
  load("", R"(,"process":{"env":["LD_LIBRARY_PATH=relative:/srv/lib"]})");
  EXPECT_FALSE(given("libnamed.so.1"));
  EXPECT_THAT(plan_.notes, ElementsAre("the image has /opt/acme/lib/libnamed.so.1, so that the "
                                       "host's are left out: ACME"));
  EXPECT_FALSE(given("libother.so.1,libdefault.so.*"));
  EXPECT_FALSE(given("libpath.so.2"));
  EXPECT_FALSE(given("lib*th.so*"));
  EXPECT_TRUE(given("libgone.so.1")) << "only the cache names it";
  EXPECT_TRUE(given("libdangling.so.1"));
  EXPECT_TRUE(given("libelsewhere.so.1")) << "the loader does not look there";
  EXPECT_TRUE(given("libnamed.so"));
}

TEST_F(ForSomeImages, FoldersOfTheSearchPathAreLookedAtOnce) {
  debian();
  fs::create_directories(root() / "srv/lib");
  link(root() / "srv/again", "lib");
  link(root() / "srv/loop", "loop");
  put(root() / "srv/file");
  load();
  EXPECT_THAT(search_folders(*view_,
                             "/srv/loop:/srv/none:/srv/again:/srv/lib;relative:/srv/lib/.:"
                             "/srv/file"),
              ElementsAre("/srv/again"));
}

TEST_F(ForSomeImages, ALibraryOfAnotherArchitectureInTheCacheDoesNotCount) {
  debian();
  put(root() / "opt/lib32/libacme.so.1", "x");
  LdCache cache;
  cache.entries.push_back({0x0003, "libacme.so.1", "/opt/lib32/libacme.so.1", 0, 0});
  put(root() / "etc/ld.so.cache", serialize_ld_cache(cache));
  EXPECT_TRUE(given("libacme.so.1"));
}

// A start leaves empty files behind where it mounted something: the next one finds the image as the
// first did.
TEST_F(ForSomeImages, WhatAnEarlierStartLeftDoesNotCount) {
  debian();
  put(root() / (kLib + "/libacme.so.1").substr(1));
  put(root() / "usr/bin/acme-tool");
  put_cache({{"libacme.so.1", kLib + "/libacme.so.1"}});
  EXPECT_TRUE(given("libacme.so.1"));
  EXPECT_TRUE(given("/usr/bin/acme-tool"));
}

TEST_F(ForSomeImages, APathMayHaveStars) {
  put(root() / "opt/acme-6.1/lib/libacme.so.1", "x");
  link(root() / "opt/acme", "acme-6.1");
  link(root() / "opt/acme-loop", "acme-loop");
  put(host() / "volume/tool-2/bin/acme", "x");
  load(bind("/srv", host() / "volume"));
  EXPECT_FALSE(given("/opt/acme"));
  EXPECT_FALSE(given("/opt/acme/lib/libacme.so.1"));
  EXPECT_FALSE(given("/opt/acme-*/lib/libacme.so.*"));
  EXPECT_THAT(plan_.notes, ElementsAre("the image has /opt/acme-6.1/lib/libacme.so.1, so that the "
                                       "host's are left out: ACME"));
  EXPECT_FALSE(given("/srv/tool-*/bin/acme")) << "in a volume";
  EXPECT_FALSE(given("/*/acme-6.1"));
  EXPECT_TRUE(given("/opt/acme-*/lib64/libacme.so.*"));
  EXPECT_TRUE(given("/opt/acme-*/lib/libacme.so.1/x"));
  EXPECT_TRUE(given("/opt/a*b"));
  EXPECT_TRUE(given("/opt/acme-loop"));
  EXPECT_TRUE(given("/op*/acme-6.1/libacme.so.1"));
}

TEST_F(ForSomeImages, EveryKindOfEditIsLeftOut) {
  debian();
  put(root() / "opt/acme", "x");
  for (const char* soname : {"liba.so.1", "libb.so.1", "libc.so.1", "libd.so.1"}) {
    add_library(soname);
    edits_.files.back().image_lacks = "/opt/acme";
  }
  add(edits_.links, {"/etc/acme/x", "y"}, "backend acme", "/opt/acme");
  add(edits_.texts, {"/etc/acme.conf", "a", false}, "backend acme", "/opt/acme");
  add(edits_.image_folders, {"/opt/compat", "libacme.so", "1"}, "backend acme", "/opt/acme");
  add(edits_.notes, {true, "the host's are used"}, "backend acme", "/opt/acme");
  add(edits_.env, {"KEPT", "1", false}, "backend acme", "/opt/other");
  add_node();
  make();
  EXPECT_THAT(destinations(), IsEmpty());
  EXPECT_THAT(plan_.warnings, IsEmpty());
  EXPECT_EQ(plan_.env.size(), 1U);
  EXPECT_EQ(plan_.devices.size(), 1U);
  EXPECT_THAT(plan_.notes, ElementsAre("the image has /opt/acme, so that the host's are left out: "
                                       "liba.so.1, libb.so.1, libc.so.1, libd.so.1 and 3 more"));
}

class Generated : public PlanTest {
 protected:
  void add_text(const std::string& path, const std::string& content) {
    add(edits_.texts, {path, content, false}, "feature channels 7");
  }
};

TEST_F(Generated, FileIsMountedFromTheStateFolder) {
  add_text("/etc/acme/ids", "0,1\n");
  make();
  ASSERT_EQ(plan_.mounts.size(), 1U);
  const PlannedMount& mount = plan_.mounts[0];
  EXPECT_EQ(mount.destination, "/etc/acme/ids");
  EXPECT_EQ(mount.options, (Texts{"bind", "ro", "nosuid", "nodev", "noexec", "rprivate"}));
  EXPECT_EQ(mount.why, "feature channels 7");
  prepare();
  EXPECT_EQ(slurp(mount.source), "0,1\n");
  EXPECT_EQ(mount.source.substr(0, state().string().size() + 6), state().string() + "/text-");
}

TEST_F(Generated, FileIsLeftOutWhereAVolumeCoversItsPlace) {
  fs::create_directories(host() / "volume");
  load(bind("/etc/acme", host() / "volume"));
  add_text("/etc/acme/ids", "0,1\n");
  make();
  EXPECT_THAT(plan_.mounts, IsEmpty());
  EXPECT_THAT(plan_.state, IsEmpty());
  EXPECT_THAT(plan_.warnings, ElementsAre(cat("/etc/acme/ids is left out: the volume ",
                                              (host() / "volume").string(),
                                              " at /etc/acme covers it and has no such file")));
}

TEST_F(Generated, NotesAreNotesOrWarnings) {
  add(edits_.notes, {true, "acme:0 is slow"}, "device acme:0");
  add(edits_.notes, {false, "a detail"}, "backend acme");
  make();
  EXPECT_THAT(plan_.warnings, ElementsAre("acme:0 is slow"));
  EXPECT_THAT(plan_.notes, ElementsAre("a detail"));
}

class ImageFolders : public PlanTest {
 protected:
  static constexpr const char* kCompat = "/usr/local/acme/compat";

  // A driver 535.1 on the host, and a library of `version` in the image's folder.
  void image_with(const std::string& version) {
    debian();
    put(root() / "usr/local/acme-12/compat" / ("libacme.so." + version), "the image's");
    link(root() / "usr/local/acme-12/compat/libacme.so.1", "libacme.so." + version);
    link(root() / "usr/local/acme", "acme-12");
    add_library("libacme.so.1", "", {"libacme.so"});
    add(edits_.image_folders, {kCompat, "libacme.so", "535.1"}, "capability compute");
  }
  Texts cache() {
    const PlannedRootfsWrite* write = write_at("/etc/ld.so.cache");
    return write == nullptr ? Texts() : listing(write->content);
  }
};

TEST_F(ImageFolders, NewerLibrariesComeFirstInTheCache) {
  image_with("550.54.14");
  put(root() / "usr/local/acme-12/compat/libextra.so.4");
  put(root() / "usr/local/acme-12/compat/libextra.so");
  put(root() / "usr/local/acme-12/compat/notes.txt");
  put_cache({{"libz.so.1", kLib + "/libz.so.1"}, {"libacme.so.1", kLib + "/libacme.so.1"}});
  make();
  EXPECT_THAT(cache(),
              testing::UnorderedElementsAre(cat("libacme.so.1 => ", kCompat, "/libacme.so.1"),
                                            cat("libacme.so => ", kCompat, "/libacme.so.1"),
                                            cat("libextra.so.4 => ", kCompat, "/libextra.so.4"),
                                            "libz.so.1 => " + kLib + "/libz.so.1"));
  EXPECT_THAT(destinations(), ElementsAre(kLib + "/libacme.so.1")) << "ours is there all the same";
  EXPECT_THAT(plan_.warnings, IsEmpty());
  EXPECT_THAT(plan_.notes,
              ElementsAre(cat("the image's ", kCompat,
                              "/libacme.so.550.54.14 is newer than the host's 535.1; from that "
                              "folder come libacme.so.1, libextra.so.4")));
}

TEST_F(ImageFolders, OthersAreNotUsed) {
  for (const char* version : {"535.200", "470.1", "x"}) {
    fs::remove_all(root());
    fs::create_directories(root() / "etc");
    edits_ = Edits();
    view_.reset();
    image_with(version);
    make();
    EXPECT_THAT(cache(), testing::UnorderedElementsAre("libacme.so.1 => " + kLib + "/libacme.so.1",
                                                       "libacme.so => " + kLib + "/libacme.so"))
        << version;
    EXPECT_THAT(plan_.notes, IsEmpty()) << version;
  }
}

TEST_F(ImageFolders, LinksDoNotLeadOutOfTheImage) {
  image_with("550.1");
  const fs::path compat = root() / "usr/local/acme-12/compat";
  fs::remove(compat / "libacme.so.550.1");
  put(host() / "secret/libacme.so.550.1");
  link(compat / "libacme.so.550.1", host() / "secret/libacme.so.550.1");
  make();
  EXPECT_THAT(plan_.notes, IsEmpty());
  EXPECT_EQ(cache()[0], "libacme.so.1 => " + kLib + "/libacme.so.1");
}

TEST_F(ImageFolders, LinksThatLeadInCirclesCountForNothing) {
  image_with("550.1");
  const fs::path compat = root() / "usr/local/acme-12/compat";
  fs::remove(compat / "libacme.so.550.1");
  link(compat / "libacme.so.550.1", "libacme.so.550.1");
  make();
  EXPECT_THAT(destinations(), ElementsAre(kLib + "/libacme.so.1"));
  fs::remove_all(compat);
  link(compat, "compat");
  make();
  EXPECT_THAT(destinations(), ElementsAre(kLib + "/libacme.so.1"));
  EXPECT_THAT(plan_.notes, IsEmpty());
}

TEST_F(ImageFolders, KeepOnlyWhatTheyHave) {
  image_with("550.1");
  // The image's folder is the loader's own as well, and lacks one of the driver's libraries.
  put(root() / (kLib + "/libacme.so.550.1").substr(1));
  put(root() / (kLib + "/libacme.so.1").substr(1), "the image's");
  fs::remove(root() / "usr/local/acme");
  link(root() / "usr/local/acme/compat", kLib);
  add_library("libother.so.1");
  make();
  EXPECT_THAT(destinations(), ElementsAre(kLib + "/libother.so.1"));
}

TEST_F(ImageFolders, TheirCopiesAreNotCovered) {
  image_with("550.1");
  put_cache({{"libacme.so.1", "/usr/local/acme-12/compat/libacme.so.1"}});
  put(root() / "srv/libacme.so.1");
  link(root() / (kLib + "/libacme.so.1").substr(1), "/usr/local/acme/compat/libacme.so.1");
  load("", cat(R"(,"process":{"env":["LD_LIBRARY_PATH=)", kCompat, R"(:/srv"]})"));
  make();
  EXPECT_THAT(destinations(), ElementsAre("/srv/libacme.so.1"));
  EXPECT_THAT(plan_.warnings, IsEmpty());
}

TEST_F(ImageFolders, WithoutACacheAWarning) {
  image_with("550.1");
  fs::create_directories(host() / "volume");
  load(bind("/etc", host() / "volume"));
  make();
  EXPECT_THAT(plan_.notes, IsEmpty());
  const std::string problem =
      cat("the volume ", (host() / "volume").string(), " at /etc covers it and has no such file");
  EXPECT_THAT(
      plan_.warnings,
      ElementsAre("ldconfig -p in the container does not list the driver libraries: " + problem,
                  cat("the image's ", kCompat,
                      "/libacme.so.550.1, newer than the host's "
                      "535.1, is not used: ",
                      problem)));
}

TEST_F(ImageFolders, MatterToGlibcOnly) {
  image_with("550.1");
  fs::remove(root() / "usr/lib64/ld-linux-x86-64.so.2");
  put(root() / "usr/lib/ld-musl-x86_64.so.1");
  make();
  EXPECT_THAT(plan_.notes,
              ElementsAre("the container's C library is musl: glibc drivers do not load"));
  EXPECT_EQ(write_at("/etc/ld.so.cache"), nullptr);
}

}  // namespace
}  // namespace xpu
