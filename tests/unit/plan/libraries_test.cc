// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/plan/fixture.h"

namespace xpu {
namespace {

using test::link;
using test::PlanTest;
using test::put;
using test::slurp;
using test::Texts;
namespace fs = std::filesystem;

const std::string kLib = "/usr/lib/x86_64-linux-gnu";
const Texts kOptions = {"bind", "ro", "nosuid", "nodev", "rprivate"};

class Library : public PlanTest {};

TEST_F(Library, GlibcIsAMountUnderTheSonameAndACacheEntry) {
  debian();
  put_cache({{"libz.so.1", kLib + "/libz.so.1"}});
  add_library("libacme.so.1");
  make();
  ASSERT_EQ(plan_.mounts.size(), 1U);
  EXPECT_EQ(plan_.mounts[0], (PlannedMount{host() / "x86_64/libacme.so.1", kLib + "/libacme.so.1",
                                           "bind", kOptions, "capability compute"}));
  EXPECT_EQ(plan_.library_folder, kLib);
  ASSERT_EQ(plan_.rootfs.size(), 1U);
  EXPECT_EQ(plan_.rootfs[0].kind, PlannedRootfsWrite::Kind::kFile);
  EXPECT_EQ(plan_.rootfs[0].path, "/etc/ld.so.cache");
  EXPECT_EQ(listing(plan_.rootfs[0].content), (Texts{"libz.so.1 => " + kLib + "/libz.so.1",
                                                     "libacme.so.1 => " + kLib + "/libacme.so.1"}));
  EXPECT_TRUE(plan_.warnings.empty());
  EXPECT_TRUE(plan_.state.empty());
  prepare();
  EXPECT_EQ(slurp(root() / "etc/ld.so.cache"), plan_.rootfs[0].content);
}

TEST_F(Library, ASecondStartFindsTheCacheAsItShouldBe) {
  debian();
  put_cache({{"libz.so.1", kLib + "/libz.so.1"}});
  add_library("libacme.so.1", "", {"libacme.so"});
  make();
  prepare();
  load();
  make();
  EXPECT_TRUE(plan_.rootfs.empty());
  EXPECT_EQ(plan_.mounts.size(), 1U);
}

TEST_F(Library, WithoutEtcTheFolderIsMade) {
  debian();
  fs::remove_all(root() / "etc");
  add_library("libacme.so.1");
  make();
  facts_.root_uid = 1234;
  prepare();
  EXPECT_EQ(listing(slurp(root() / "etc/ld.so.cache")),
            Texts{"libacme.so.1 => " + kLib + "/libacme.so.1"});
  struct stat st {};
  ASSERT_EQ(::stat((root() / "etc").c_str(), &st), 0);
  EXPECT_EQ(st.st_uid, 1234U) << "the container's root";
  ASSERT_EQ(::stat((root() / "etc/ld.so.cache").c_str(), &st), 0);
  EXPECT_EQ(st.st_uid, 1234U);
  EXPECT_EQ(st.st_mode & 07777, 0644U);
}

TEST_F(Library, ACacheThatIsALinkIsReplacedNotFollowed) {
  debian();
  put(root() / "var/cache/ld", "kept");
  link(root() / "etc/ld.so.cache", "../var/cache/ld");
  add_library("libacme.so.1");
  make();
  prepare();
  EXPECT_EQ(slurp(root() / "var/cache/ld"), "kept");
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(root() / "etc/ld.so.cache")));
}

TEST_F(Library, HostLinksAreResolved) {
  debian();
  File& file = add_library("libacme.so.1");
  link(host() / "link.so", file.host_path);
  file.host_path = host() / "link.so";
  make();
  EXPECT_EQ(plan_.mounts[0].source, host() / "x86_64/libacme.so.1");
}

