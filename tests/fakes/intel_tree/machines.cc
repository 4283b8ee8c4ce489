// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <stdexcept>

#include "tests/fakes/intel_tree/intel_tree.h"

namespace xpu::fakes {
namespace {

constexpr unsigned kIntel = 0x8086, kHabana = 0x1da3;
constexpr unsigned kVga = 0x030000, kDisplay = 0x038000, kProcessing = 0x120000;

std::string address(unsigned bus, unsigned function = 0) {
  char text[32];
  std::snprintf(text, sizeof text, "0000:%02x:00.%x", bus, function);
  return text;
}

void laptop(IntelTree& tree) {
  tree.pci("0000:00:02.0", kIntel, 0x7d55, kVga, "i915");
  tree.drm("0000:00:02.0", 1);
  // The second one is the media engine.
  tree.card_attribute(1, "gt/gt0/id", "0\n");
  tree.card_attribute(1, "gt/gt1/id", "1\n");
  tree.pci("0000:03:00.0", kIntel, 0xe20b, kVga, "xe");
  tree.drm("0000:03:00.0", 0);
  tree.attribute("0000:03:00.0", "tile0/gt0/freq0/act_freq", "0\n");
  tree.attribute("0000:03:00.0", "vram_d3cold_threshold", "300\n");
  tree.file("/sys/fs/cgroup/dmem.capacity", "drm/0000:03:00.0/vram0 12809404416\n");
  tree.pci("0000:00:0b.0", kIntel, 0x7d1d, kProcessing, "intel_vpu");
  tree.accel("0000:00:0b.0", "accel0");
}

void max(IntelTree& tree) {
  for (unsigned i = 0; i < 8; ++i) {
    const std::string pci = address(0x18 + 0x10 * i);
    tree.pci(pci, kIntel, 0x0bd5, kDisplay, "i915", i < 4 ? 0 : 1);
    tree.drm(pci, i);
    tree.card_attribute(i, "lmem_total_bytes", "137438953472\n");
    tree.card_attribute(i, "gt/gt0/id", "0\n");
    tree.card_attribute(i, "gt/gt1/id", "1\n");
  }
  tree.file("/sys/module/i915/version", "1.24.2.17.240301.20+i29-1\n");
}

void flex(IntelTree& tree) {
  tree.pci(address(0x4d), kIntel, 0x56c0, kDisplay, "i915", 0);
  tree.drm(address(0x4d), 0);
  tree.card_attribute(0, "lmem_total_bytes", "14495514624\n");
  for (unsigned i = 0; i < 3; ++i) {
    tree.pci(address(0x4d, i + 1), kIntel, 0x56c0, kDisplay, i == 2 ? "vfio-pci" : "i915", 0);
    tree.virtual_function(address(0x4d), i, address(0x4d, i + 1));
  }
  // Cards in the other order than the functions.
  tree.drm(address(0x4d, 2), 1);
  tree.drm(address(0x4d, 1), 2);
}

void gaudi(IntelTree& tree, unsigned first_node, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    const std::string pci = address(0x10 + 8 * i), number = std::to_string(first_node + i);
    tree.pci(pci, kHabana, 0x1020, kProcessing, "habanalabs", i < count / 2 ? 0 : 1);
    tree.accel(pci, "accel" + number);
    tree.accel_control(first_node + i);
    tree.attribute(pci, "device_type", "GAUDI2\n");
    tree.attribute(pci, "status", "Operational\n");
    tree.attribute(pci, "module_id", std::to_string((i + 3) % count) + "\n");
    tree.verbs(pci, i, "hlib_" + std::to_string(i));
  }
  tree.file("/sys/module/habanalabs/version", "1.21.0-f28d1e8\n");
}

void old_gaudi(IntelTree& tree) {
  for (unsigned i = 0; i < 8; ++i) {
    const std::string pci = address(0x20 + i), number = std::to_string(i);
    tree.pci(pci, kHabana, 0x1000, kProcessing, "habanalabs", 0);
    tree.old_gaudi(pci, "hl" + number);
    tree.old_gaudi(pci, "hl_controlD" + number);
    const std::string folder = "/sys/devices/virtual/habanalabs/hl" + number;
    tree.file(folder + "/device_type", "GAUDI\n");
    tree.file(folder + "/status", i == 5 ? "Malfunction\n" : "Operational\n");
  }
}

void mixed(IntelTree& tree) {
  for (unsigned i = 0; i < 2; ++i) {
    tree.pci(address(3 + i), kIntel, 0xe20b, kVga, "xe");
    tree.drm(address(3 + i), i);
  }
  tree.pci("0000:00:0b.0", kIntel, 0x7d1d, kProcessing, "intel_vpu");
  tree.accel("0000:00:0b.0", "accel0");
  gaudi(tree, 1, 11);
}

}  // namespace

void make_machine(IntelTree& tree, const std::string& name) {
  if (name == "laptop") {
    laptop(tree);
  } else if (name == "max") {
    max(tree);
  } else if (name == "flex") {
    flex(tree);
  } else if (name == "gaudi") {
    gaudi(tree, 0, 16);
  } else if (name == "old-gaudi") {
    old_gaudi(tree);
  } else if (name == "mixed") {
    mixed(tree);
  } else {
    throw std::invalid_argument("no machine is called " + name);
  }
}

std::string level_zero_of(const std::string& machine) {
  if (machine == "laptop") {
    return "device 0000:03:00.0\nid e20b\nname Intel(R) Arc(TM) B580 Graphics\n"
           "uuid 868050e200000000030000000000000a\nserial 0123\ntiles 0\n"
           "memory 12884901888 1\n"
           "device 0000:00:02.0\nid 7d55\nmodel Intel(R) Arc(TM) Graphics\nintegrated\n"
           "uuid 8680557d00000000000200000000000b\nsystem 33000000000\n";
  }
  std::string text;
  for (unsigned i = 0; machine == "max" && i < 8; ++i) {
    text += "device " + address(0x18 + 0x10 * i) +
            "\nid 0bd5\nname Intel(R) Data Center GPU Max 1550\ntiles 2\n"
            "memory 68719476736 1\nmemory 68719476736 1\nuuid 8680d50b2f00000018000000000000" +
            std::to_string(10 + i) + "\n";
  }
  return text;
}

}  // namespace xpu::fakes
