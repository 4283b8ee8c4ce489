// SPDX-License-Identifier: Apache-2.0
#include "core/setup/docker_config.h"

#include <gtest/gtest.h>

#include "tests/unit/setup/samples.h"

namespace xpu::setup {
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
  const std::string ours = "\"xpu\": {\"path\": \"/opt/xpu-container-runtime\"}";
  Disk disk{"{\"default-runtime\": \"xpu\", \"runtimes\": {" + ours + ", \"o\": {}}}",
            std::nullopt};
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, "{\"runtimes\": {\"o\": {}}}");
  disk.file = "{\"a\": 1, \"runtimes\": {" + ours + "}}";
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, "{\"a\": 1}");
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

TEST(DockerConfig, NamesOfRuntimesDifferInCase) {
  Disk disk{"{\"runtimes\": {\"XPU\": {\"path\": \"/x\"}}}", std::nullopt};
  const Text before = disk.file;
  disk.run(kEditor, add());
  EXPECT_EQ(disk.file,
            "{\"runtimes\": {\"XPU\": {\"path\": \"/x\"}, \"xpu\": {\"path\": "
            "\"/usr/bin/xpu-container-runtime\", \"runtimeArgs\": []}}}");
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, before);
  EXPECT_EQ(
      error_of([] { kEditor.inspect("{\"Runtimes\": {}}"); }),
      "/etc/docker/daemon.json:1: key \"Runtimes\" differs from \"runtimes\" in case only, and "
      "programs disagree on what it means; rename or remove it");
}

TEST(DockerConfig, ADefaultWithoutARuntimeGoes) {
  Disk disk{"{\"a\": 1, \"default-runtime\": \"xpu\"}", std::nullopt};
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, "{\"a\": 1}");
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

TEST(DockerConfig, AKeyThatIsThereTwiceIsNamedWithItsLine) {
  EXPECT_EQ(error_of([] {
              kEditor.inspect("{\n  \"runtimes\": {\n    \"xpu\": {},\n    \"xpu\": {}\n  }\n}\n");
            }),
            "/etc/docker/daemon.json:4: key \"xpu\" is there twice; remove one");
}

std::string with_cdi(const std::string& text) {
  std::string out = text;
  return out.insert(1, "\n  \"features\": {\"cdi\": true},");
}

TEST(DockerConfig, CdiThatSomebodySwitchedOnMeanwhileStays) {
  const std::string text = "{\n  \"a\": 1\n}\n";
  Disk disk{text, std::nullopt};
  disk.run(kEditor, add());
  disk.file = with_cdi(*disk.file);
  Disk twice = disk;
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, with_cdi(text));
  // A second configure finds it switched on.
  twice.run(kEditor, add(true));
  EXPECT_EQ(twice.backup, with_cdi(text)) << "what is there without us";
  twice.run(kEditor, take_out());
  EXPECT_EQ(twice.file, with_cdi(text));
  // In a file that was new, too.
  Disk fresh;
  fresh.run(kEditor, add());
  fresh.file = with_cdi(*fresh.file);
  fresh.run(kEditor, take_out());
  EXPECT_EQ(fresh.file, "{\n  \"features\": {\"cdi\": true}\n}\n");
}

TEST(DockerConfig, OurCdiGoesAlsoAfterOtherChanges) {
  Disk disk{"{\n  \"features\": {\n    \"cdi\": false\n  }\n}\n", std::nullopt};
  disk.run(kEditor, add(false, true));
  disk.file->insert(1, "\n  \"debug\": true,");
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, "{\n  \"debug\": true,\n  \"features\": {\n    \"cdi\": false\n  }\n}\n");
  disk = {"{\n  \"features\": null\n}\n", std::nullopt};
  disk.run(kEditor, add(false, true));
  disk.file->insert(1, "\n  \"debug\": true,");
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, "{\n  \"debug\": true,\n  \"features\": null\n}\n");
}

TEST(DockerConfig, AStaleBackupIsNotUsed) {
  Disk disk{"{\n  \"a\": 1\n}\n", std::nullopt};
  disk.run(kEditor, add());
  disk.file->insert(1, "\n  \"b\": 2,");
  EXPECT_TRUE(disk.run(kEditor, take_out()).edited);
  EXPECT_EQ(disk.backup, "{\n  \"a\": 1\n}\n");
  // Somebody's own entry, by the same name.
  const std::string theirs =
      "{\n  \"runtimes\": {\n    \"xpu\": {\"path\": \"/opt/mine\",   \"runtimeArgs\": [\"-v\"]}\n "
      " }\n}\n";
  disk.file = theirs;
  disk.run(kEditor, add());
  EXPECT_EQ(kEditor.inspect(disk.file).program, kProgram);
  EXPECT_EQ(disk.backup, theirs);
  Disk changed = disk;
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, theirs);
  changed.file->insert(1, "\n  \"debug\": true,");
  changed.run(kEditor, take_out());
  EXPECT_EQ(changed.file, "{\n  \"debug\": true," + theirs.substr(1));
}

