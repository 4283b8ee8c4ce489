// SPDX-License-Identifier: Apache-2.0
// Files that somebody else could have written, and files that are no library: each is refused with
// one line, and the neighbour works.
#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "core/base/error.h"
#include "tests/unit/plugin/world.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Trust : public World {
 protected:
  void as_root() const {
    if (geteuid() != 0) {
      GTEST_SKIP() << "changing owners needs root";
    }
  }
  // Installs "ok" and "absent", spoils the library of "absent" and returns what becomes of it.
  std::string refusal(const std::function<void(const std::string& library)>& spoil) const {
    install("ok");
    install("absent");
    spoil(library("absent"));
    const auto all = load();
    EXPECT_EQ(all.size(), 2U);
    EXPECT_EQ(all.back().state, BackendState::kReady) << all.back().reason;
    EXPECT_EQ(all.front().state, BackendState::kRefused);
    return all.front().reason;
  }
  std::string about_library(const std::string& text) const {
    return cat("backend absent: ", library("absent"), ": ", text);
  }
  std::string no_elf(const std::string& text) const {
    return about_library(text + " [XPU_BACKEND_4]");
  }
  static void overwrite(const std::string& file, long offset, const std::string& bytes) {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(offset);
    out << bytes;
  }
};

TEST_F(Trust, LibraryOfAnotherOwner) {
  as_root();
  const std::string reason =
      refusal([](const std::string& f) { ASSERT_EQ(chown(f.c_str(), 1000, 0), 0); });
  EXPECT_THAT(reason, HasSubstr(cat("backend absent: refusing ", library("absent"))));
  EXPECT_THAT(reason, HasSubstr("belongs to user 1000"));
  EXPECT_THAT(reason, testing::EndsWith(" [XPU_BACKEND_1]"));
}

TEST_F(Trust, LibraryThatTheGroupCanWrite) {
  const std::string reason = refusal([](const std::string& f) { chmod(f.c_str(), 0775); });
  EXPECT_THAT(reason, HasSubstr(cat("backend absent: refusing ", library("absent"))));
  EXPECT_THAT(reason, HasSubstr("can be written by group or others"));
}

TEST_F(Trust, LibrarySetUserId) {
  const std::string reason = refusal([](const std::string& f) { chmod(f.c_str(), 04755); });
  EXPECT_THAT(reason, HasSubstr(cat("backend absent: ", library("absent"), " is set-user-ID")));
}

TEST_F(Trust, LibraryWithAHardLink) {
  const std::string reason =
      refusal([](const std::string& f) { fs::create_hard_link(f, f + ".copy"); });
  EXPECT_THAT(reason, HasSubstr(cat("backend absent: ", library("absent"), " has 2 hard links")));
}

TEST_F(Trust, LibraryThatIsALink) {
  const std::string reason = refusal([](const std::string& f) {
    fs::rename(f, f + ".1");
    fs::create_symlink(f + ".1", f);
  });
  EXPECT_THAT(reason, HasSubstr(cat("backend absent: ", library("absent"), " is a symbolic link")));
}

TEST_F(Trust, LibraryThatIsAFifo) {
  const std::string reason = refusal([](const std::string& f) {
    fs::remove(f);
    mkfifo(f.c_str(), 0644);
  });
  EXPECT_THAT(reason, HasSubstr(cat(library("absent"), " is not a regular file")));
}

TEST_F(Trust, LibraryThatIsAFolder) {
  const std::string reason = refusal([](const std::string& f) {
    fs::remove(f);
    fs::create_directory(f);
  });
  EXPECT_THAT(reason, HasSubstr(cat(library("absent"), " is a folder")));
}

TEST_F(Trust, LibraryThatIsMissing) {
  EXPECT_EQ(refusal([](const std::string& f) { fs::remove(f); }),
            about_library(cat("there is no such library, which ", manifest("absent"),
                              " names; install their package again [XPU_BACKEND_2]")));
}

TEST_F(Trust, LibraryThatIsNoElf) {
  EXPECT_EQ(refusal([](const std::string& f) { std::ofstream(f) << "#!/bin/sh\n"; }),
            no_elf("not a shared library (no ELF file)"));
}

TEST_F(Trust, LibraryThatIsEmpty) {
  EXPECT_EQ(refusal([](const std::string& f) { fs::resize_file(f, 0); }),
            no_elf("not a shared library (no ELF file)"));
}

TEST_F(Trust, LibraryThatIsCutOff) {
  for (std::size_t size : {20U, 64U, 100U, 4096U, 12000U}) {
    EXPECT_EQ(refusal([&](const std::string& f) { fs::resize_file(f, size); }),
              no_elf("the library is cut off"))
        << size;
    fs::remove_all(dir());
    fs::create_directory(dir());
  }
}

TEST_F(Trust, LibraryForAnotherMachine) {
  // EM_MIPS
  EXPECT_THAT(refusal([](const std::string& f) {
                overwrite(f, offsetof(Elf64_Ehdr, e_machine), std::string("\x08\x00", 2));
              }),
              HasSubstr(about_library("the library is for another architecture (ELF machine 8, ")));
}

TEST_F(Trust, LibraryThatIsAProgram) {
  const std::string reason = refusal([](const std::string& f) {
    overwrite(f, offsetof(Elf64_Ehdr, e_type), std::string("\x02\x00", 2));
  });
  EXPECT_EQ(reason, no_elf("not a shared library (ELF type 2)"));
}

TEST_F(Trust, LibraryThatTheLoaderRefuses) {
  // The string table of symbols is nowhere: every name is garbage.
  const std::string reason = refusal(
      [](const std::string& f) { overwrite(f, offsetof(Elf64_Ehdr, e_ident) + EI_OSABI, "\x7f"); });
  EXPECT_THAT(reason, AllOf(HasSubstr(about_library("cannot be loaded: ")),
                            testing::EndsWith(" [XPU_BACKEND_7]")));
  EXPECT_THAT(reason, testing::Not(HasSubstr("/proc/self/fd")));
}

