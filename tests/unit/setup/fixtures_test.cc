// SPDX-License-Identifier: Apache-2.0
// Configuration files of real machines: each takes our runtime, and gives back its bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <utility>

#include "core/base/file.h"
#include "core/setup/containerd_config.h"
#include "core/setup/docker_config.h"
#include "core/setup/toml_config.h"
#include "tests/unit/setup/samples.h"

namespace xpu::setup {
namespace {

namespace fs = std::filesystem;

fs::path fixtures() {
  const char* const set = std::getenv("XPU_FIXTURES");
  return fs::path(set != nullptr ? set : XPU_SOURCE_DIR "/../shared/fixtures") / "engine-config";
}

// With sanitizers one file of four: all of them go the same ways through the code, and each takes
// twenty times as long.
#ifdef __SANITIZE_ADDRESS__
constexpr int kOneOf = 4;
#else
constexpr int kOneOf = 1;
#endif

// Returns how many files there are.
int for_each(const std::vector<std::string>& folders, const std::string& suffix,
             const std::function<void(const std::string& path, const std::string& text)>& use) {
  int count = 0;
  for (const std::string& folder : folders) {
    for (const auto& entry : fs::directory_iterator(fixtures() / folder)) {
      if (entry.path().extension() == suffix) {
        SCOPED_TRACE(entry.path().string());
        if (count++ % kOneOf == 0) {
          use(entry.path(), read_file(entry.path(), std::size_t{16} << 20));
        }
      }
    }
  }
  return count;
}

// As a file has it, and in other dresses.
std::vector<std::string> dresses(const std::string& text) {
  std::string windows;
  for (const char c : text) {
    windows += c == '\n' ? "\r\n" : std::string(1, c);
  }
  const bool already = text.find('\r') != std::string::npos;
  std::string bare = text;
  while (bare.ends_with('\n')) {
    bare.pop_back();
  }
  return {text, already ? text : windows, bare, "\xef\xbb\xbf" + text};
}

// Somebody writes this into the file, at a place where it does not meet what is ours.
using Edit = std::function<std::string(const std::string& text)>;

std::string with_comment(const std::string& text) {
  std::string out = text;
  return out.insert(out.starts_with("\xef\xbb\xbf") ? 3 : 0, "# mine\n");
}

std::string with_member(const std::string& text) {
  const std::size_t brace = text.find('{');
  const bool empty = brace == std::string::npos ||
                     text.find_first_not_of(" \t\r\n", brace + 1) == text.find('}', brace);
  std::string out = text;
  return empty ? "" : out.insert(brace + 1, " \"of-somebody-else\": 1,");
}

void expect_changes_stay(const Editor& editor, const Disk& configured, const std::string& before,
                         const Edit& edit) {
  const std::string expected = edit(before);
  if (expected.empty()) {
    return;
  }
  Disk disk = configured;
  disk.file = edit(*disk.file);
  Disk again = disk;
  disk.run(editor, take_out());
  ASSERT_EQ(disk.file, expected);
  ASSERT_EQ(disk.written, std::nullopt);
  // A second configure in between changes nothing of that.
  again.run(editor, add());
  again.run(editor, take_out());
  ASSERT_EQ(again.file, expected);
}

void expect_round_trips(const Editor& editor, const std::string& text, const Edit& edit) {
  bool first = true;
  for (const std::string& dress : dresses(text)) {
    const std::vector<Wish> wishes =
        std::exchange(first, false)
            ? std::vector<Wish>{add(), add(true), add(false, true), add(true, true)}
            : std::vector<Wish>{add(true, true)};
    for (const Wish& wish : wishes) {
      Disk disk{dress, std::nullopt};
      const RuntimeState before = editor.inspect(disk.file);
      disk.run(editor, wish);
      const RuntimeState state = editor.inspect(disk.file);
      ASSERT_TRUE(state.present);
      ASSERT_EQ(state.program, kProgram);
      ASSERT_EQ(state.is_default, before.is_default || wish.set_as_default) << *disk.file;
      const Text once = disk.file;
      disk.run(editor, wish);
      ASSERT_EQ(disk.file, once);
      disk.run(editor, add());
      ASSERT_EQ(disk.file, once) << "what was asked for before stays";
      // Without the backup, too, nothing but our own goes, where the runtime was not there before.
      if (!before.present && !wish.cdi && !wish.set_as_default) {
        const std::string removed = editor.removed(*disk.file, nullptr, {{"xpu"}, true});
        const bool same = removed == dress || removed == dress + "\n" || removed == dress + "\r\n";
        ASSERT_TRUE(same) << removed;
      }
      if (wish.set_as_default && wish.cdi) {
        expect_changes_stay(editor, disk, dress, edit);
      }
      disk.run(editor, take_out());
      ASSERT_EQ(disk.file, dress);
      ASSERT_EQ(disk.backup, std::nullopt);
      ASSERT_EQ(disk.written, std::nullopt);
    }
  }
}

TEST(EngineFixtures, Docker) {
  if (!fs::is_directory(fixtures())) {
    GTEST_SKIP() << "no fixtures in " << fixtures();
  }
  const int count =
      for_each({"docker", "docs-docker"}, ".json", [](const auto& path, const auto& text) {
        const DockerConfig editor(path, "xpu", kProgram);
        expect_round_trips(editor, text, with_member);
      });
  EXPECT_GE(count, 57);
}

TEST(EngineFixtures, Containerd) {
  if (!fs::is_directory(fixtures())) {
    GTEST_SKIP() << "no fixtures in " << fixtures();
  }
  for (const unsigned major : {1U, 2U}) {
    const int count =
        for_each({"containerd", "docs-containerd", "embedded", "nvidia-container-runtime"}, ".toml",
                 [&](const auto& path, const auto& text) {
                   const ContainerdConfig editor(path, "xpu", kProgram, {major, 0, {}});
                   expect_round_trips(editor, text, with_comment);
                 });
    EXPECT_GE(count, 105);
  }
}

TEST(EngineFixtures, CrioAndPodman) {
  if (!fs::is_directory(fixtures())) {
    GTEST_SKIP() << "no fixtures in " << fixtures();
  }
  for_each({"embedded", "nvidia-container-runtime"}, ".toml",
           [](const auto& path, const auto& text) {
             expect_round_trips(CrioConfig(path, "xpu", kProgram), text, with_comment);
             expect_round_trips(PodmanConfig(path, "xpu", kProgram), text, with_comment);
           });
}

TEST(EngineFixtures, MalformedFilesAreRefusedByLine) {
  const fs::path folder = fixtures().parent_path() / "malformed";
  if (!fs::is_directory(folder)) {
    GTEST_SKIP() << "no fixtures in " << folder;
  }
  int refused = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) {
      continue;
    }
    const std::string text = read_file(entry.path(), std::size_t{16} << 20);
    const std::string path = entry.path();
    const bool json = entry.path().extension() == ".json";
    const std::string error = error_of([&] {
      if (json) {
        Disk disk{text, std::nullopt};
        disk.run(DockerConfig(path, "xpu", kProgram), add());
      } else {
        Disk disk{text, std::nullopt};
        disk.run(ContainerdConfig(path, "xpu", kProgram, {}), add());
      }
    });
    refused += error.empty() ? 0 : 1;
    if (!error.empty()) {
      EXPECT_THAT(error, testing::StartsWith(path + ":"));
      EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace xpu::setup