TEST_F(Library, BelowTheLoadersFolderHasNoCacheEntry) {
  debian();
  add_library("libacme_vdpau.so.1", "vdpau/libacme_vdpau.so.1", {"libacme_vdpau.so"});
  make();
  EXPECT_EQ(destinations(), Texts{kLib + "/vdpau/libacme_vdpau.so.1"});
  ASSERT_EQ(plan_.rootfs.size(), 1U);
  EXPECT_EQ(plan_.rootfs[0].path, kLib + "/vdpau/libacme_vdpau.so");
  EXPECT_EQ(plan_.rootfs[0].content, "libacme_vdpau.so.1");
  prepare();
  EXPECT_EQ(fs::read_symlink(root() / "usr/lib/x86_64-linux-gnu/vdpau/libacme_vdpau.so"),
            "libacme_vdpau.so.1");
}

TEST_F(Library, Of32BitGoesToThe32BitLoader) {
  debian();
  put(root() / "usr/lib/ld-linux.so.2");
  put(root() / "usr/lib/i386-linux-gnu/libc.so.6");
  add_library("libacme.so.1");
  add_library("libacme.so.1", "", {}, "i386");
  make();
  EXPECT_EQ(destinations(),
            (Texts{kLib + "/libacme.so.1", "/usr/lib/i386-linux-gnu/libacme.so.1"}));
  EXPECT_EQ(listing(write_at("/etc/ld.so.cache")->content),
            (Texts{"libacme.so.1 => " + kLib + "/libacme.so.1",
                   "libacme.so.1 => /usr/lib/i386-linux-gnu/libacme.so.1"}));
  EXPECT_EQ(plan_.library_folder, kLib);
  EXPECT_TRUE(plan_.notes.empty());
}

TEST_F(Library, Of32BitWithoutALoaderIsNoted) {
  debian();
  add_library("libacme.so.1", "", {}, "i686");
  make();
  EXPECT_EQ(plan_.mounts.size(), 1U);
  EXPECT_TRUE(plan_.rootfs.empty());
  EXPECT_EQ(plan_.notes, Texts{"the container has no 32-bit dynamic loader: nothing in it can load "
                               "driver libraries"});
}

TEST_F(Library, OfAnotherMachineIsLeftOut) {
  debian();
  add_library("libacme.so.1", "", {}, "s390x");
  make();
  EXPECT_TRUE(plan_.mounts.empty());
  EXPECT_EQ(plan_.warnings,
            Texts{"the driver library " + (host() / "s390x/libacme.so.1").string() +
                  " is left out: it is for s390x, which nothing in the container can be"});
}

TEST_F(Library, FurtherNamesAreLinksInAWritableRoot) {
  debian();
  add_library("libacme.so.1", "", {"libacme.so", "libacme.so.0"});
  link(root() / "usr/lib/x86_64-linux-gnu/libacme.so.0", "libold.so");
  make();
  ASSERT_EQ(plan_.rootfs.size(), 3U);
  EXPECT_EQ(plan_.rootfs[0].path, kLib + "/libacme.so");
  EXPECT_EQ(plan_.rootfs[0].content, "libacme.so.1");
  EXPECT_EQ(listing(plan_.rootfs[2].content), (Texts{"libacme.so.1 => " + kLib + "/libacme.so.1",
                                                     "libacme.so.0 => " + kLib + "/libacme.so.0",
                                                     "libacme.so => " + kLib + "/libacme.so"}));
  prepare();
  EXPECT_EQ(fs::read_symlink(root() / "usr/lib/x86_64-linux-gnu/libacme.so.0"), "libacme.so.1");
}

TEST_F(Library, FurtherNamesAreMountsWhereTheImageHasAFile) {
  debian();
  put(root() / "usr/lib/x86_64-linux-gnu/libacme.so", "the image's");
  add_library("libacme.so.1", "", {"libacme.so"});
  make();
  EXPECT_EQ(destinations(), (Texts{kLib + "/libacme.so.1", kLib + "/libacme.so"}));
  EXPECT_EQ(plan_.mounts[1].source, host() / "x86_64/libacme.so.1");
}

