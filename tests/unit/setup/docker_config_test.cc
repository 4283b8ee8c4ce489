// SPDX-License-Identifier: Apache-2.0
#include "core/setup/docker_config.h"

#include <gtest/gtest.h>

#include "tests/unit/setup/samples.h"

namespace xpu {
namespace {

const DockerConfig kEditor("/etc/docker/daemon.json", "xpu", kProgram);

const char* const kFresh =
    "{\n"
    "    \"runtimes\": {\n"
    "        \"xpu\": {\n"
    "            \"path\": \"/usr/bin/xpu-container-runtime\",\n"
    "            \"runtimeArgs\": []\n"
    "        }\n"
    "    }\n"
    "}\n";

TEST(DockerConfig, AFileThatIsNotThereComesAndGoes) {
  Disk disk;
  disk.run(kEditor, add());
  EXPECT_EQ(disk.file, kFresh);
  EXPECT_EQ(disk.backup, std::nullopt);
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, std::nullopt);
}

TEST(DockerConfig, AnEmptyFileIsEmptyAgain) {
  for (const char* text : {"", "\n", "{}", "{ }\n", "{\n}\n"}) {
    Disk disk{text, std::nullopt};
    disk.run(kEditor, add(true, true));
    EXPECT_TRUE(kEditor.inspect(disk.file).is_default);
    disk.run(kEditor, take_out());
    EXPECT_EQ(disk.file, text);
    EXPECT_EQ(disk.backup, std::nullopt);
  }
}

TEST(DockerConfig, LaterWishesAddToEarlierOnes) {
  Disk one{"{\"a\": 1}", std::nullopt}, two = one;
  one.run(kEditor, add());
  one.run(kEditor, add(true));
  one.run(kEditor, add(false, true));
  one.run(kEditor, add());
  two.run(kEditor, add(true, true));
  EXPECT_EQ(one.file, two.file);
  EXPECT_EQ(one.backup, "{\"a\": 1}");
  one.run(kEditor, take_out());
  EXPECT_EQ(one.file, "{\"a\": 1}");
}

TEST(DockerConfig, AnotherPathOfOursIsChangedAndComesBack) {
  const std::string text =
      "{\"runtimes\": {\"xpu\": {\"path\": \"/opt/x\", \"runtimeArgs\": [\"--debug\"]}}}";
  Disk disk{text, std::nullopt};
  disk.run(kEditor, add());
  EXPECT_EQ(disk.file,
            "{\"runtimes\": {\"xpu\": {\"path\": \"/usr/bin/xpu-container-runtime\", "
            "\"runtimeArgs\": [\"--debug\"]}}}");
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, text);
}

TEST(DockerConfig, ARuntimeOfAnotherTypeBecomesOurs) {
  const std::string text = "{\"runtimes\": {\"xpu\": {\"runtimeType\": \"io.x.v1\"}}}";
  Disk disk{text, std::nullopt};
  disk.run(kEditor, add());
  EXPECT_EQ(disk.file,
            "{\"runtimes\": {\"xpu\": {\"path\": \"/usr/bin/xpu-container-runtime\", "
            "\"runtimeArgs\": []}}}");
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, text);
}

TEST(DockerConfig, TheFormerDefaultComesBackAlsoAfterOtherChanges) {
  Disk disk{
      "{\n  \"default-runtime\": \"other\",\n  \"runtimes\": {\"other\": {\"path\": \"/o\"}}\n}\n",
      std::nullopt};
  const Text before = disk.file;
  disk.run(kEditor, add(true, true));
  disk.file->replace(disk.file->find("  \"default"), 0, "  \"debug\": true,\n");
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file,
            "{\n  \"debug\": true,\n  \"default-runtime\": \"other\",\n"
            "  \"runtimes\": {\"other\": {\"path\": \"/o\"}}\n}\n");
  EXPECT_EQ(disk.backup, before) << "kept, as it is not what the file is now";
  // And the next round begins with the file as it is.
  const Text now = disk.file;
  disk.run(kEditor, add());
  EXPECT_EQ(disk.backup, now);
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, now);
  EXPECT_EQ(disk.backup, std::nullopt);
}

TEST(DockerConfig, ADefaultThatSomebodyChoseMeanwhileStays) {
  Disk disk{"{}", std::nullopt};
  disk.run(kEditor, add(true));
  const std::size_t at = disk.file->find("\"default-runtime\": \"xpu\"");
  disk.file->replace(at + 19, 5, "\"runc\"");
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, "{\n    \"default-runtime\": \"runc\"\n}");
}

TEST(DockerConfig, WithoutABackupOnlyOursGoes) {
  EXPECT_EQ(
      kEditor.removed("{\"default-runtime\": \"xpu\", \"runtimes\": {\"xpu\": {}, \"o\": {}}}",
                      std::nullopt),
      "{\"runtimes\": {\"o\": {}}}");
  EXPECT_EQ(kEditor.removed("{\"a\": 1, \"runtimes\": {\"xpu\": {}}}", std::nullopt), "{\"a\": 1}");
}

TEST(DockerConfig, ABackupThatSomebodyBrokeIsNone) {
  Disk disk{"{\"a\": 1}", std::nullopt};
  disk.run(kEditor, add());
  disk.backup = "{";
  disk.run(kEditor, add(true));
  EXPECT_TRUE(kEditor.inspect(disk.file).is_default);
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, "{\"a\": 1}");
}

TEST(DockerConfig, TwoNamesComeAndGoInAnyOrder) {
  const DockerConfig second("/etc/docker/daemon.json", "gpu", kProgram);
  Wish add_second = add(), take_second = take_out();
  add_second.name = take_second.name = "gpu";
  const std::string text = "{\n\t\"a\": 1\n}\n";
  for (const bool first_goes_first : {true, false}) {
    Disk disk{text, std::nullopt};
    disk.run(kEditor, add());
    disk.run(second, add_second);
    EXPECT_EQ(disk.backup, text) << "one backup, of what was there before both";
    disk.run(first_goes_first ? static_cast<const Editor&>(kEditor) : second,
             first_goes_first ? take_out() : take_second);
    EXPECT_NE(disk.file, text);
    disk.run(first_goes_first ? static_cast<const Editor&>(second) : kEditor,
             first_goes_first ? take_second : take_out());
    EXPECT_EQ(disk.file, text);
    EXPECT_EQ(disk.backup, std::nullopt);
  }
}

TEST(DockerConfig, NothingToTakeOutChangesNothing) {
  Disk disk{"{\"a\": 1}", std::nullopt};
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, "{\"a\": 1}");
  EXPECT_EQ(disk.backup, std::nullopt);
  Disk none;
  none.run(kEditor, take_out());
  EXPECT_EQ(none.file, std::nullopt);
}

}  // namespace
}  // namespace xpu
