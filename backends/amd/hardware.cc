// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/hardware.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

#include "backends/amd/names.h"
#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"

namespace xpu::amd {
namespace {

constexpr std::uint64_t kMi300a = 0x74a0;  // integrated, while others of its architecture are not

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// "CPX" → "cpx"; "" for what is no mode.
std::string mode_of(const std::string& text) {
  const bool word = !text.empty() && text.size() < 16 &&
                    std::all_of(text.begin(), text.end(), [](unsigned char c) {
                      return std::isalnum(c) && !std::islower(c);
                    });
  return word && text != "UNKNOWN" ? lower(text) : "";
}

// The nodes of one part, out of those of its device: a device has one card and one render node, and
// where a device seems to have more, they go together in their order.
sdk::DrmDevice own_nodes(sdk::DrmDevice device, const std::string& render) {
  std::vector<sdk::DrmNode> cards, renders;
  for (const sdk::DrmNode& node : device.nodes) {
    (node.render() ? renders : cards).push_back(node);
  }
  const auto own = std::find_if(renders.begin(), renders.end(),
                                [&](const sdk::DrmNode& node) { return node.name == render; });
  if (renders.size() > 1 && own != renders.end()) {
    const auto place = static_cast<std::size_t>(own - renders.begin());
    device.nodes.clear();
    if (cards.size() == renders.size()) {
      device.nodes.push_back(cards[place]);
    }
    device.nodes.push_back(*own);
  }
  return device;
}

sdk::DrmDevice drm_of(const KfdNode& node, const sdk::Root& sys_root) {
  const std::string pci = node.pci();
  // A kernel that does not tell the node has that of the function.
  if (node.render_minor == 0) {
    const auto device = pci.empty() || node.partition() != 0
                            ? std::nullopt
                            : sdk::drm_device(sys_root, sdk::join(sdk::kPciDevices, pci));
    const sdk::DrmNode* first = device ? device->render() : nullptr;
    return first == nullptr ? sdk::DrmDevice() : own_nodes(*device, first->name);
  }
  const std::string render = "renderD" + std::to_string(node.render_minor);
  auto device = sdk::drm_device_of(sys_root, render);
  if (!device && !pci.empty()) {
    device = sdk::drm_device(sys_root, sdk::join(sdk::kPciDevices, pci));
    if (device && std::none_of(device->nodes.begin(), device->nodes.end(),
                               [&](const auto& drm) { return drm.name == render; })) {
      device.reset();
    }
  }
  if (device) {
    return own_nodes(std::move(*device), render);
  }
  // The kernel hides the class from us, or it is too old to have one: the name is known.
  sdk::DrmDevice bare;
  bare.nodes.push_back({render, std::nullopt});
  return bare;
}

Part part_of(const KfdNode& node, const sdk::Root& sys_root) {
  Part part;
  part.kfd = node;
  part.drm = drm_of(node, sys_root);
  part.unique_id = node.unique_id;
  part.memory_bytes = node.memory_bytes;
  part.compute_units = node.simd_per_cu > 0 ? node.simd_count / node.simd_per_cu : 0;
  return part;
}

bool on_pci(const Part& part) {
  return sdk::starts_with(part.drm.link_name, "pci-");
}

std::string pci_of(const Gpu& gpu) {
  for (const Part& part : gpu.parts) {
    if (on_pci(part)) {
      return part.drm.link_name.substr(4);
    }
  }
  return gpu.parts[0].kfd ? gpu.parts[0].kfd->pci() : "";
}

// Whether KFD nodes of one PCI function are parts of one GPU.
bool are_parts(const Gpu& gpu, const std::string& compute_mode) {
  if (!compute_mode.empty()) {
    return compute_mode != "spx" || gpu.parts.size() > 1;
  }
  return gpu.parts.size() > 1 &&
         std::any_of(gpu.parts.begin(), gpu.parts.end(), [](const Part& part) {
           return part.kfd->partition() != 0 || (!part.drm.folder.empty() && !on_pci(part));
         });
}

// Hexadecimal, which the kernel writes without "0x".
std::uint64_t unique_id_of(const sdk::Root& sys_root, const std::string& folder) {
  std::string text = sys_root.read_line(folder + "/unique_id");
  text.erase(0, sdk::starts_with(text, "0x") ? 2 : 0);
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return result.ec == std::errc() && result.ptr == text.data() + text.size() ? value : 0;
}

void read_pci(Gpu& gpu, const sdk::Root& sys_root, const MarketingNames& names) {
  const std::string folder = sdk::join(sdk::kPciDevices, gpu.pci);
  if (!sys_root.is_folder(folder)) {
    return;
  }
  gpu.pci_folder = folder;
  const auto function = sdk::pci_device(sys_root, gpu.pci);
  gpu.numa_node = function ? function->numa_node : -1;
  gpu.name = usable_name(sys_root.read_line(folder + "/product_name"));
  const auto revision = sys_root.read_number(folder + "/revision");
  if (gpu.name.empty() && function && revision) {
    gpu.name = names.find(function->device, static_cast<unsigned>(*revision));
  }
  gpu.architecture = function ? gfx_name_of_device(function->device) : "";
  gpu.unique_id = unique_id_of(sys_root, folder);
  const auto vram = sys_root.read_number(folder + "/mem_info_vram_total");
  gpu.memory_bytes = vram && *vram > 0 ? static_cast<std::uint64_t>(*vram) : 0;
}

// KFD's nodes of the sockets, in the order of NUMA nodes.
int nearest_numa_node(const Kfd& kfd, unsigned number) {
  std::map<unsigned, int> sockets;
  for (const KfdNode& node : kfd.nodes()) {
    if (node.cpu_cores > 0) {
      sockets.emplace(node.number, static_cast<int>(sockets.size()));
    }
  }
  if (const auto own = sockets.find(number); own != sockets.end()) {
    return own->second;
  }
  int nearest = -1;
  unsigned least = 0;
  for (const KfdLink& link : kfd.links(number)) {
    const auto socket = sockets.find(link.to);
    if (socket != sockets.end() && (nearest < 0 || link.weight < least)) {
      nearest = socket->second;
      least = link.weight;
    }
  }
  return nearest;
}

// What is the GPU's where it is whole, and comes together from its parts where it is divided.
void sum_up(Gpu& gpu, const Kfd& kfd) {
  const Part& first = gpu.parts[0];
  if (first.kfd) {
    const std::string gfx = gfx_name(first.kfd->gfx_target_version);
    if (!gfx.empty() || gpu.architecture.empty()) {
      gpu.architecture = gfx.empty() ? gfx_name_of_device(first.kfd->device_id) : gfx;
    }
    gpu.hive_id = first.kfd->hive_id;
    gpu.integrated = first.kfd->cpu_cores > 0 || first.kfd->device_id == kMi300a;
    if (gpu.numa_node < 0) {
      gpu.numa_node = nearest_numa_node(kfd, first.kfd->number);
    }
  }
  gpu.integrated = gpu.integrated || is_integrated(gpu.architecture);
  std::uint64_t memory = 0;
  for (const Part& part : gpu.parts) {
    gpu.compute_units += part.compute_units;
    memory += part.memory_bytes;
  }
  // A part's share may be less than an equal one; the whole is what the driver says.
  if (memory > 0 && (!gpu.divided || gpu.memory_bytes == 0)) {
    gpu.memory_bytes = memory;
  }
  const bool one_id = std::all_of(gpu.parts.begin(), gpu.parts.end(), [&](const Part& part) {
    return part.unique_id == first.unique_id;
  });
  if (first.unique_id != 0 && (gpu.divided ? gpu.unique_id == 0 && one_id : true)) {
    gpu.unique_id = first.unique_id;
  }
}

// GPUs of amdgpu that KFD does not drive.
void add_without_kfd(std::vector<Gpu>& gpus, const sdk::Root& sys_root) {
  for (const std::string& name : sys_root.list(kPciDriver)) {
    const auto address = sdk::normal_pci_address(name);
    if (!address || std::any_of(gpus.begin(), gpus.end(),
                                [&](const Gpu& gpu) { return gpu.pci == *address; })) {
      continue;
    }
    Gpu gpu;
    gpu.pci = *address;
    Part part;
    part.drm =
        sdk::drm_device(sys_root, sdk::join(sdk::kPciDevices, *address)).value_or(sdk::DrmDevice());
    gpu.parts.push_back(std::move(part));
    gpus.push_back(std::move(gpu));
  }
}

// KFD's nodes by PCI function, in the order of their render nodes.
std::vector<Gpu> group(const Kfd& kfd, const sdk::Root& sys_root) {
  std::map<std::string, Gpu> by_function;
  for (const KfdNode& node : kfd.nodes()) {
    if (node.is_gpu()) {
      const std::string pci = node.pci();
      const std::string key = pci.empty() ? "node " + std::to_string(node.number) : pci;
      by_function[key].parts.push_back(part_of(node, sys_root));
    }
  }
  std::vector<Gpu> gpus;
  for (auto& [key, gpu] : by_function) {
    std::stable_sort(gpu.parts.begin(), gpu.parts.end(), [](const Part& a, const Part& b) {
      return a.kfd->render_minor < b.kfd->render_minor;
    });
    gpu.pci = pci_of(gpu);
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

void read_mode(Gpu& gpu, const sdk::Root& sys_root) {
  const std::string compute =
      gpu.pci_folder.empty()
          ? ""
          : mode_of(sys_root.read_line(gpu.pci_folder + "/current_compute_partition"));
  if (!compute.empty()) {
    const std::string memory =
        mode_of(sys_root.read_line(gpu.pci_folder + "/current_memory_partition"));
    gpu.mode = compute + (memory.empty() ? "" : "_" + memory);
  }
  gpu.divided = gpu.parts[0].kfd && are_parts(gpu, compute);
}

}  // namespace

std::vector<Gpu> read_gpus(const Kfd& kfd, const sdk::Root& sys_root,
                           const sdk::Root& driver_root) {
  std::vector<Gpu> functions = group(kfd, sys_root);
  add_without_kfd(functions, sys_root);
  const MarketingNames names(driver_root);
  std::vector<Gpu> gpus;
  for (Gpu& gpu : functions) {
    if (!gpu.pci.empty()) {
      read_pci(gpu, sys_root, names);
    }
    read_mode(gpu, sys_root);
    // Nodes that share a function and are no parts of one GPU are GPUs of their own.
    const std::vector<Part> parts = std::move(gpu.parts);
    const std::size_t together = gpu.divided ? parts.size() : 1;
    for (std::size_t first = 0; first < parts.size(); first += together) {
      Gpu one = gpu;
      one.parts.assign(parts.begin() + static_cast<std::ptrdiff_t>(first),
                       parts.begin() + static_cast<std::ptrdiff_t>(first + together));
      sum_up(one, kfd);
      gpus.push_back(std::move(one));
    }
  }
  std::stable_sort(gpus.begin(), gpus.end(), [](const Gpu& a, const Gpu& b) {
    return a.pci.empty() != b.pci.empty() ? b.pci.empty() : a.pci < b.pci;
  });
  return gpus;
}

std::string driver_version(const sdk::Root& sys_root) {
  const std::string own = sys_root.read_line("/sys/module/amdgpu/version");
  return own.empty() ? sys_root.read_line("/proc/sys/kernel/osrelease") : own;
}

}  // namespace xpu::amd
