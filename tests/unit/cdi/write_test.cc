// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/cdi/spec.h"
#include "tests/unit/cdi/fixtures.h"

namespace xpu::cdi {
namespace {

Spec small() {
  Spec spec;
  spec.version = "0.5.0";
  spec.kind = "acme.example/anvil";
  Device device;
  device.name = "0:1";
  device.edits.nodes.push_back({.path = "/dev/anvil0", .host_path = "/dev/forge/anvil0"});
  device.edits.nodes[0].file_mode = 0666;
  device.edits.nodes[0].permissions = "rw";
  spec.devices.push_back(device);
  spec.edits.env = {"ANVIL=yes", "EMPTY="};
  spec.edits.mounts.push_back({"/usr/lib/libanvil.so.1", "/usr/lib/libanvil.so.1", "", {"ro"}});
  return spec;
}

// With every member that there is.
Spec full() {
  Spec spec = small();
  spec.version = "1.1.0";
  spec.annotations = {{"acme.example/made-by", "a \"forge\"\\"}, {"acme.example/hot", "true"}};
  spec.devices[0].annotations = {{"colour", "0x10"}};
  DeviceNode node;
  node.path = "/dev/anvil1";
  node.type = 'b';
  node.major = 10;
  node.minor = 0;
  node.uid = 0;
  node.gid = 44;
  spec.devices[0].edits.nodes.push_back(node);
  spec.devices[0].edits.net_devices = {{"eth9", "anvil0"}};
  spec.devices[0].edits.gids = {44, 107};
  spec.edits.mounts.push_back({"tmpfs", "/anvil", "tmpfs", {}});
  Hook hook;
  hook.name = "createContainer";
  hook.path = "/usr/bin/forge";
  hook.args = {"forge", "--hot", ""};
  hook.env = {"A=b"};
  hook.timeout = 5;
  spec.edits.hooks.push_back(hook);
  hook.env.clear();
  hook.timeout.reset();
  spec.edits.hooks.push_back(hook);
  Rdt rdt;
  rdt.clos_id = "anvils";
  rdt.l3_cache_schema = "L3:0=f";
  rdt.mem_bw_schema = "MB:0=70";
  rdt.schemata = {"L3:0=f"};
  rdt.enable_monitoring = rdt.enable_cmt = rdt.enable_mbm = true;
  spec.edits.rdt = rdt;
  return spec;
}

TEST(Write, Json) {
  EXPECT_EQ(write(small(), Format::kJson), R"({
  "cdiVersion": "0.5.0",
  "kind": "acme.example/anvil",
  "devices": [
    {
      "name": "0:1",
      "containerEdits": {
        "deviceNodes": [
          {
            "path": "/dev/anvil0",
            "hostPath": "/dev/forge/anvil0",
            "fileMode": 438,
            "permissions": "rw"
          }
        ]
      }
    }
  ],
  "containerEdits": {
    "env": [
      "ANVIL=yes",
      "EMPTY="
    ],
    "mounts": [
      {
        "hostPath": "/usr/lib/libanvil.so.1",
        "containerPath": "/usr/lib/libanvil.so.1",
        "options": [
          "ro"
        ]
      }
    ]
  }
}
)");
}

TEST(Write, Yaml) {
  EXPECT_EQ(write(small(), Format::kYaml), R"(---
cdiVersion: "0.5.0"
kind: acme.example/anvil
devices:
- name: "0:1"
  containerEdits:
    deviceNodes:
    - path: /dev/anvil0
      hostPath: /dev/forge/anvil0
      fileMode: 438
      permissions: rw
containerEdits:
  env:
  - ANVIL=yes
  - EMPTY=
  mounts:
  - hostPath: /usr/lib/libanvil.so.1
    containerPath: /usr/lib/libanvil.so.1
    options:
    - ro
)");
}

TEST(Write, IsReadAsTheSame) {
  for (const Spec& spec : {small(), full()}) {
    EXPECT_EQ(parse(write(spec, Format::kJson), "a.json"), spec);
    EXPECT_EQ(parse(write(spec, Format::kYaml), "a.yaml"), spec);
  }
}

// What YAML would take for something else, or for the end of something.
TEST(Write, QuotesWhatYamlWouldMisread) {
  Spec spec = small();
  spec.version = "0.6.0";
  int count = 0;
  for (const char* text : {"",
                           "yes",
                           "No",
                           "ON",
                           "null",
                           "~",
                           "true",
                           "FALSE",
                           "y",
                           "0",
                           "007",
                           "0x1f",
                           "1e3",
                           "1:30",
                           ".inf",
                           "-.inf",
                           ".nan",
                           "NaN",
                           "1_000",
                           "+1",
                           "- a",
                           "a: b",
                           "a #b",
                           "#a",
                           "a:",
                           "&a",
                           "*a",
                           "!a",
                           "|",
                           ">",
                           "%a",
                           "@a",
                           "`a`",
                           "'a'",
                           "\"a\"",
                           "{a}",
                           "[a]",
                           "a, b",
                           "?",
                           "? a",
                           " a",
                           "a ",
                           "a\\b",
                           "<<",
                           "=",
                           "2001-12-14",
                           "---",
                           "...",
                           "\xc3\xbc",
                           "\xf0\x9f\x94\xa5",
                           "/dev/acme:0",
                           "a=b: c"}) {
    spec.devices[0].annotations.emplace_back("k" + std::to_string(count++), text);
  }
  EXPECT_EQ(parse(write(spec, Format::kYaml), "a.yaml"), spec);
  EXPECT_EQ(parse(write(spec, Format::kJson), "a.json"), spec);
}

TEST(Write, ALongTextStaysOnOneLine) {
  Spec spec = small();
  std::string words = "WORDS=";
  for (int i = 0; i < 200; ++i) {
    words += "word and ";
  }
  spec.edits.env.push_back(words + "end");
  EXPECT_EQ(parse(write(spec, Format::kYaml), "a.yaml"), spec);
  EXPECT_THAT(write(spec, Format::kYaml), testing::HasSubstr(words + "end\"\n"));
}

// Files that others wrote.
TEST(Write, WhatWasReadIsReadAsTheSame) {
  const std::vector<std::string> files = test::cdi_fixtures();
  if (files.empty()) {
    GTEST_SKIP() << "no CDI files among the fixtures";
  }
  std::size_t count = 0;
  for (const std::string& path : files) {
    Spec spec;
    try {
      spec = parse(read_file(path, 1U << 20), path);
    } catch (const Error&) {
      continue;  // parse_test.cc is about those
    }
    ++count;
    EXPECT_EQ(parse(write(spec, Format::kJson), "a.json"), spec) << path;
    EXPECT_EQ(parse(write(spec, Format::kYaml), "a.yaml"), spec) << path;
  }
  EXPECT_GT(count, 35U);
}

TEST(Write, RefusesWhatIsNoUtf8) {
  Spec spec = small();
  spec.edits.env.push_back("A=\xff");
  try {
    write(spec, Format::kYaml);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "cannot write a text as YAML: it is not UTF-8");
  }
}

}  // namespace
}  // namespace xpu::cdi
