// SPDX-License-Identifier: Apache-2.0
// The sim backend as its host sees it: the built library, loaded, with a hardware file as option.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/utsname.h>

#include "tests/unit/sdk/fake_host.h"
#include "tests/unit/sdk/tree.h"

namespace xpu::sim {
namespace {

using sdk::test::FakeHost;
using sdk::test::Tree;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class SimTest : public testing::Test {
 protected:
  void SetUp() override {
    static void* const library = ::dlopen(XPU_SIM_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << ::dlerror();
    entry = reinterpret_cast<xpu_backend_entry_fn>(::dlsym(library, XPU_BACKEND_ENTRY_SYMBOL));
    ASSERT_NE(entry, nullptr);
    host.options["hardware"] = file();
  }

  std::string file() const { return tree.at("/hardware.toml"); }

  xpu_status describe(const std::string& text) {
    tree.file("/hardware.toml", text);
    host.calls.clear();
    host.errors.clear();
    return host.describe(entry);
  }

  // What describe(text) says about the mistake, without the file's name in front.
  std::string mistake(const std::string& text) {
    EXPECT_EQ(describe(text), XPU_INVALID) << text;
    EXPECT_THAT(host.errors, SizeIs(1));
    const std::string prefix = "3 " + file() + ":";
    EXPECT_THAT(host.errors.at(0), StartsWith(prefix));
    return host.errors.at(0).substr(prefix.size());
  }

  std::vector<std::string> calls(const std::string& kind) const {
    std::vector<std::string> found;
    for (const std::string& call : host.calls) {
      if (call.rfind(kind + " ", 0) == 0) {
        found.push_back(call.substr(kind.size() + 1));
      }
    }
    return found;
  }

  const Tree tree;
  FakeHost host;
  xpu_backend_entry_fn entry = nullptr;
};

const char kOne[] = "[[devices]]\nvendor = \"acme\"\nindex = 0\nname = \"Acme One\"\n";

TEST_F(SimTest, SmallestDevice) {
  ASSERT_EQ(describe(kOne), XPU_OK);
  EXPECT_THAT(host.calls,
              ElementsAre("condition 24 3 " + file() + " 0", "capability compute",
                          "capability utility", "device 96 1 0 -1 0 acme:0 |Acme One|||||"));
}

TEST_F(SimTest, EveryField) {
  ASSERT_EQ(describe(std::string(kOne) + R"(
uuid = "ACME-1"
kind = "npu"
memory = "24GiB"
architecture = "a1"
driver = "5.2"
pci = "0000:65:00.0"
numa-node = 1
in-all = false
available = false
reason = "broken"
aliases = ["serial-1", "one"]
properties = { price-per-hour = 0.53, cores = 128, colour = "red" }
)"),
            XPU_OK);
  EXPECT_THAT(
      calls("device"),
      ElementsAre("96 3 3 1 25769803776 acme:0 ACME-1|Acme One|a1|5.2|0000:65:00.0||broken"));
  EXPECT_THAT(calls("alias"), ElementsAre("acme:0 serial-1", "acme:0 one"));
  EXPECT_THAT(calls("property"),
              testing::UnorderedElementsAre("acme:0 price-per-hour=0.53", "acme:0 cores=128",
                                            "acme:0 colour=red"));
}

TEST_F(SimTest, AnyNumberOfVendors) {
  std::string text;
  for (const char* vendor : {"acme", "globex", "initech"}) {
    for (int i = 0; i < 100; ++i) {
      text += "[[devices]]\nvendor = \"" + std::string(vendor) +
              "\"\nindex = " + std::to_string(i) + "\nname = \"x\"\n";
    }
  }
  ASSERT_EQ(describe(text), XPU_OK);
  EXPECT_THAT(calls("device"), SizeIs(300));
}

TEST_F(SimTest, PartitionsTakeTheirParentOutOfAll) {
  ASSERT_EQ(describe(std::string(kOne) + "[[devices]]\nvendor = \"acme\"\nindex = \"0:1\"\n"
                                         "parent = \"0\"\nname = \"Half\"\n"),
            XPU_OK);
  EXPECT_THAT(calls("device"),
              ElementsAre("96 1 1 -1 0 acme:0 |Acme One|||||", "96 2 0 -1 0 acme:0:1 |Half||||0|"));
}

TEST_F(SimTest, EditsOfDeviceAndHost) {
  ASSERT_EQ(describe(R"(
capabilities = ["compute", "utility"]
properties = { driver = "5.2" }
nodes = [{ host = "/dev/acmectl" }]
env = [{ name = "ACME", value = "1", capability = "compute" }]
[[devices]]
vendor = "acme"
index = "0"
name = "Acme One"
nodes = [{ host = "/dev/sim0", container = "/dev/acme0" }]
links = [{ path = "/dev/acme/by-path/x", target = "../../acme0", capability = "compute,utility" }]
files = [{ kind = "data", host = "/etc/acme.conf", container = "/etc/a.conf" }]
env = [{ name = "EMPTY" }]
)"),
            XPU_OK);
  EXPECT_THAT(calls("property"), ElementsAre(": driver=5.2"));
  EXPECT_THAT(calls("node"), ElementsAre("24 48[acme:0+] /dev/sim0 /dev/acme0",
                                         "24 48[:+] /dev/acmectl /dev/acmectl"));
  EXPECT_THAT(calls("link"),
              ElementsAre("24 48[acme:0+compute,utility] /dev/acme/by-path/x ../../acme0"));
  EXPECT_THAT(calls("file"), ElementsAre("48 48[acme:0+] 3 /etc/acme.conf /etc/a.conf|||"));
  EXPECT_THAT(calls("env"), ElementsAre("24 48[acme:0+] EMPTY=", "24 48[:+compute] ACME=1"));
}

TEST_F(SimTest, EditsThatDependOnSelectionAndImage) {
  ASSERT_EQ(describe(R"(
capabilities = ["compute", "channels"]
env = [{ name = "MASK", value = "${mask}", expand = true }]
notes = [{ text = "beware", warning = true }, { text = "well", capability = "compute" }]
image-folders = [{ folder = "/opt/compat", library = "libacme.so", version = "5.2" }]
[[texts]]
path = "/etc/acme"
content = """
a\t1
"""
image-lacks = "libacme.so.1,/opt/*"
[[texts]]
path = "/etc/channel"
content = "${mask}"
expand = true
capability = "channels"
item = "7"
[[devices]]
vendor = "acme"
index = "0"
name = "Acme One"
values = [{ name = "mask", combine = "bits", value = "4" }, { name = "ids", value = "x" }]
)"),
            XPU_OK);
  EXPECT_THAT(calls("expanded"), ElementsAre("env 24 48[:+] MASK=${mask}",
                                             "text 24 48[:+channels=7] /etc/channel ${mask}"));
  EXPECT_THAT(calls("text"), ElementsAre("24 48[:+ unless libacme.so.1,/opt/*] /etc/acme a\t1\n"));
  EXPECT_THAT(calls("note"), ElementsAre("16 48[:+] 2 beware", "16 48[:+compute] 1 well"));
  EXPECT_THAT(calls("image_folder"), ElementsAre("32 48[:+] /opt/compat libacme.so 5.2"));
  EXPECT_THAT(calls("value"), ElementsAre("24 48[acme:0+] 2 mask=4", "24 48[acme:0+] 1 ids=x"));
}

TEST_F(SimTest, Files) {
  ASSERT_EQ(describe(std::string(R"(
[[files]]
kind = "library"
host = "/opt/libacme.so.5"
soname = "libacme.so.1"
architecture = "aarch64"
container = "acme/libacme.so.1"
links = ["libacme.so", "libacme.so.0"]
capability = "compute"
[[files]]
kind = "binary"
host = "/usr/bin/acme-smi"
[[files]]
kind = "socket"
host = "/run/acme.sock"
[[files]]
kind = "directory"
host = "/opt/acme"
)") + kOne),
            XPU_OK);
  EXPECT_THAT(calls("file"),
              ElementsAre("48 48[:+compute] 1 /opt/libacme.so.5 "
                          "acme/libacme.so.1|libacme.so.1|aarch64|libacme.so,libacme.so.0",
                          "48 48[:+] 2 /usr/bin/acme-smi /usr/bin/acme-smi|||",
                          "48 48[:+] 4 /run/acme.sock /run/acme.sock|||",
                          "48 48[:+] 5 /opt/acme /opt/acme|||"));
}

TEST_F(SimTest, LibraryFactsComeFromTheFile) {
  tree.file("/libtext.so.3", "no ELF");
  ASSERT_EQ(
      describe("[[files]]\nkind = \"library\"\nhost = \"" + tree.at("/libtext.so.3") +
               "\"\n[[files]]\nkind = \"library\"\nhost = \"" XPU_SONAME_LIBRARY "\"\n" + kOne),
      XPU_OK);
  utsname name{};
  ::uname(&name);
  EXPECT_THAT(calls("file"),
              ElementsAre(HasSubstr("libtext.so.3 |libtext.so.3|" + std::string(name.machine)),
                          HasSubstr(" |libsimprobe.so.7|" + std::string(name.machine) + "|")));
}

TEST_F(SimTest, Interconnects) {
  ASSERT_EQ(describe(std::string(kOne) +
                     "[[devices]]\nvendor = \"globex\"\nindex = 3\nname = \"G\"\n"
                     "[[interconnects]]\ndevices = [\"acme:0\", \"globex:3\"]\ntype = \"wire\"\n"
                     "weight = 9\n"),
            XPU_OK);
  EXPECT_THAT(calls("interconnect"), ElementsAre("acme:0 globex:3 wire 9"));
}

TEST_F(SimTest, Validity) {
  ASSERT_EQ(describe(std::string("[validity]\nstat = [\"/a\"]\nlisting = [\"/b\"]\n"
                                 "content = [\"/c\"]\nseconds = 60\n") +
                     kOne),
            XPU_OK);
  EXPECT_THAT(calls("condition"), ElementsAre("24 3 " + file() + " 0", "24 1 /a 0", "24 2 /b 0",
                                              "24 3 /c 0", "24 4  60"));
}

// Larger than the host takes by content: still watched.
TEST_F(SimTest, LargeFileIsWatchedByStat) {
  ASSERT_EQ(describe(kOne + std::string(70000, '#')), XPU_OK);
  EXPECT_THAT(calls("condition"), ElementsAre("24 1 " + file() + " 0"));
}

TEST_F(SimTest, MissingFileIsAbsentAndWatched) {
  host.options["hardware"] = tree.at("/none.toml");
  EXPECT_EQ(host.describe(entry), XPU_ABSENT);
  EXPECT_THAT(host.errors,
              ElementsAre("1 hardware file " + tree.at("/none.toml") + " does not exist"));
  EXPECT_THAT(calls("condition"), ElementsAre("24 3 " + tree.at("/none.toml") + " 0"));
}

TEST_F(SimTest, FileWithoutDevicesIsAbsent) {
  EXPECT_EQ(describe(""), XPU_ABSENT);
  EXPECT_THAT(host.errors, ElementsAre("1 hardware file " + file() + " lists no device"));
}

TEST_F(SimTest, WhatIsNoFileIsAnError) {
  host.options["hardware"] = tree.path();
  EXPECT_EQ(host.describe(entry), XPU_INVALID);
  EXPECT_THAT(host.errors, ElementsAre("3 hardware file " + tree.path() +
                                       " cannot be read: it must be a regular file of at most 4 "
                                       "MiB"));
}

TEST_F(SimTest, MistakesNameTheLine) {
  const std::string one = kOne;
  const std::string parts[][2] = {
      {"[[devices]]\nvendor = 7\n", "2: device: vendor must be text"},
      {"[[devices]]\nvendor = \"\"\n", "2: device: vendor must not be empty"},
      {"[[devices]]\nindex = 0\n", "1: device: vendor is missing"},
      {"[[devices]]\nvendor = \"acme\"\nname = \"x\"\n", "1: device: index is missing"},
      {"devices = 3\n", "1: hardware file: devices must be a list of tables"},
      {"devices = [1]\n", "1: hardware file: devices must be a list of tables"},
      {one + "memory = \"24GB\"\n",
       "5: device: memory must be a size such as \"24GiB\" (B, KiB, MiB, GiB, TiB)"},
      {one + "memory = \"99999999999TiB\"\n",
       "5: device: memory must be a size such as \"24GiB\" (B, KiB, MiB, GiB, TiB)"},
      {one + "memory = -1\n",
       "5: device: memory must be a size such as \"24GiB\" (B, KiB, MiB, GiB, TiB)"},
      {one + "kind = \"fpga\"\n",
       "5: device: kind must be one of gpu, partition, npu, accelerator"},
      {one + "numa-node = 1.5\n",
       "5: device: numa-node must be a whole number from -1 to 2147483647"},
      {one + "available = 1\n", "5: device: available must be true or false"},
      {one + "available = false\n", "5: device: available = false needs a reason"},
      {one + "reason = \"broken\"\n",
       "5: device: reason is only for a device with available = false"},
      {one + "aliases = \"x\"\n", "5: device: aliases must be a list of text"},
      {one + "aliases = [1]\n", "5: device: aliases must be text"},
      {one + "uuid = \"a\\u0007\"\n", "5: device: uuid must not hold control characters"},
      {one + "properties = 1\n", "5: device: properties must be a table"},
      {one + "properties = { a = true }\n", "5: device: properties.a must be text or a number"},
      {one + "colour = \"red\"\n", "5: device: unknown key colour"},
      {one + one, "7: device: index \"0\" is taken by another device of vendor acme"},
      {one + "parent = \"1\"\n",
       "5: device: parent \"1\" is no device of vendor acme above this one"},
      {one + "parent = 0\n", "5: device: parent \"0\" is no device of vendor acme above this one"},
      {one + "nodes = [{ container = \"/dev/x\" }]\n", "5: node: host is missing"},
      {one + "nodes = [{ host = \"x\" }]\n", "5: node: host must be an absolute path"},
      {one + "nodes = [{ host = \"/x\", mode = 1 }]\n", "5: node: unknown key mode"},
      {one + "env = [{ value = \"x\" }]\n", "5: env: name is missing"},
      {one + "links = [{ path = \"/x\" }]\n", "5: link: target is missing"},
      {one + "[[files]]\nhost = \"/x\"\n", "5: file: kind is missing"},
      {one + "[[files]]\nkind = \"folder\"\nhost = \"/x\"\n",
       "6: file: kind must be one of library, binary, data, socket, directory"},
      {one + "[[files]]\nkind = \"data\"\nhost = \"/x\"\nsoname = \"x\"\n",
       "8: file: unknown key soname"},
      {one + "[[files]]\nkind = \"data\"\nhost = \"/x\"\ncapability = \"video\"\n",
       "8: file: capability \"video\" is not in the list of capabilities at the top"},
      {one + "[[files]]\nkind = \"data\"\nhost = \"/x\"\ncapability = \"utility,video\"\n",
       "8: file: capability \"video\" is not in the list of capabilities at the top"},
      {one + "values = [{ name = \"x\", combine = \"sum\" }]\n",
       "5: value: combine must be one of list, bits"},
      {one + "texts = [{ path = \"/x\", content = \"a\\rb\" }]\n",
       "5: text: content must not hold control characters"},
      {one + "notes = [{ text = \"a\\tb\" }]\n", "5: note: text must not hold control characters"},
      {one + "image-folders = [{ folder = \"/x\", library = \"libx.so\" }]\n",
       "5: image folder: version is missing"},
      {one + "[[interconnects]]\ndevices = [\"acme:0\"]\n",
       "6: interconnect: devices must be two different devices, such as [\"acme:0\", \"acme:1\"]"},
      {one + "[[interconnects]]\ndevices = [\"acme:0\", \"acme:9\"]\ntype = \"x\"\n",
       "6: interconnect: devices names \"acme:9\", which is no device of this file"},
      {one + "[validity]\nseconds = 0\n",
       "6: validity: seconds must be a whole number from 1 to 31536000"},
      {"validity = 1\n", "1: hardware file: validity must be a table"},
      {"device = 1\n", "1: hardware file: unknown key device"},
  };
  for (const auto& [text, message] : parts) {
    EXPECT_EQ(mistake(text), message) << text;
  }
}

TEST_F(SimTest, SyntaxErrorsAreOneLine) {
  const std::string message = mistake(std::string(kOne) + "uuid = \"open\n");
  EXPECT_THAT(message, AllOf(StartsWith("5: "), Not(HasSubstr("\n"))));
}

TEST_F(SimTest, MalformedFilesOfTheWildAreErrors) {
  const std::string folder = sdk::test::fixture("malformed/toml/invalid");
  if (folder.empty()) {
    GTEST_SKIP() << "no fixtures (XPU_FIXTURES)";
  }
  int seen = 0;
  for (const auto& entry_found : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry_found.path().extension() != ".toml") {
      continue;
    }
    ++seen;
    const std::string message = mistake(sdk::test::bytes_of(entry_found.path()));
    EXPECT_THAT(message, Not(HasSubstr("\n"))) << entry_found.path();
  }
  EXPECT_GT(seen, 100);
}

TEST_F(SimTest, ExampleIsValidAsItStands) {
  host.options["hardware"] = XPU_SOURCE_DIR "/sdk/sim/example.toml";
  ASSERT_EQ(host.describe(entry), XPU_OK);
  EXPECT_THAT(host.errors, IsEmpty());
  EXPECT_THAT(calls("device"), SizeIs(4));
  EXPECT_THAT(calls("device"), Contains(HasSubstr("globex:0")));
  for (const std::string& node : calls("node")) {
    const std::string path = node.substr(node.find("] ") + 2);
    EXPECT_TRUE(std::filesystem::is_character_file(path.substr(0, path.find(' ')))) << node;
  }
}

TEST_F(SimTest, ManifestIsForThisAbi) {
  EXPECT_THAT(sdk::test::bytes_of(XPU_SOURCE_DIR "/sdk/sim/sim.toml"),
              HasSubstr("\nabi = \"" + std::to_string(XPU_ABI_MAJOR) + "." +
                        std::to_string(XPU_ABI_MINOR) + "\"\n"));
}

TEST_F(SimTest, ExportsOneSymbolAndNeedsNoCxxLibrary) {
  EXPECT_EQ(sdk::test::output_of("nm -D --defined-only --format=posix " XPU_SIM_LIBRARY
                                 " | cut -d' ' -f1,2"),
            "xpu_backend_entry T\n");
  const std::string needed = sdk::test::output_of("objdump -p " XPU_SIM_LIBRARY " | grep NEEDED");
  EXPECT_THAT(needed, HasSubstr("libc.so.6"));
#ifndef __SANITIZE_ADDRESS__
  EXPECT_THAT(needed, Not(HasSubstr("libstdc++")));
  EXPECT_THAT(needed, Not(HasSubstr("libgcc_s")));
#endif
}

}  // namespace
}  // namespace xpu::sim