TEST_F(Library, AFurtherNameThatALibraryHasIsTheLibrary) {
  debian();
  add_library("libacme.so.1", "", {"libacme.so"});
  add_library("libacme.so");
  make();
  EXPECT_EQ(destinations(), (Texts{kLib + "/libacme.so.1", kLib + "/libacme.so"}));
  EXPECT_EQ(plan_.mounts[1].source, host() / "x86_64/libacme.so");
  EXPECT_EQ(plan_.rootfs.size(), 1U) << "the cache, no link";
}

TEST_F(Library, CopiesOfTheImageAreCoveredAndLoseTheirCacheEntries) {
  debian();
  put(root() / "usr/lib/x86_64-linux-gnu/libacme.so.1.9", "the image's");
  link(root() / "usr/lib/x86_64-linux-gnu/libacme.so.1", "libacme.so.1.9");
  put(root() / "usr/lib/libacme.so.1", "the image's");
  put(root() / "opt/libacme.so.1", "the image's");
  put_cache({{"libacme.so.1", "/opt/libacme.so.1"}, {"libz.so.1", kLib + "/libz.so.1"}});
  add_library("libacme.so.1");
  make();
  EXPECT_EQ(destinations(),
            (Texts{kLib + "/libacme.so.1.9", "/usr/lib/libacme.so.1", "/opt/libacme.so.1"}));
  EXPECT_EQ(
      listing(write_at("/etc/ld.so.cache")->content),
      (Texts{"libz.so.1 => " + kLib + "/libz.so.1", "libacme.so.1 => " + kLib + "/libacme.so.1"}));
}

TEST_F(Library, HwcapsCopiesOfTheImageLoseTheirCacheEntries) {
  debian();
  LdCache cache;
  cache.entries = {{0x0303, "libacme.so.1", "/opt/hwcaps/libacme.so.1", 0, 1ULL << 62},
                   {0x0003, "libacme.so.1", "/opt/32/libacme.so.1", 0, 0}};
  cache.hwcaps_names = {"x86-64-v3"};
  put(root() / "etc/ld.so.cache", serialize_ld_cache(cache));
  add_library("libacme.so.1");
  make();
  EXPECT_EQ(
      listing(write_at("/etc/ld.so.cache")->content),
      (Texts{"libacme.so.1 => " + kLib + "/libacme.so.1", "libacme.so.1 => /opt/32/libacme.so.1"}));
}

TEST_F(Library, ACacheThatCannotBeWrittenIsMountedOver) {
  debian();
  put(root() / "usr/lib/x86_64-linux-gnu/libacme.so.1", "the image's");
  put(root() / "opt/libacme.so.1", "the image's");
  put_cache({{"libacme.so.1", "/opt/libacme.so.1"}});
  add_library("libacme.so.1");
  if (!make_read_only()) {
    GTEST_SKIP() << "cannot mount here";
  }
  make();
  EXPECT_TRUE(plan_.rootfs.empty());
  ASSERT_EQ(plan_.state.size(), 1U);
  EXPECT_EQ(listing(plan_.state[0].content), Texts{"libacme.so.1 => " + kLib + "/libacme.so.1"});
  EXPECT_EQ(destinations(),
            (Texts{kLib + "/libacme.so.1", "/opt/libacme.so.1", "/etc/ld.so.cache"}));
  EXPECT_EQ(plan_.mounts[2].source, state() / plan_.state[0].path);
  EXPECT_EQ(plan_.mounts[2].options,
            (Texts{"bind", "ro", "nosuid", "nodev", "noexec", "rprivate"}));
  prepare();
  EXPECT_EQ(slurp(state() / plan_.state[0].path), plan_.state[0].content);
}

TEST_F(Library, AVolumeOverEtcWithACacheIsMountedOver) {
  debian();
  put(scratch_ / "volume/ld.so.cache", "not a cache");
  add_library("libacme.so.1");
  load(bind("/etc", scratch_ / "volume"));
  make();
  EXPECT_EQ(destinations(), (Texts{kLib + "/libacme.so.1", "/etc/ld.so.cache"}));
  EXPECT_TRUE(plan_.rootfs.empty());
}

