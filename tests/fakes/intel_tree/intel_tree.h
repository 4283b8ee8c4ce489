// SPDX-License-Identifier: Apache-2.0
// Hosts with Intel devices as the kernel shows them: sysfs, device nodes, and a fake Level Zero
// loader. One folder is driver-root, dev-root and sys-root.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace xpu::fakes {

using Number = std::pair<unsigned, unsigned>;

class IntelTree {
 public:
  // Nodes get the kernel's numbers, or those of `numbers` by their path.
  explicit IntelTree(std::string root, std::map<std::string, Number> numbers = {});

  // A PCI device below /sys/devices, bound to `driver` ("" for none).
  void pci(const std::string& address, unsigned vendor, unsigned device, unsigned device_class,
           const std::string& driver, int numa_node = -1);
  // Card and render node of it.
  void drm(const std::string& address, unsigned card);
  // "accel0" in class accel and /dev/accel.
  void accel(const std::string& address, const std::string& name);
  // A Gaudi's control node, which the kernel puts under no device.
  void accel_control(unsigned number);
  // "hl0" or "hl_controlD0" in the driver's own class, which the kernel puts under no device; the
  // node is in /dev, or in /dev/accel for "accel0".
  void old_gaudi(const std::string& address, const std::string& name);
  // An RDMA port "hlib_3" with the node /dev/infiniband/uverbs<number>.
  void verbs(const std::string& address, unsigned number, const std::string& name);
  // Virtual function `number` of a device, both made before.
  void virtual_function(const std::string& physical, unsigned number, const std::string& address);

  // A file, or a file of the PCI device.
  void file(const std::string& path, const std::string& content);
  void attribute(const std::string& address, const std::string& name, const std::string& content);
  // An attribute of a card: "lmem_total_bytes".
  void card_attribute(unsigned card, const std::string& name, const std::string& content);
  // The fake loader ("full" or "old") and what it says.
  void level_zero(const std::string& variant, const std::string& description);
  void node(const std::string& path, Number number);

  std::string device_folder(const std::string& address) const;  // inside the root

  // "PATH MAJOR:MINOR" of each node.
  std::vector<std::string> nodes;

 private:
  Number number_of(const std::string& path, Number of_kernel) const;
  void class_device(const std::string& address, const std::string& class_name,
                    const std::string& name, const std::string& path, Number of_kernel);
  void link(const std::string& path, const std::string& target);

  std::string root_;
  std::map<std::string, Number> numbers_;
};

// Whole machines, by name: laptop (integrated GPU with i915, B580 with xe, NPU), max (eight Max
// 1550 of two tiles), flex (Flex 170 with three virtual functions), gaudi (sixteen Gaudi 2 with
// RDMA), old-gaudi (eight of the driver before Linux 6.3), mixed (two GPUs, an NPU and eleven
// Gaudis). Throws std::invalid_argument for any other.
void make_machine(IntelTree& tree, const std::string& name);
// What Level Zero says about one of them that has GPUs.
std::string level_zero_of(const std::string& machine);

}  // namespace xpu::fakes