TEST(DockerConfig, ARuntimeOfSomebodyElseStays) {
  const std::string text = "{\"runtimes\": {\"xpu\": {\"path\": \"/opt/mine\"}}}";
  Disk disk{text, std::nullopt};
  EXPECT_EQ(disk.run(kEditor, take_out()).foreign, "/opt/mine");
  EXPECT_EQ(disk.file, text);
  // Also when ours was there before.
  disk = {"{}", std::nullopt};
  disk.run(kEditor, add());
  disk.file->replace(disk.file->find(kProgram), std::string(kProgram).size(), "/opt/mine");
  const Text theirs = disk.file;
  EXPECT_EQ(disk.run(kEditor, take_out()).foreign, "/opt/mine");
  EXPECT_EQ(disk.file, theirs);
}

TEST(DockerConfig, AProgramByAnotherNameIsKnownByTheRecord) {
  const std::string text = "{\n  \"a\": 1\n}\n";
  Wish wish = add();
  wish.program = "/opt/another";
  const DockerConfig another("/etc/docker/daemon.json", "xpu", wish.program);
  Disk disk{text, std::nullopt};
  disk.run(another, wish);
  disk.file->insert(1, "\n  \"b\": 2,");
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, "{\n  \"b\": 2,\n  \"a\": 1\n}\n");
}

TEST(DockerConfig, ABackupThatSomebodyRemovedMakesTheFileNoNewOne) {
  Disk disk{"{\n  \"a\": 1\n}\n", std::nullopt};
  disk.run(kEditor, add());
  disk.backup.reset();
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, "{\n  \"a\": 1\n}\n");
}

TEST(DockerConfig, AValueThatComesBackKeepsItsLayout) {
  const std::string entry =
      "{\n      \"path\":   \"/opt/x\",\n      \"runtimeType\": \"io.x.v1\",\n\n"
      "      \"runtimeArgs\": [ \"--a\",\n                       \"--b\" ] }";
  const std::string text = "{\n  \"runtimes\": {\n    \"xpu\": " + entry + "\n  }\n}\n";
  Disk disk{text, std::nullopt};
  disk.run(kEditor, add(true));
  EXPECT_EQ(kEditor.inspect(disk.file).program, kProgram);
  disk.file->insert(1, "\n  \"debug\": true,");
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, "{\n  \"debug\": true," + text.substr(1));
}

TEST(DockerConfig, AnotherNameForOurProgramIsSomebodyElses) {
  const std::string text =
      "{\n  \"runtimes\": {\n    \"mine\": {\"path\": \"/usr/bin/xpu-container-runtime\"}\n  "
      "}\n}\n";
  Disk disk{text, std::nullopt};
  disk.run(kEditor, add(true, true));
  Disk changed = disk;
  disk.run(kEditor, take_out());
  EXPECT_EQ(disk.file, text);
  EXPECT_EQ(disk.backup, std::nullopt);
  changed.file->insert(1, "\n  \"debug\": true,");
  changed.run(kEditor, take_out());
  EXPECT_EQ(changed.file, "{\n  \"debug\": true," + text.substr(1));
}

TEST(DockerConfig, AnEntryThatWasThereAlreadyStays) {
  for (const std::string program : {"/usr/bin/xpu-container-runtime", "/opt/mine"}) {
    const std::string text =
        "{\n  \"runtimes\": {\n    \"xpu\": {\"path\": \"" + program + "\"}\n  }\n}\n";
    const DockerConfig editor("/etc/docker/daemon.json", "xpu", program);
    Wish wish = add(true);
    wish.program = program;
    Disk disk{text, std::nullopt};
    disk.run(editor, wish);
    EXPECT_TRUE(editor.inspect(disk.file).is_default);
    Disk changed = disk;
    disk.run(kEditor, take_out());
    EXPECT_EQ(disk.file, text);
    changed.file->insert(1, "\n  \"debug\": true,");
    changed.run(kEditor, take_out());
    EXPECT_EQ(changed.file, "{\n  \"debug\": true," + text.substr(1));
  }
}

}  // namespace
}  // namespace xpu::setup