TEST_F(Library, AVolumeOverEtcWithoutACacheIsWarnedAbout) {
  debian();
  fs::create_directories(scratch_ / "volume");
  add_library("libacme.so.1");
  load(bind("/etc", scratch_ / "volume"));
  make();
  EXPECT_EQ(destinations(), Texts{kLib + "/libacme.so.1"});
  EXPECT_EQ(plan_.warnings,
            Texts{"ldconfig -p in the container does not list the driver libraries: the volume " +
                  (scratch_ / "volume").string() + " at /etc covers it and has no such file"});
}

TEST_F(Library, CopiesThatTheCacheNamesAreCoveredForALaterLdconfig) {
  debian();
  put(root() / "opt/acme/libacme.so.1", "the image's");
  put(root() / "opt/32/libacme.so.1", "of another machine");
  fs::create_directories(scratch_ / "volume");
  add_library("libacme.so.1");
  load(bind("/etc", scratch_ / "volume"));
  facts_.ld_cache.emplace();
  facts_.ld_cache->entries = {{0x0303, "libacme.so.1", "/opt/acme/libacme.so.1", 0, 0},
                              {0x0003, "libacme.so.1", "/opt/32/libacme.so.1", 0, 0},
                              {0x0303, "libacme.so.1", "/opt/none/libacme.so.1", 0, 0},
                              {0x0303, "libacme.so.1", "/lib/x86_64-linux-gnu/libacme.so.1", 0, 0}};
  make();
  EXPECT_EQ(destinations(), (Texts{kLib + "/libacme.so.1", "/opt/acme/libacme.so.1"}));
  EXPECT_EQ(plan_.mounts[1].source, plan_.mounts[0].source);
}

TEST_F(Library, CopiesInTheSearchPathAreCovered) {
  debian();
  put(root() / "opt/a/libacme.so.1", "an old value of the variable");
  put(root() / "opt/b/libacme.so.1", "the image's");
  put(root() / "opt/c/libacme.so.1", "the image's");
  put(root() / "opt/d/other.so", "the image's");
  add_library("libacme.so.1");
  load("", R"(,"process":{"env":["LD_LIBRARY_PATH=/opt/a",
       "LD_LIBRARY_PATH=relative:/opt/b::/opt/d;/opt/c:/opt/none"]})");
  make();
  EXPECT_EQ(destinations(),
            (Texts{kLib + "/libacme.so.1", "/opt/b/libacme.so.1", "/opt/c/libacme.so.1"}));
  edits_.env = {{{"LD_LIBRARY_PATH", "/opt/a"}, "backend acme"}};
  make();
  EXPECT_EQ(destinations(), (Texts{kLib + "/libacme.so.1", "/opt/a/libacme.so.1"}));
  EXPECT_TRUE(plan_.warnings.empty());
}

TEST_F(Library, CopiesOfAnotherMachineAreNoCopies) {
  debian();
  const auto elf = [](char bits, char machine) {
    std::string head(
        "\x7f"
        "ELF",
        4);
    return head + bits + std::string(13, '\0') + machine + std::string(9, '\0');
  };
  put(root() / "opt/32/libacme.so.1", elf(1, 3));
  put(root() / "opt/64/libacme.so.1", elf(2, 62));
  put(add_library("libacme.so.1").host_path, elf(2, 62));
  load("", R"(,"process":{"env":["LD_LIBRARY_PATH=/opt/32:/opt/64"]})");
  make();
  EXPECT_EQ(destinations(), (Texts{kLib + "/libacme.so.1", "/opt/64/libacme.so.1"}));
}

TEST_F(Library, CopiesThatCannotBeCoveredAreWarnedAbout) {
  debian();
  put(root() / "opt/both.so", "the image's");
  link(root() / "opt/liba.so.1", "both.so");
  link(root() / "opt/libb.so.1", "both.so");
  add_library("liba.so.1");
  add_library("libb.so.1");
  load("", R"(,"process":{"env":["LD_LIBRARY_PATH=/opt"]})");
  make();
  EXPECT_EQ(plan_.warnings,
            Texts{"LD_LIBRARY_PATH makes the container load its own /opt/libb.so.1 in place of the "
                  "driver's: another driver file is mounted there"});
}

