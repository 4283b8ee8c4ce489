// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <string>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/cdi/spec.h"
#include "core/cdi/tree.h"
#include "tests/unit/cdi/fixtures.h"

namespace xpu::cdi {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string refusal(const std::string& text, const std::string& source) {
  try {
    parse(text, source);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}
std::string refusal(const std::string& text) {
  return refusal(text, text.starts_with('{') ? "/cdi/a.json" : "/cdi/a.yaml");
}

// A file with these edits of its only device.
std::string json_with(const std::string& edits, const std::string& version = "1.1.0") {
  return R"({"cdiVersion":")" + version +
         R"(","kind":"acme.com/anvil","devices":[{"name":"one","containerEdits":)" + edits + "}]}";
}

constexpr const char* kFull = R"(# every member there is
cdiVersion: "1.1.0"
kind: acme.com/anvil
annotations:
  acme.com/made-by: forge
devices:
- name: "0"
  annotations: {colour: red}
  containerEdits:
    env: [ANVIL=0, "EMPTY="]
    deviceNodes:
    - path: /dev/anvil0
      hostPath: /dev/forge/anvil0
      type: c
      major: 240
      minor: 0x10
      fileMode: 0660
      permissions: rw
      uid: 7
      gid: 44
    netDevices:
    - hostInterfaceName: eth9
      name: anvil0
    mounts:
    - hostPath: //usr//lib/libanvil.so/
      containerPath: /usr/lib/libanvil.so
      type: bind
      options: [ro, nosuid]
    - hostPath: tmpfs
      containerPath: /tmp/anvil
      type: tmpfs
    hooks:
    - hookName: createContainer
      path: /usr/bin/anvil-hook
      args: [anvil-hook, --fast]
      env: [PATH=/bin]
      timeout: 5
    intelRdt:
      closID: fast
      l3CacheSchema: "L3:0=f"
      memBwSchema: "MB:0=70"
      schemata: ["L3:0=f"]
      enableMonitoring: true
    additionalGids: [44, 0, 44, 5]
containerEdits:
  env:
  - ANVILS=yes
)";

TEST(Parse, ReadsEveryMember) {
  const Spec spec = parse(kFull, "/etc/cdi/full.yaml");
  EXPECT_EQ(spec.version, "1.1.0");
  EXPECT_EQ(spec.kind, "acme.com/anvil");
  EXPECT_THAT(spec.annotations, ElementsAre(Pair("acme.com/made-by", "forge")));
  EXPECT_THAT(spec.edits.env, ElementsAre("ANVILS=yes"));
  ASSERT_EQ(spec.devices.size(), 1U);
  const Device& device = spec.devices[0];
  EXPECT_EQ(device.name, "0");
  EXPECT_THAT(device.annotations, ElementsAre(Pair("colour", "red")));
  const Edits& edits = device.edits;
  EXPECT_THAT(edits.env, ElementsAre("ANVIL=0", "EMPTY="));
  EXPECT_THAT(edits.nodes, ElementsAre(DeviceNode{"/dev/anvil0", "/dev/forge/anvil0", 'c', 240, 16,
                                                  0660, 7, 44, "rw"}));
  EXPECT_THAT(edits.net_devices, ElementsAre(NetDevice{"eth9", "anvil0"}));
  EXPECT_THAT(
      edits.mounts,
      ElementsAre(Mount{"/usr/lib/libanvil.so", "/usr/lib/libanvil.so", "bind", {"ro", "nosuid"}},
                  Mount{"tmpfs", "/tmp/anvil", "tmpfs", {}}));
  EXPECT_THAT(
      edits.hooks,
      ElementsAre(Hook{
          "createContainer", "/usr/bin/anvil-hook", {"anvil-hook", "--fast"}, {"PATH=/bin"}, 5}));
  EXPECT_EQ(edits.rdt, (Rdt{"fast", "L3:0=f", "MB:0=70", {"L3:0=f"}, true, false, false}));
  EXPECT_THAT(edits.gids, ElementsAre(44U, 5U));
}

struct Wrong {
  const char* text;
  const char* message;  // without "/cdi/a.json: " or "/cdi/a.yaml: "
};

