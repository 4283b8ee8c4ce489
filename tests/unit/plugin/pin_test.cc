// SPDX-License-Identifier: Apache-2.0
// Libraries whose manifest states their hash: what was hashed is what runs.
#include <fcntl.h>

#include "core/base/error.h"
#include "tests/unit/plugin/world.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;

class Pin : public World {
 protected:
  std::string hash_of(const std::string& file) const {
    EXPECT_EQ(std::system(cat("sha256sum <", file, " >", path("hash")).c_str()), 0);
    return read("hash").substr(0, 64);
  }
  static std::string line(const std::string& hash) { return cat("sha256 = \"", hash, "\"\n"); }
  void pin(const std::string& mode) const { write_manifest(mode, line(hash_of(library(mode)))); }
};

TEST_F(Pin, TheSealedCopyIsWhatRuns) {
  install("maps");
  pin("maps");
  const BackendStatus status = load_one("maps");
  EXPECT_EQ(status.state, BackendState::kReady) << status.reason;
  EXPECT_EQ(read("file"), cat("/memfd:fake-maps.so (deleted)\n",
                              F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, "\n"));
}

TEST_F(Pin, WithoutAHashTheFileItselfRuns) {
  install("maps");
  const BackendStatus status = load_one("maps");
  EXPECT_EQ(status.state, BackendState::kReady) << status.reason;
  EXPECT_EQ(read("file"), library("maps") + "\n");
}

TEST_F(Pin, OneFlippedByteIsRefused) {
  install("ok");
  pin("ok");
  const std::string stated = hash_of(library("ok"));
  // The last byte is padding of the section headers' names or of the table itself: it would load.
  std::fstream file(library("ok"), std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(-1, std::ios::end);
  const char last = static_cast<char>(file.get() ^ 1);
  file.seekp(-1, std::ios::end);
  file.put(last);
  file.close();
  const BackendStatus status = load_one("ok");
  EXPECT_EQ(status.state, BackendState::kRefused);
  EXPECT_EQ(status.reason, cat("backend ok: ", library("ok"),
                               ": the library is not the one that its manifest states: sha256 ",
                               stated, " is expected, ", hash_of(library("ok")),
                               " is found; install its package again [XPU_BACKEND_3]"));
  EXPECT_FALSE(fs::exists(path("count"))) << "code of it ran";
}

TEST_F(Pin, AnotherHashMakesTheCacheStale) {
  install("ok");
  pin("ok");
  EXPECT_EQ(load_one("ok").state, BackendState::kReady);
  EXPECT_TRUE(load_one("ok").from_cache);
  write_manifest("ok", line(std::string(64, '0')));
  EXPECT_EQ(load_one("ok").state, BackendState::kRefused);
}

TEST_F(Pin, ADemandForHashesIsMetOrRefused) {
  config_.require_sha256 = true;
  install("ok");
  install("absent");
  pin("ok");
  const auto all = load();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].state, BackendState::kRefused);
  EXPECT_EQ(all[0].reason, cat(manifest("absent"), ": no sha256 of ", library("absent"),
                               ", which require-sha256 of ", config_.file,
                               " demands; install a version of the package that states it"));
  EXPECT_EQ(all[1].state, BackendState::kReady) << all[1].reason;
}

// The limit on what a backend may write does not count for its copy.
TEST_F(Pin, LargeLibrariesAreCopiedToo) {
  install("ok");
  fs::resize_file(library("ok"), 20 << 20);
  pin("ok");
  const BackendStatus status = load_one("ok");
  EXPECT_EQ(status.state, BackendState::kReady) << status.reason;
}

TEST_F(Pin, WhatIsLargerThanMemoryAllowsIsNot) {
  install("ok");
  fs::resize_file(library("ok"), (256 << 20) + 1);
  write_manifest("ok", line(std::string(64, '0')));
  EXPECT_EQ(load_one("ok").reason, cat("backend ok: ", library("ok"),
                                       ": the library is larger than 256 MiB [XPU_BACKEND_3]"));
}

}  // namespace
}  // namespace xpu