TEST_F(Library, TheContainersOwnMountIsReplacedWithAWarning) {
  debian();
  put(scratch_ / "mine.so", "the user's");
  const std::string driver = add_library("libacme.so.1").host_path;
  load(bind(kLib + "/libacme.so.1", scratch_ / "mine.so"));
  make();
  EXPECT_EQ(destinations(), Texts{kLib + "/libacme.so.1"});
  EXPECT_EQ(plan_.warnings, Texts{"the container's own mount at " + kLib +
                                  "/libacme.so.1 is replaced by the driver's " + driver});
  load(bind(kLib + "/libacme.so.1", driver));
  make();
  EXPECT_TRUE(plan_.warnings.empty()) << "the same file";
}

TEST_F(Library, AVolumeOverTheFolderThatHasTheFileIsCovered) {
  debian();
  put(scratch_ / "volume/libc.so.6");
  put(scratch_ / "volume/libacme.so.1", "the volume's");
  add_library("libacme.so.1");
  load(bind(kLib, scratch_ / "volume"));
  make();
  EXPECT_EQ(destinations(), Texts{kLib + "/libacme.so.1"});
}

TEST_F(Library, AVolumeOverTheFolderMakesTheLoadersNextFolderTheirs) {
  debian();
  put(scratch_ / "volume/libc.so.6");
  add_library("libacme.so.1", "", {"libacme.so"});
  load(bind(kLib, scratch_ / "volume"));
  make();
  EXPECT_EQ(destinations(), Texts{"/usr/lib/libacme.so.1"});
  EXPECT_EQ(plan_.library_folder, "/usr/lib");
  EXPECT_NE(write_at("/usr/lib/libacme.so"), nullptr);
  prepare();
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch_ / "volume"), {}), 1);
}

TEST_F(Library, VolumesOverAllFoldersMakeAFolderOfOurOwn) {
  put(root() / "lib64/ld-linux-x86-64.so.2");
  put(scratch_ / "volume/libc.so.6");
  put(root() / "etc/ld.so.conf", "/usr/local/lib");
  add_library("libacme.so.1");
  load(bind("/usr/lib64", scratch_ / "volume") + "," + bind("/lib64", scratch_ / "volume"));
  put(scratch_ / "volume/ld-linux-x86-64.so.2");
  load(bind("/usr/lib64", scratch_ / "volume") + "," + bind("/lib64", scratch_ / "volume"));
  make();
  EXPECT_EQ(destinations(), Texts{"/usr/lib/xpu/libacme.so.1"});
  EXPECT_EQ(listing(write_at("/etc/ld.so.cache")->content),
            Texts{"libacme.so.1 => /usr/lib/xpu/libacme.so.1"});
  EXPECT_EQ(write_at("/etc/ld.so.conf.d/00-xpu.conf")->content, "/usr/lib/xpu\n");
  EXPECT_EQ(write_at("/etc/ld.so.conf")->content,
            "/usr/local/lib\ninclude /etc/ld.so.conf.d/*.conf\n");
  prepare();
  load(bind("/usr/lib64", scratch_ / "volume") + "," + bind("/lib64", scratch_ / "volume"));
  make();
  EXPECT_TRUE(plan_.rootfs.empty()) << "a second start changes nothing";
}

