// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "core/base/error.h"
#include "core/catalog/catalog.h"
#include "tests/unit/catalog/sample.h"

namespace xpu {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view json) {
  try {
    catalog_from_json(json, "acme.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(CatalogJson, KeepsEveryField) {
  const Catalog before = sample_catalog();
  const Catalog after = catalog_from_json(to_json(before), "test");
  EXPECT_EQ(to_json(after), to_json(before));

  EXPECT_EQ(after.backend, "acme");
  EXPECT_EQ(after.version, "1.2.3");
  EXPECT_EQ(after.abi, "1.0");
  EXPECT_EQ(after.state, CatalogState::kReady);
  EXPECT_TRUE(after.simulated);
  EXPECT_EQ(after.capabilities, before.capabilities);
  EXPECT_EQ(after.properties, before.properties);
  ASSERT_EQ(after.devices.size(), 2U);
  const Device& device = after.devices[0];
  EXPECT_EQ(device.id, "acme:0");
  EXPECT_EQ(device.vendor, "acme");
  EXPECT_EQ(device.index, "0");
  EXPECT_EQ(device.uuid, "ACME-1111");
  EXPECT_EQ(device.name, "Acme Anvil");
  EXPECT_EQ(device.kind, DeviceKind::kNpu);
  EXPECT_EQ(device.memory_bytes, 0xffffffffffffffffULL);
  EXPECT_EQ(device.architecture, "8.9");
  EXPECT_EQ(device.driver, "535.1");
  EXPECT_EQ(device.pci, "0000:65:00.0");
  EXPECT_EQ(device.numa_node, 1);
  EXPECT_EQ(device.aliases, before.devices[0].aliases);
  EXPECT_EQ(device.properties, before.devices[0].properties);
  EXPECT_TRUE(device.in_all);
  EXPECT_TRUE(device.available);
  const Device& part = after.devices[1];
  EXPECT_EQ(part.kind, DeviceKind::kPartition);
  EXPECT_EQ(part.parent, "acme:0");
  EXPECT_EQ(part.numa_node, -1);
  EXPECT_FALSE(part.in_all);
  EXPECT_FALSE(part.available);
  EXPECT_EQ(part.reason, "in exclusive use");
  ASSERT_EQ(after.interconnects.size(), 1U);
  EXPECT_EQ(after.interconnects[0].peer, "acme:0:1");
  EXPECT_EQ(after.interconnects[0].weight, 4U);
  ASSERT_EQ(after.edits.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(after.edits[i].scope, before.edits[i].scope);
    EXPECT_EQ(after.edits[i].nodes, before.edits[i].nodes);
    EXPECT_EQ(after.edits[i].files, before.edits[i].files);
    EXPECT_EQ(after.edits[i].env, before.edits[i].env);
    EXPECT_EQ(after.edits[i].links, before.edits[i].links);
    EXPECT_EQ(after.edits[i].values, before.edits[i].values);
    EXPECT_EQ(after.edits[i].texts, before.edits[i].texts);
    EXPECT_EQ(after.edits[i].notes, before.edits[i].notes);
    EXPECT_EQ(after.edits[i].image_folders, before.edits[i].image_folders);
  }
  ASSERT_EQ(after.conditions.size(), 4U);
  EXPECT_EQ(after.conditions[1].kind, ConditionKind::kListing);
  EXPECT_EQ(after.conditions[1].path, "/sys/class");
  EXPECT_EQ(after.conditions[3].expected, "60");
}

// Every start reads it.
TEST(CatalogJson, LeavesOutDefaults) {
  Catalog catalog;
  catalog.backend = "acme";
  EditGroup& group = catalog.edits.emplace_back();
  group.nodes = {{"/dev/null", "/dev/acme0", 'c', 1, 3}};
  group.env = {{"A", "1"}};
  group.texts = {{"/etc/a", ""}};
  group.notes = {{false, "x"}};
  EXPECT_EQ(to_json(catalog),
            R"({"backend":"acme","state":"ready","edits":[{"nodes":[{"host_path":"/dev/null",)"
            R"("container_path":"/dev/acme0","type":"c","major":1,"minor":3}],)"
            R"("env":[{"name":"A","value":"1"}],"texts":[{"path":"/etc/a","content":""}],)"
            R"("notes":[{"text":"x"}]}]})");
}

TEST(CatalogJson, KeepsEveryState) {
  for (CatalogState state : {CatalogState::kReady, CatalogState::kAbsent, CatalogState::kFailed,
                             CatalogState::kRefused}) {
    Catalog catalog;
    catalog.backend = "acme";
    catalog.state = state;
    catalog.reason = "because";
    const Catalog after = catalog_from_json(to_json(catalog), "test");
    EXPECT_EQ(after.state, state);
    EXPECT_EQ(after.reason, "because");
  }
}

TEST(CatalogJson, RefusesWhatIsNotADescription) {
  EXPECT_THAT(error_of(""), HasSubstr("acme.json: not a description in JSON: "));
  EXPECT_THAT(error_of("{\"backend\":\"acme\""), HasSubstr("not a description in JSON: "));
  EXPECT_THAT(error_of("{} {}"), HasSubstr("not a description in JSON: "));
  EXPECT_THAT(error_of("{\"backend\":\"\xff\"}"), HasSubstr("not a description in JSON: "));
  EXPECT_EQ(error_of("[]"), "acme.json: the description is not an object");
  EXPECT_EQ(error_of(R"({"backend":7})"), "acme.json: backend of the description is not text");
  EXPECT_EQ(error_of(R"({"simulated":1})"),
            "acme.json: simulated of the description is not true or false");
  EXPECT_EQ(error_of(R"({"state":"fine"})"),
            "acme.json: state of the description is not a value that is known");
  EXPECT_EQ(error_of(R"({"devices":{}})"), "acme.json: devices of the description is not a list");
  EXPECT_EQ(error_of(R"({"properties":[]})"),
            "acme.json: properties of the description is not an object");
  EXPECT_EQ(error_of(R"({"devices":[{}, 4]})"), "acme.json: devices[1] is not an object");
  EXPECT_EQ(error_of(R"({"devices":[{"memory_bytes":-1}]})"),
            "acme.json: memory_bytes of devices[0] is not a number in range");
  EXPECT_EQ(error_of(R"({"edits":[{"nodes":[{"major":4294967296}]}]})"),
            "acme.json: major of nodes[0] is not a number in range");
  EXPECT_EQ(error_of(R"({"edits":[{"nodes":[{"type":"cc"}]}]})"),
            "acme.json: type of nodes[0] is not one character");
  EXPECT_EQ(error_of(R"({"edits":[{"values":[{"combine":"sum"}]}]})"),
            "acme.json: combine of values[0] is not a value that is known");
  EXPECT_EQ(error_of(R"({"devices":[{"colour":"red"}]})"),
            "acme.json: devices[0] has a key that is not known or occurs twice");
}

TEST(CatalogJson, RefusesDeepNesting) {
  EXPECT_THAT(error_of(std::string(100000, '[')), HasSubstr("not a description in JSON: "));
}

}  // namespace
}  // namespace xpu
