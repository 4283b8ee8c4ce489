// SPDX-License-Identifier: Apache-2.0
#include "backends/intel/gpus.h"

#include <algorithm>
#include <map>
#include <set>

#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"

namespace xpu::intel {
namespace {

// Capacity of each device's memory regions where the kernel has the dmem controller:
// "drm/0000:03:00.0/vram0 12884901888".
constexpr const char* kDmem = "/sys/fs/cgroup/dmem.capacity";
// Every integrated GPU is this device of the root complex; its virtual functions are others there.
constexpr const char* kIntegratedSlot = "0000:00:02.";

std::map<std::string, std::uint64_t> dmem_capacities(const sdk::Root& sys) {
  std::map<std::string, std::uint64_t> bytes;
  const std::string text = sys.read(kDmem).value_or("");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const std::size_t region = line.find("/vram");
    const std::size_t space = line.find(' ');
    if (!sdk::starts_with(line, "drm/") || region == std::string::npos ||
        space == std::string::npos) {
      continue;
    }
    const auto size = sdk::parse_number(sdk::trimmed(line.substr(space)));
    if (size && *size > 0) {
      bytes[line.substr(4, region - 4)] += static_cast<std::uint64_t>(*size);
    }
  }
  return bytes;
}

std::uint64_t bytes_in(const sdk::Root& sys, const std::string& file) {
  const auto number = sys.read_number(file);
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

// xe: what each tile says (drivers from the vendor's packages do). i915: one number of the card,
// with the vendor's packages too.
std::uint64_t own_memory(const sdk::Root& sys, const ClassDevice& card,
                         const std::vector<std::string>& tiles) {
  std::uint64_t sum = 0;
  for (const std::string& tile : tiles) {
    const std::string folder = sdk::join(card.device, tile);
    const std::uint64_t bytes = bytes_in(sys, folder + "/physical_vram_size_bytes");
    sum += bytes != 0 ? bytes : bytes_in(sys, folder + "/memory/physical_vram_size_bytes");
  }
  for (const char* name : {"lmem_total_bytes", "prelim_lmem_total_bytes"}) {
    if (sum == 0 && tiles.empty()) {
      sum = bytes_in(sys, sdk::join(card.folder, name));
    }
  }
  return sum;
}

Gpu read_gpu(const sdk::Root& sys, const ClassDevice& card,
             const std::map<std::string, std::uint64_t>& capacities) {
  Gpu gpu;
  gpu.folder = card.device;
  gpu.pci = card.pci;
  gpu.driver = card.driver;
  gpu.device_id = card.device_id;
  gpu.numa_node = static_cast<int>(
      std::max<std::int64_t>(-1, sys.read_number(card.device + "/numa_node").value_or(-1)));
  const std::vector<std::string> names = sys.list(card.device);
  std::vector<std::string> tiles;
  for (const std::string& name : names) {
    if (numbered(name, "tile")) {
      tiles.push_back(name);
    }
  }
  gpu.memory_bytes = own_memory(sys, card, tiles);
  const auto capacity = capacities.find(gpu.pci);
  if (gpu.memory_bytes == 0 && capacity != capacities.end()) {
    gpu.memory_bytes = capacity->second;
  }
  gpu.integrated = integrated_by_id(gpu.device_id);
  if (gpu.memory_bytes != 0 ||
      std::binary_search(names.begin(), names.end(), "vram_d3cold_threshold")) {
    gpu.integrated = false;
  } else if (!gpu.integrated && sdk::starts_with(gpu.pci, kIntegratedSlot)) {
    gpu.integrated = true;
  }
  gpu.tiles = static_cast<unsigned>(tiles.size());
  if (tiles.empty() && gpu.integrated == false) {
    // i915 has a "gt" for each tile; of an integrated GPU the second one is the media engine.
    for (const std::string& name : sys.list(sdk::join(card.folder, "gt"))) {
      gpu.tiles += numbered(name, "gt") ? 1 : 0;
    }
  }
  gpu.tiles = std::max(gpu.tiles, 1u);
  for (const std::string& name : names) {
    const auto number = numbered(name, "virtfn");
    const auto address = number ? sdk::normal_pci_address(sdk::base_name(
                                      sys.link_target(sdk::join(card.device, name)).value_or("")))
                                : std::nullopt;
    if (address) {
      gpu.functions.emplace(*address, *number);
    }
  }
  return gpu;
}

// Tells the virtual functions what they are part of.
void link_functions(std::vector<Gpu>& gpus) {
  std::map<std::string, Gpu*> by_address;
  for (Gpu& gpu : gpus) {
    by_address.emplace(gpu.pci, &gpu);
  }
  for (const Gpu& gpu : gpus) {
    for (const auto& [address, number] : gpu.functions) {
      const auto part = by_address.find(address);
      if (part != by_address.end() && part->second != &gpu) {
        part->second->physical = gpu.pci;
        part->second->function = number;
      }
    }
  }
}

// The address that the device's uevent states, in trees where folders are not links.
std::optional<std::string> slot_name(const sdk::Root& sys, const std::string& device) {
  const std::string text = "\n" + sys.read(device + "/uevent").value_or("");
  const std::string key = "\nPCI_SLOT_NAME=";
  const std::size_t at = text.find(key);
  if (at == std::string::npos) {
    return std::nullopt;
  }
  const std::size_t start = at + key.size();
  return sdk::normal_pci_address(text.substr(start, text.find('\n', start) - start));
}

}  // namespace

std::optional<unsigned> numbered(const std::string& name, const std::string& prefix) {
  const std::string digits = sdk::starts_with(name, prefix) ? name.substr(prefix.size()) : "";
  if (digits.empty() || digits.size() > 6 ||
      digits.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return static_cast<unsigned>(std::stoul(digits));
}

std::optional<ClassDevice> class_device(const sdk::Root& sys, const std::string& path) {
  const auto folder = sys.resolve(path);
  if (!folder) {
    return std::nullopt;
  }
  ClassDevice found;
  found.folder = *folder;
  // Class devices of a PCI device lie in it as <device>/<class>/<name>; the link says so too.
  found.device = sys.resolve(*folder + "/device").value_or(sdk::dir_name(sdk::dir_name(*folder)));
  auto pci = sdk::normal_pci_address(sdk::base_name(found.device));
  if (!pci) {
    pci = slot_name(sys, found.device);
  }
  const auto vendor = sys.read_number(found.device + "/vendor");
  const auto device_id = sys.read_number(found.device + "/device");
  if (!pci || !vendor || !device_id) {
    return std::nullopt;
  }
  found.pci = *pci;
  found.vendor = static_cast<std::uint16_t>(*vendor);
  found.device_id = static_cast<std::uint16_t>(*device_id);
  found.driver = sdk::base_name(sys.link_target(found.device + "/driver").value_or(""));
  return found;
}

std::vector<Gpu> find_gpus(const sdk::Root& sys) {
  std::vector<Gpu> gpus;
  std::set<std::string> seen;
  std::optional<std::map<std::string, std::uint64_t>> capacities;
  for (const std::string& name : sys.list(kDrm)) {
    if (!numbered(name, "card")) {
      continue;
    }
    const auto card = class_device(sys, sdk::join(kDrm, name));
    if (!card || card->vendor != kIntel || !seen.insert(card->pci).second ||
        (!card->driver.empty() && card->driver != "i915" && card->driver != "xe")) {
      continue;
    }
    if (!capacities) {
      capacities = dmem_capacities(sys);
    }
    gpus.push_back(read_gpu(sys, *card, *capacities));
  }
  std::sort(gpus.begin(), gpus.end(), [](const Gpu& a, const Gpu& b) { return a.pci < b.pci; });
  link_functions(gpus);
  return gpus;
}

}  // namespace xpu::intel