TEST_F(Library, AFolderOfOurOwnNeedsTheCache) {
  put(scratch_ / "volume/libc.so.6");
  put(scratch_ / "volume/ld-linux-x86-64.so.2");
  fs::create_directories(scratch_ / "etc");
  add_library("libacme.so.1");
  load(bind("/usr/lib64", scratch_ / "volume") + "," + bind("/lib64", scratch_ / "volume") + "," +
       bind("/etc", scratch_ / "etc"));
  EXPECT_EQ(error(),
            "the container's loader would not find the driver libraries in /usr/lib/xpu: "
            "/etc/ld.so.cache cannot be made, as the volume " +
                (scratch_ / "etc").string() + " at /etc covers it and has no such file");
  put(scratch_ / "etc/ld.so.cache");
  EXPECT_EQ(error(), "");
  EXPECT_EQ(plan_.warnings,
            Texts{"a later ldconfig in the container forgets the driver libraries in /usr/lib/xpu: "
                  "/etc/ld.so.conf.d/00-xpu.conf cannot be written"});
}

TEST_F(Library, VolumesOverEverythingAreAnError) {
  put(scratch_ / "volume/lib/x86_64-linux-gnu/libc.so.6");
  put(root() / "lib64/ld-linux-x86-64.so.2");
  link(root() / "lib", "usr/lib");
  add_library("libacme.so.1");
  load(bind("/usr", scratch_ / "volume"));
  EXPECT_EQ(error(),
            "cannot bring the driver library libacme.so.1 into the container: the volume " +
                (scratch_ / "volume").string() + " at /usr covers it and has no such file");
}

TEST_F(Library, MuslIsNotedAndHasNoCache) {
  put(root() / "lib/ld-musl-x86_64.so.1");
  fs::create_directories(root() / "usr/lib");
  add_library("libacme.so.1");
  make();
  EXPECT_EQ(destinations(), Texts{"/usr/lib/libacme.so.1"});
  EXPECT_TRUE(plan_.rootfs.empty());
  EXPECT_EQ(plan_.notes, Texts{"the container's C library is musl: glibc drivers do not load"});
}

TEST_F(Library, NoLoaderIsNotedAndHasNoCache) {
  add_library("libacme.so.1");
  make();
  EXPECT_EQ(destinations(), Texts{kLib + "/libacme.so.1"});
  EXPECT_TRUE(plan_.rootfs.empty());
  EXPECT_EQ(plan_.notes,
            Texts{"the container has no dynamic loader: nothing in it can load driver libraries"});
}

TEST_F(Library, SourceGoneOrOfAnotherTypeIsAnError) {
  debian();
  File& file = add_library("libacme.so.1");
  fs::remove(file.host_path);
  EXPECT_EQ(error(),
            "the driver file " + file.host_path + " is gone; run: xpu-runtime detect --refresh");
  fs::create_directories(file.host_path);
  EXPECT_EQ(error(), "the driver file " + file.host_path +
                         " is no longer a regular file; run: xpu-runtime detect --refresh");
}

TEST_F(Library, TwoOfOneNameAreAnErrorUnlessTheyAreOneFile) {
  debian();
  add_library("libacme.so.1");
  edits_.files.push_back(edits_.files[0]);
  EXPECT_EQ(error(), "");
  EXPECT_EQ(plan_.mounts.size(), 1U);
  put(host() / "other.so");
  edits_.files[1].item.host_path = host() / "other.so";
  EXPECT_EQ(error(), "two driver files want to be the library libacme.so.1 of the container: " +
                         (host() / "x86_64/libacme.so.1").string() + " and " +
                         (host() / "other.so").string());
}

TEST_F(Library, TwoNamesOfOneFileInTheImageAreAnError) {
  debian();
  put(root() / "usr/lib/x86_64-linux-gnu/both.so", "the image's");
  link(root() / "usr/lib/x86_64-linux-gnu/liba.so.1", "both.so");
  link(root() / "usr/lib/x86_64-linux-gnu/libb.so.1", "both.so");
  add_library("liba.so.1");
  add_library("libb.so.1");
  EXPECT_EQ(error(), "both " + (host() / "x86_64/liba.so.1").string() + " and " +
                         (host() / "x86_64/libb.so.1").string() + " would be mounted at " + kLib +
                         "/both.so of the container; names there are links to one file: remove one "
                         "of the links");
}

