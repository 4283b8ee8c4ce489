// SPDX-License-Identifier: Apache-2.0
#include "backends/intel/accelerators.h"

#include <algorithm>
#include <set>

#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"

namespace xpu::intel {
namespace {

constexpr const char* kNpuDriver = "intel_vpu";
constexpr const char* kGaudiDriver = "habanalabs";
constexpr std::uint32_t kProcessingClass = 0x12;

AcceleratorNode node_of(const sdk::Root& sys, const std::string& class_path,
                        const std::string& node) {
  return {node, sdk::parse_device_number(sys.read_line(class_path + "/dev"))};
}

Accelerator to_accelerator(const sdk::Root& sys, const ClassDevice& found, unsigned number,
                           AcceleratorNode node) {
  Accelerator out;
  out.folder = found.device;
  out.pci = found.pci;
  out.pci_file = found.pci_file;
  out.driver = found.driver;
  out.vendor = found.vendor;
  out.device_id = found.device_id;
  out.numa_node = sdk::numa_node(sys, found.device);
  out.number = number;
  out.node = std::move(node);
  return out;
}

// A tree that does not say which driver is bound still says what the device is.
bool is_npu(const sdk::Root& sys, const ClassDevice& found) {
  return found.driver == kNpuDriver ||
         (found.driver.empty() && found.vendor == kIntel &&
          sys.read_number(found.device + "/class").value_or(0) >> 16 == kProcessingClass);
}

// In the driver's own class there is nothing else.
bool is_gaudi(const ClassDevice& found, const std::string& class_folder) {
  return found.driver == kGaudiDriver ||
         (found.driver.empty() &&
          (found.vendor == kHabana || (found.vendor == 0 && class_folder == kOldGaudi)));
}

// Attributes are in the folder of the PCI device or, with the driver's own class, in that of the
// class device.
void read_attributes(const sdk::Root& sys, const ClassDevice& found, Accelerator& out) {
  auto file = [&](const char* name) {
    const std::string path = sdk::join(found.device, name);
    return sys.is_file(path) ? path : sdk::join(found.folder, name);
  };
  out.type = sys.read_line(file("device_type"));
  out.status_file = file("status");
  out.status = sys.read_line(out.status_file);
  out.module_id = sys.read_line(file("module_id"));
}

struct Verbs {
  std::string node;    // "/dev/infiniband/uverbs3"
  std::string device;  // what it belongs to in sysfs, links followed
  std::string name;    // "hlib_3"
};

std::vector<Verbs> find_verbs(const sdk::Root& sys) {
  std::vector<Verbs> found;
  for (const std::string& name : sys.list(kVerbs)) {
    if (!numbered(name, "uverbs")) {
      continue;
    }
    const std::string path = sdk::join(kVerbs, name);
    found.push_back({sdk::join("/dev/infiniband", name), sys.resolve(path + "/device").value_or(""),
                     sys.read_line(path + "/ibdev")});
  }
  return found;
}

bool belongs(const Verbs& verbs, const Accelerator& gaudi) {
  // The port may be a device of its own below the PCI function. Where sysfs does not say whose it
  // is, its number does.
  if (verbs.device.find("/pci") != std::string::npos) {
    return (verbs.device + "/").find("/" + gaudi.pci + "/") != std::string::npos;
  }
  return numbered(verbs.name, "hlib_") == gaudi.number ||
         numbered(verbs.name, "hbl_") == gaudi.number;
}

void add_verbs(const sdk::Root& sys, std::vector<Accelerator>& gaudis) {
  if (gaudis.empty()) {
    return;
  }
  for (const Verbs& verbs : find_verbs(sys)) {
    for (Accelerator& gaudi : gaudis) {
      if (belongs(verbs, gaudi)) {
        gaudi.verbs.push_back(verbs.node);
      }
    }
  }
}

// Names in either class, and where the nodes of that name are.
struct Naming {
  const char *device, *control;  // prefixes
  const char* nodes;
};
constexpr Naming kNamings[] = {{"accel", "accel_controlD", "/dev/accel"},
                               {"hl", "hl_controlD", "/dev"}};

// The control node may be in either class.
std::optional<AcceleratorNode> control_of(const sdk::Root& sys, const Naming& naming,
                                          unsigned number) {
  const std::string name = naming.control + std::to_string(number);
  for (const char* folder : {kAccel, kOldGaudi}) {
    const std::string path = sdk::join(folder, name);
    if (sys.resolve(path)) {
      return node_of(sys, path, sdk::join(naming.nodes, name));
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<Accelerator> find_npus(const sdk::Root& sys) {
  std::vector<Accelerator> npus;
  for (const std::string& path : class_paths(sys, kAccel)) {
    const std::string name = sdk::base_name(path);
    const auto number = numbered(name, "accel");
    const auto found = number ? class_device(sys, path) : std::nullopt;
    if (found && is_npu(sys, *found)) {
      npus.push_back(
          to_accelerator(sys, *found, *number, node_of(sys, path, sdk::join("/dev/accel", name))));
    }
  }
  std::sort(npus.begin(), npus.end(),
            [](const Accelerator& a, const Accelerator& b) { return a.pci < b.pci; });
  return npus;
}

std::vector<Accelerator> find_gaudis(const sdk::Root& sys) {
  std::vector<Accelerator> gaudis;
  std::set<std::string> seen;
  for (const char* folder : {kAccel, kOldGaudi}) {
    for (const std::string& path : class_paths(sys, folder)) {
      for (const Naming& naming : kNamings) {
        const std::string name = sdk::base_name(path);
        const auto number = numbered(name, naming.device);
        const auto found = number ? class_device(sys, path) : std::nullopt;
        if (!found || !is_gaudi(*found, folder) || !seen.insert(found->pci).second) {
          continue;
        }
        gaudis.push_back(to_accelerator(sys, *found, *number,
                                        node_of(sys, path, sdk::join(naming.nodes, name))));
        gaudis.back().vendor = kHabana;
        gaudis.back().control = control_of(sys, naming, *number);
        read_attributes(sys, *found, gaudis.back());
      }
    }
  }
  add_verbs(sys, gaudis);
  std::sort(gaudis.begin(), gaudis.end(),
            [](const Accelerator& a, const Accelerator& b) { return a.number < b.number; });
  return gaudis;
}

}  // namespace xpu::intel