// clang-format off
const Wrong kWrongEdits[] = {
  {R"([])", "devices[0].containerEdits: not an object"},
  {R"({})", "devices[0].containerEdits: the device one brings nothing into a container"},
  {R"({"env":["A=b"],"extra":1})", "devices[0].containerEdits.extra: the CDI specification has no such member"},
  {R"({"env":"A=b"})", "devices[0].containerEdits.env: not a list"},
  {R"({"env":[1]})", "devices[0].containerEdits.env[0]: not a text"},
  {R"({"env":["A"]})", "devices[0].containerEdits.env[0]: 'A' is not of the form NAME=value"},
  {R"({"env":["=b"]})", "devices[0].containerEdits.env[0]: '=b' is not of the form NAME=value"},
  {R"({"env":["A=b\nc"]})", "devices[0].containerEdits.env[0]: longer than 32768 bytes, or has control characters"},
  {R"({"deviceNodes":[{}]})", "devices[0].containerEdits.deviceNodes[0]: the member path is missing"},
  {R"({"deviceNodes":[{"path":"dev/a"}]})", "devices[0].containerEdits.deviceNodes[0].path: 'dev/a' is not an absolute path without . and .."},
  {R"({"deviceNodes":[{"path":"/dev/../a"}]})", "devices[0].containerEdits.deviceNodes[0].path: '/dev/../a' is not an absolute path without . and .."},
  {R"({"deviceNodes":[{"path":"/dev/a","hostPath":"./a"}]})", "devices[0].containerEdits.deviceNodes[0].hostPath: './a' is not an absolute path without . and .."},
  {R"({"deviceNodes":[{"path":"/dev/a","type":"x"}]})", "devices[0].containerEdits.deviceNodes[0].type: 'x' is no type of a node: b, c, u or p"},
  {R"({"deviceNodes":[{"path":"/dev/a","major":-1}]})", "devices[0].containerEdits.deviceNodes[0].major: not a whole number from 0 to 4294967295"},
  {R"({"deviceNodes":[{"path":"/dev/a","minor":1.5}]})", "devices[0].containerEdits.deviceNodes[0].minor: not a whole number from 0 to 4294967295"},
  {R"({"deviceNodes":[{"path":"/dev/a","minor":"1"}]})", "devices[0].containerEdits.deviceNodes[0].minor: not a whole number from 0 to 4294967295"},
  {R"({"deviceNodes":[{"path":"/dev/a","fileMode":4096}]})", "devices[0].containerEdits.deviceNodes[0].fileMode: not a whole number from 0 to 4095"},
  {R"({"deviceNodes":[{"path":"/dev/a","uid":4294967295}]})", "devices[0].containerEdits.deviceNodes[0].uid: not a whole number from 0 to 4294967294"},
  {R"({"deviceNodes":[{"path":"/dev/a","permissions":"rx"}]})", "devices[0].containerEdits.deviceNodes[0].permissions: 'rx' is not made of r, w and m"},
  {R"({"netDevices":[{"hostInterfaceName":"a/b","name":"c"}]})", "devices[0].containerEdits.netDevices[0].hostInterfaceName: 'a/b' is no name of a network interface"},
  {R"({"netDevices":[{"hostInterfaceName":"a"}]})", "devices[0].containerEdits.netDevices[0]: the member name is missing"},
  {R"({"mounts":[{"hostPath":"a","containerPath":"/b"}]})", "devices[0].containerEdits.mounts[0].hostPath: 'a' is not an absolute path without . and .."},
  {R"({"mounts":[{"hostPath":"","containerPath":"/b","type":"tmpfs"}]})", "devices[0].containerEdits.mounts[0].hostPath: empty"},
  {R"({"mounts":[{"hostPath":"/a","containerPath":"/"}]})", "devices[0].containerEdits.mounts[0].containerPath: a mount cannot take the place of the container's whole file system"},
  {R"({"mounts":[{"hostPath":"/a"}]})", "devices[0].containerEdits.mounts[0]: the member containerPath is missing"},
  {R"({"hooks":[{"hookName":"early","path":"/a"}]})", "devices[0].containerEdits.hooks[0].hookName: OCI has no hook 'early'"},
  {R"({"hooks":[{"hookName":"prestart","path":"a"}]})", "devices[0].containerEdits.hooks[0].path: 'a' is not an absolute path without . and .."},
  {R"({"hooks":[{"hookName":"prestart","path":"/a","timeout":0}]})", "devices[0].containerEdits.hooks[0].timeout: not a whole number from 1 to 86400"},
  {R"({"hooks":[{"hookName":"prestart","path":"/a","env":["b"]}]})", "devices[0].containerEdits.hooks[0].env[0]: 'b' is not of the form NAME=value"},
  {R"({"intelRdt":{"closID":"a/b"}})", "devices[0].containerEdits.intelRdt.closID: 'a/b' is no name of a folder"},
  {R"({"intelRdt":{"enableMonitoring":1}})", "devices[0].containerEdits.intelRdt.enableMonitoring: neither true nor false"},
  {R"({"additionalGids":[-1]})", "devices[0].containerEdits.additionalGids[0]: not a whole number from 0 to 4294967294"},
};

