// SPDX-License-Identifier: Apache-2.0
#include "backends/intel/gpus.h"

#include <algorithm>
#include <set>

#include "backends/intel/class_device.h"
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
  gpu.card = card.folder;
  gpu.drm = sdk::drm_device(sys, card.device).value_or(sdk::DrmDevice{});
  gpu.drm.link_name = "pci-" + card.pci;
  gpu.pci = card.pci;
  gpu.driver = card.driver;
  gpu.device_id = card.device_id;
  gpu.numa_node = sdk::numa_node(sys, card.device);
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
    const auto address = number ? linked_address(sys, sdk::join(card.device, name)) : std::nullopt;
    if (address) {
      gpu.functions.emplace(*address, *number);
    }
  }
  return gpu;
}

// What a GPU gives of its memory to a virtual function: xe, and i915 of the vendor's packages,
// which has a folder for each tile. Their numbers begin at 1.
std::uint64_t quota(const sdk::Root& sys, const Gpu& gpu, unsigned function) {
  const std::string name = "/vf" + std::to_string(function + 1);
  std::uint64_t sum = bytes_in(sys, gpu.folder + "/sriov_admin" + name + "/profile/vram_quota");
  for (const char* iov : {"/iov", "/prelim_iov"}) {
    const std::string folder = gpu.card + iov + name;
    for (const std::string& tile : sum == 0 ? sys.list(folder) : std::vector<std::string>()) {
      sum += bytes_in(sys, sdk::join(folder, tile) + "/lmem_quota");
    }
  }
  return sum;
}

// Tells the virtual functions what they are part of.
void link_functions(const sdk::Root& sys, std::vector<Gpu>& gpus) {
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
        if (part->second->memory_bytes == 0) {
          part->second->memory_bytes = quota(sys, gpu, number);
        }
      }
    }
  }
}

// A tree that does not say which driver is bound still says whose device it is, or the reverse.
bool is_gpu(const ClassDevice& found) {
  const bool by_driver = found.driver == "i915" || found.driver == "xe";
  return (found.vendor == kIntel && (by_driver || found.driver.empty())) ||
         (found.vendor == 0 && by_driver);
}

}  // namespace

std::vector<Gpu> find_gpus(const sdk::Root& sys) {
  std::vector<Gpu> gpus;
  std::map<std::string, std::size_t> places;  // by address
  std::set<std::string> named;                // nodes that are already their GPU's
  const std::map<std::string, std::uint64_t> capacities = dmem_capacities(sys);
  // Cards come first.
  for (const std::string& path : class_paths(sys, kDrm)) {
    const std::string name = sdk::base_name(path);
    if ((!numbered(name, "card") && !numbered(name, "renderD")) || named.count(name) != 0) {
      continue;
    }
    const auto found = class_device(sys, path);
    if (!found || !is_gpu(*found)) {
      continue;
    }
    const auto [place, is_new] = places.emplace(found->pci, gpus.size());
    if (is_new) {
      gpus.push_back(read_gpu(sys, *found, capacities));
    }
    std::vector<sdk::DrmNode>& nodes = gpus[place->second].drm.nodes;
    for (const sdk::DrmNode& node : nodes) {
      named.insert(node.name);
    }
    if (named.insert(name).second) {
      nodes.push_back({name, sdk::parse_device_number(sys.read_line(found->folder + "/dev"))});
    }
  }
  std::sort(gpus.begin(), gpus.end(), [](const Gpu& a, const Gpu& b) { return a.pci < b.pci; });
  link_functions(sys, gpus);
  return gpus;
}

}  // namespace xpu::intel