TEST_F(Library, AFolderInTheWayMeansTheNextFolder) {
  debian();
  fs::create_directories(root() / "usr/lib/x86_64-linux-gnu/libacme.so.1");
  add_library("libacme.so.1");
  make();
  EXPECT_EQ(destinations(), Texts{"/usr/lib/libacme.so.1"});
}

TEST_F(Library, ReadonlyFlagAloneNeedsNothingSpecial) {
  debian();
  facts_.root_readonly_flag = true;
  add_library("libacme.so.1", "", {"libacme.so"});
  make();
  EXPECT_EQ(destinations(), Texts{kLib + "/libacme.so.1"});
  EXPECT_NE(write_at("/etc/ld.so.cache"), nullptr);
  EXPECT_NE(write_at(kLib + "/libacme.so"), nullptr);
}

TEST_F(Library, InATrulyReadOnlyRootAnOverlayBringsTheTargets) {
  debian();
  add_library("libacme.so.1", "", {"libacme.so"});
  add_library("libacme_vdpau.so.1", "vdpau/libacme_vdpau.so.1");
  if (!make_read_only()) {
    GTEST_SKIP() << "cannot mount here";
  }
  make();
  EXPECT_EQ(destinations(),
            (Texts{"/etc", kLib, kLib + "/libacme.so.1", kLib + "/vdpau/libacme_vdpau.so.1",
                   kLib + "/libacme.so", "/etc/ld.so.cache"}));
  EXPECT_TRUE(plan_.rootfs.empty());
  const PlannedMount& overlay = plan_.mounts[1];
  EXPECT_EQ(overlay.type, "overlay");
  prepare();
  ASSERT_EQ(overlay.options.size(), 5U);
  EXPECT_EQ((Texts{overlay.options.begin(), overlay.options.end() - 1}),
            (Texts{"ro", "nosuid", "nodev", "rprivate"}));
  const std::string& layers = overlay.options.back();
  ASSERT_EQ(layers.find("lowerdir=" + state().string() + "/overlay-"), 0U) << layers;
  EXPECT_TRUE(layers.ends_with(":" + root().string() + kLib)) << layers;
  const fs::path stage = layers.substr(9, layers.find(':') - 9);
  EXPECT_TRUE(fs::is_regular_file(stage / "libacme.so.1"));
  EXPECT_TRUE(fs::is_regular_file(stage / "libacme.so"));
  EXPECT_TRUE(fs::is_regular_file(stage / "vdpau/libacme_vdpau.so.1"));
  EXPECT_EQ(fs::file_size(stage / "libacme.so.1"), 0U);

  // The kernel takes it as it stands.
  fs::create_directories(scratch_ / "merged");
  ASSERT_EQ(::mount("overlay", (scratch_ / "merged").c_str(), "overlay", MS_RDONLY, layers.c_str()),
            0);
  EXPECT_TRUE(fs::exists(scratch_ / "merged/libacme.so.1"));
  EXPECT_TRUE(fs::exists(scratch_ / "merged/libc.so.6"));
  ::umount((scratch_ / "merged").c_str());
}

TEST_F(Library, OverlaysThatAreImpossibleAreErrors) {
  debian();
  add_library("libacme.so.1");
  put(scratch_ / "volume");
  if (!make_read_only()) {
    GTEST_SKIP() << "cannot mount here";
  }
  const std::string prefix =
      "cannot bring the driver library libacme.so.1 into the container: the root file system is "
      "read-only and has no " +
      kLib + "/libacme.so.1; ";
  load(bind("/usr/lib/x86_64-linux-gnu/libc.so.6", scratch_ / "volume") + "," +
       bind("/usr/lib/os-release", scratch_ / "volume"));
  EXPECT_EQ(error(), prefix + "mounts of the container lie below " + kLib +
                         ", so that it cannot be overlaid");
  load("", R"(,"linux":{"namespaces":[{"type":"user"}]})");
  facts_.root_uid = 100000;
  EXPECT_EQ(error(), prefix + "in the container's user namespace " + kLib + " cannot be overlaid");
}

}  // namespace
}  // namespace xpu