const Wrong kWrongFiles[] = {
  {R"({"kind":"a/b","devices":[]})", "the member cdiVersion is missing"},
  {R"({"cdiVersion":"0.9.0","kind":"a/b","devices":[]})", "cdiVersion: '0.9.0' is no version of the CDI specification that this program knows; it knows 0.1.0, 0.2.0, 0.3.0, 0.4.0, 0.5.0, 0.6.0, 0.7.0, 0.8.0, 1.0.0, 1.1.0"},
  {R"({"cdiVersion":"0.6.0","devices":[]})", "the member kind is missing"},
  {R"({"cdiVersion":"0.6.0","kind":"ab","devices":[]})", "kind: 'ab' is not of the form VENDOR/CLASS"},
  {R"({"cdiVersion":"0.6.0","kind":"a/b"})", "the member devices is missing"},
  {R"({"cdiVersion":"0.6.0","kind":"a/b","devices":[]})", "devices: a CDI file describes at least one"},
  {R"({"cdiVersion":"0.6.0","kind":"a/b","devices":[{"containerEdits":{}}]})", "devices[0]: the member name is missing"},
  {R"({"cdiVersion":"0.6.0","kind":"a/b","devices":[{"name":"-","containerEdits":{}}]})", "devices[0].name: '-' is no name of a device: letters, digits, and between them also _ - . :"},
  {R"({"cdiVersion":"0.6.0","kind":"a/b","devices":[{"name":"x"}]})", "devices[0]: the member containerEdits is missing"},
  {R"({"cdiVersion":"0.6.0","kind":"a/b","devices":[{"name":"x","containerEdits":{"env":["A=b"]}},{"name":"x","containerEdits":{"env":["A=b"]}}]})", "devices[1].name: the device x is there already, as devices[0]"},
  {R"({"cdiVersion":"0.6.0","kind":"a/b","annotations":{"-":"c"},"devices":[]})", "annotations: '-' is no key of an annotation"},
  {R"({"cdiVersion":"0.6.0","kind":"a/b","annotations":[],"devices":[]})", "annotations: not an object"},
  {R"({"cdiVersion":"0.6.0","kind":"a/b","annotations":{"a":1},"devices":[]})", "annotations.a: not a text"},
  {R"({"cdiVersion":"0.6.0","cdiVersion":"0.6.0"})", "the member \"cdiVersion\" is there twice in one object"},
};
// clang-format on

TEST(Parse, NamesTheMemberThatIsWrong) {
  for (const Wrong& wrong : kWrongEdits) {
    EXPECT_EQ(refusal(json_with(wrong.text)), std::string("/cdi/a.json: ") + wrong.message)
        << wrong.text;
  }
  for (const Wrong& wrong : kWrongFiles) {
    EXPECT_EQ(refusal(wrong.text), std::string("/cdi/a.json: ") + wrong.message) << wrong.text;
  }
  EXPECT_EQ(refusal("[]", "/cdi/b.yaml"), "/cdi/b.yaml: a CDI file is one object");
  EXPECT_EQ(refusal("", "/cdi/b.yaml"), "/cdi/b.yaml: a CDI file is one object");
}

TEST(Parse, KnowsWhatNeedsWhichVersion) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"env":["A=b"]})", "0.3.0"},
      {R"({"mounts":[{"hostPath":"/a","containerPath":"/b"}]})", "0.3.0"},
      {R"({"mounts":[{"hostPath":"/a","containerPath":"/b","type":"bind"}]})", "0.4.0"},
      {R"({"deviceNodes":[{"path":"/dev/a","hostPath":"/dev/b"}]})", "0.5.0"},
      {R"({"additionalGids":[5]})", "0.7.0"},
      {R"({"intelRdt":{"closID":"a"}})", "0.7.0"},
      {R"({"intelRdt":{"schemata":["a"]}})", "1.1.0"},
      {R"({"intelRdt":{"enableMonitoring":true}})", "1.1.0"},
      {R"({"netDevices":[{"hostInterfaceName":"a","name":"b"}]})", "1.1.0"},
  };
  for (const auto& [edits, version] : cases) {
    EXPECT_EQ(minimum_version(parse(json_with(edits), "a.json")), version) << edits;
    EXPECT_EQ(refusal(json_with(edits, version)), "") << edits;
  }
  EXPECT_EQ(refusal(json_with(R"({"env":["A=b"]})", "0.1.0")), "");
  EXPECT_EQ(refusal(json_with(R"({"env":["A=b"]})", "v0.2.0")), "");
  EXPECT_EQ(refusal(json_with(R"({"additionalGids":[5]})", "0.6.0")),
            "/cdi/a.json: cdiVersion: 0.6.0 does not have everything that is used; it must be at "
            "least 0.7.0");
  Spec spec = parse(json_with(R"({"env":["A=b"]})"), "a.json");
  spec.devices[0].name = "0";
  EXPECT_EQ(minimum_version(spec), "0.5.0");
  spec.kind = "acme.com/big.anvil";
  EXPECT_EQ(minimum_version(spec), "0.6.0");
  spec.kind = "acme.com/anvil";
  spec.devices[0].annotations.emplace_back("a", "b");
  EXPECT_EQ(minimum_version(spec), "0.6.0");
}

