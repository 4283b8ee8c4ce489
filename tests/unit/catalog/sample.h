// SPDX-License-Identifier: Apache-2.0
// A description that uses every part once and is valid on any Linux host.
#pragma once

#include "core/catalog/catalog.h"

namespace xpu {

inline Device sample_device(const std::string& index) {
  Device device;
  device.vendor = "acme";
  device.index = index;
  device.id = "acme:" + index;
  device.name = "Acme Anvil";
  return device;
}

inline Catalog sample_catalog() {
  Catalog catalog;
  catalog.backend = "acme";
  catalog.version = "1.2.3";
  catalog.abi = "1.0";
  catalog.simulated = true;
  catalog.capabilities = {"compute", "utility", "channels"};
  catalog.properties = {{"driver", "535.1"}};

  Device device = sample_device("0");
  device.uuid = "ACME-1111";
  device.kind = DeviceKind::kNpu;
  device.memory_bytes = 0xffffffffffffffffULL;
  device.architecture = "8.9";
  device.driver = "535.1";
  device.pci = "0000:65:00.0";
  device.numa_node = 1;
  device.aliases = {"card\"0\\", "0000:65:00.0", "größe"};
  device.properties = {{"price-per-hour", "0.53"}};
  catalog.devices.push_back(device);
  device = sample_device("0:1");
  device.kind = DeviceKind::kPartition;
  device.parent = "acme:0";
  device.in_all = false;
  device.available = false;
  device.reason = "in exclusive use";
  catalog.devices.push_back(device);

  catalog.interconnects = {{"acme:0", "acme:0:1", "pcie", 4}};
  EditGroup group;
  group.scope = {"acme:0", "compute"};
  group.nodes = {{"/dev/null", "/dev/acme0", 'c', 1, 3, 0660, 7, 44}};
  File library;
  library.kind = FileKind::kLibrary;
  library.host_path = "/opt/acme/libacme.so.535.1";
  library.container_path = "sub/libacme.so.1";
  library.soname = "libacme.so.1";
  library.architecture = "x86_64";
  library.links = {"libacme.so"};
  File data;
  data.host_path = "/opt/acme/acme.json";
  data.container_path = "/etc/acme/acme.json";
  group.files = {library, data};
  group.env = {{"ACME_HOME", "/opt/acme"}, {"ACME_MASK", "${mask}", true}};
  group.links = {{"/dev/acme/by-path/x", "../acme0"}};
  group.values = {{Combine::kBits, "mask", "63"}, {Combine::kList, "ids", "a b"}};
  catalog.edits.push_back(group);

  group = EditGroup();
  group.scope = {"", "channels", "7", ""};
  group.texts = {{"/etc/acme/ids", "ids\t${ids}$$\n", true}, {"/etc/acme/fixed", "$\n", false}};
  group.notes = {{true, "acme:0 is slow"}, {false, "so it is"}};
  catalog.edits.push_back(group);

  group = EditGroup();
  group.scope = {"", "", "", "libacme.so.1,/opt/acme-*/lib"};
  group.image_folders = {{"/usr/local/acme/compat", "libacme.so", "535.1"}};
  catalog.edits.push_back(group);
  catalog.conditions = {{ConditionKind::kStat, "/etc/hostname", ""},
                        {ConditionKind::kListing, "/sys/class", ""},
                        {ConditionKind::kContent, "/proc/version", ""},
                        {ConditionKind::kSeconds, "", "60"}};
  return catalog;
}

}  // namespace xpu