TEST_F(Trust, LibraryThatNeedsWhatIsMissing) {
  install("needs-more");
  EXPECT_EQ(load_one("needs-more").reason,
            cat("backend needs-more: ", library("needs-more"),
                ": cannot be loaded: libfake-more.so.1: cannot open shared object file: No such "
                "file or directory; install the package that has this file [XPU_BACKEND_7]"));
}

TEST_F(Trust, FolderThatAnyoneCanWrite) {
  install("ok");
  fs::permissions(dir(), fs::perms(0777));
  const BackendStatus status = load_one("ok");
  EXPECT_EQ(status.state, BackendState::kRefused);
  EXPECT_THAT(status.reason, HasSubstr(cat("refusing ", manifest("ok"), ": ", dir(),
                                           " can be written by group or others")));
}

// Nobody knows what a folder would hold that cannot be used: it is an entry of its own.
TEST_F(Trust, FoldersThatCannotBeUsed) {
  install("ok");
  const std::string odd = path("odd");
  config_.backend_dirs.push_back(odd);
  const auto problem = [&] {
    const auto all = load();
    EXPECT_EQ(all.size(), 2U);
    const BackendStatus& folder = all.at(0);
    EXPECT_TRUE(folder.found.is_folder);
    EXPECT_EQ(folder.state, BackendState::kRefused);
    EXPECT_EQ(folder.found.manifest.name, odd);
    EXPECT_EQ(folder.found.manifest.file, odd);
    EXPECT_EQ(all.at(1).state, BackendState::kReady) << all.at(1).reason;
    return folder.reason;
  };
  EXPECT_EQ(load().size(), 1U);  // missing
  fs::create_symlink("nowhere", odd);
  EXPECT_EQ(load().size(), 1U);
  fs::remove(odd);
  write("odd", "a file");
  EXPECT_EQ(problem(), cat("cannot open ", odd, ": Not a directory"));
  fs::remove(odd);
  fs::create_directory(odd);
  EXPECT_EQ(load().size(), 1U);
  for (const unsigned mode : {0775U, 0757U, 01777U}) {
    fs::permissions(odd, fs::perms(mode));
    EXPECT_THAT(problem(), HasSubstr(cat("refusing ", odd, ": it can be written by group or ")));
  }
  // Named twice, it is no duplicate of itself.
  config_.backend_dirs.push_back(odd);
  const auto all = load();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_THAT(all[1].reason, HasSubstr("can be written by group or others"));
}

TEST_F(Trust, FolderOfAnotherOwner) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "changing owners needs root";
  }
  ASSERT_EQ(chown(dir().c_str(), 1000, 0), 0);
  const auto all = load();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].state, BackendState::kRefused);
  EXPECT_THAT(all[0].reason, HasSubstr(cat("refusing ", dir(), ": it belongs to user 1000")));
}

// A manifest that is refused keeps its claims, so that they fail closed.
TEST_F(Trust, RefusedManifestsKeepTheirClaims) {
  const std::string request =
      "[request]\ndevice-variables = [\"ACME_VISIBLE_DEVICES\"]\n"
      "capability-variables = [\"ACME_CAPABILITIES\"]\n";
  const auto found_after = [&](const std::function<void(const std::string&)>& spoil) {
    fs::remove(manifest("ok"));
    write_manifest("ok", request);
    spoil(manifest("ok"));
    const auto found = find_backends(config_);
    EXPECT_EQ(found.size(), 1U);
    EXPECT_TRUE(found[0].refused);
    EXPECT_EQ(found[0].manifest.name, "ok");
    EXPECT_EQ(found[0].manifest.file, manifest("ok"));
    EXPECT_THAT(found[0].manifest.device_variables, ElementsAre("ACME_VISIBLE_DEVICES"));
    EXPECT_THAT(found[0].manifest.capability_variables, ElementsAre("ACME_CAPABILITIES"));
    return found[0].reason;
  };
  EXPECT_THAT(found_after([](const std::string& f) { chmod(f.c_str(), 0664); }),
              HasSubstr("can be written by group or others"));
  EXPECT_THAT(
      found_after([](const std::string& f) { std::ofstream(f, std::ios::app) << "x ==\n"; }),
      HasSubstr(manifest("ok") + ":12: "));
  EXPECT_THAT(
      found_after([](const std::string& f) { std::ofstream(f, std::ios::app) << "[more]\n"; }),
      HasSubstr("unknown key \"more\""));
  if (geteuid() == 0) {
    EXPECT_THAT(found_after([](const std::string& f) { ASSERT_EQ(chown(f.c_str(), 1000, 0), 0); }),
                HasSubstr("belongs to user 1000"));
  }
}

TEST_F(Trust, ManifestsThatCannotBeRead) {
  fs::create_symlink("/nowhere/acme", manifest("dangling"));
  mkfifo(manifest("fifo").c_str(), 0644);
  fs::create_directory(manifest("folder"));
  write("backends/huge.toml", std::string(70000, '#'));
  const auto found = find_backends(config_);
  ASSERT_EQ(found.size(), 4U);
  for (const FoundBackend& backend : found) {
    EXPECT_TRUE(backend.refused);
    EXPECT_THAT(backend.reason, HasSubstr(backend.manifest.file));
  }
  EXPECT_EQ(found[0].reason,
            manifest("dangling") + ": no such file (a link that leads nowhere?) [XPU_BACKEND_2]");
}

}  // namespace
}  // namespace xpu