TEST(Yaml, RefusesWithALine) {
  // clang-format off
  const Wrong cases[] = {
    {"a: [", ":2: not YAML: did not find expected node content"},
    {"a: b: c", ":1: not YAML: mapping values are not allowed in this context"},
    {"\tkind: a/b", ":1: not YAML: found character that cannot start any token"},
    {"kind: a\nkind: b", ":2: the key kind is there twice in one map"},
    {"kind: *x", ":1: the alias *x has no anchor before it"},
    {"kind: !vendor/x a", ":1: the tag !vendor/x means nothing in a CDI file"},
    {"kind: !!int abc", ":1: 'abc' is no value of the tag tag:yaml.org,2002:int"},
    {"? [a]\n: b", ":1: a key that is no text"},
    {"<<: 5", ":1: the merge key << takes maps"},
    {"<<: [5]", ":1: the merge key << takes maps"},
    {"a: b\n---\nc: d", ":2: a second document; a CDI file has one"},
  };
  // clang-format on
  for (const Wrong& wrong : cases) {
    EXPECT_EQ(refusal(wrong.text, "/cdi/a.yaml"), std::string("/cdi/a.yaml") + wrong.message)
        << wrong.text;
  }
}

TEST(Yaml, BoundsAliases) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) {
      bomb += ", " + before;
    }
    bomb += "]\n";
  }
  EXPECT_THAT(refusal(bomb, "/cdi/a.yaml"),
              HasSubstr("more or deeper values than any CDI file has"));
  EXPECT_THAT(refusal(std::string(5000, '['), "/cdi/a.yaml"), HasSubstr("more or deeper values"));
  EXPECT_THAT(
      refusal("{\"a\":" + std::string(500, '[') + std::string(500, ']') + "}", "/cdi/a.json"),
      HasSubstr("more or deeper values"));
  std::string keys;
  for (int i = 0; i < 1025; ++i) {
    keys += "k" + std::to_string(i) + ": 1\n";
  }
  EXPECT_EQ(refusal(keys, "/cdi/a.yaml"), "/cdi/a.yaml:1025: more than 1024 keys in one map");
}

TEST(Yaml, ReadsPlainScalarsAsItsReadersDo) {
  const std::pair<const char*, const char*> cases[] = {
      {"017", "15"},     {"0x1F", "31"},   {"0b11", "3"},   {"0o17", "15"},
      {"1_000", "1000"}, {"-5", "-5"},     {"+7", "7"},     {"yes", "true"},
      {"Off", "false"},  {"text", "text"}, {"'017'", "017"}};
  for (const auto& [written, read] : cases) {
    EXPECT_EQ(tree_of_yaml(std::string("a: ") + written, "a.yaml").map[0].value.text, read);
  }
  EXPECT_EQ(tree_of_yaml("a: 1.5", "a.yaml").map[0].value.kind, Tree::Kind::kNumber);
  EXPECT_EQ(tree_of_yaml("a: ~", "a.yaml").map[0].value.kind, Tree::Kind::kNull);
  EXPECT_EQ(tree_of_yaml("a: !!str 5", "a.yaml").map[0].value.kind, Tree::Kind::kString);
}

TEST(Yaml, MergesAndCopies) {
  const Tree tree = tree_of_yaml(
      "base: &base {a: 1, b: 2}\nother: &other {b: 3, c: 4}\n"
      "one: {<<: *base, b: 5}\ntwo: {<<: [*base, *other]}\nthree: *base\n",
      "a.yaml");
  const auto values = [&](std::size_t at) {
    std::string out;
    for (const auto& [key, value] : tree.map[at].value.map) {
      out += key + value.text + " ";
    }
    return out;
  };
  EXPECT_EQ(values(2), "b5 a1 ");
  EXPECT_EQ(values(3), "a1 b2 c4 ");
  EXPECT_EQ(values(4), "a1 b2 ");
}

// Files that others wrote and that conforming consumers take.
TEST(Fixtures, AreRead) {
  const std::vector<std::string> files = test::cdi_fixtures();
  if (files.empty()) {
    GTEST_SKIP() << "no CDI files among the fixtures";
  }
  std::size_t count = 0;
  for (const std::string& path : files) {
    // Some say an older version than they need, which the reference library refuses too, and some
    // are templates.
    const std::string refused = refusal(read_file(path, 1U << 20), path);
    EXPECT_THAT(refused, AnyOf("", HasSubstr("; it must be at least 0."),
                               HasSubstr("found character that cannot start any token")));
    count += refused.empty() ? 1 : 0;
  }
  EXPECT_GT(count, 35U);
}

}  // namespace
}  // namespace xpu::cdi
