// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/amd_machine/machine.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <map>
#include <stdexcept>
#include <system_error>

namespace xpu::fakes {
namespace {

namespace fs = std::filesystem;
using Number = std::pair<unsigned, unsigned>;

constexpr unsigned kPcieWeight = 20, kXgmiWeight = 15, kOwnWeight = 13, kSocketWeight = 32;
constexpr const char* kTopology = "sys/devices/virtual/kfd/kfd/topology/nodes/";

std::string hex(std::uint64_t value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*llx", digits, static_cast<unsigned long long>(value));
  return text;
}

struct KfdPart {  // a node of KFD
  const AmdGpu* gpu;
  unsigned place, node, minor;
};

class Builder {
 public:
  explicit Builder(const AmdMachine& machine) : machine_(machine), drm_(machine.first_minor) {}

  std::vector<std::pair<std::string, Number>> build() {
    file("sys/module/amdgpu/version", machine_.driver);
    fs::create_directories(machine_.root / "sys/bus/pci/drivers/amdgpu");
    const Number kfd = next({234, 0});
    unsigned node = machine_.sockets;
    for (const AmdGpu& gpu : machine_.gpus) {
      add_gpu(gpu, node);
    }
    if (!parts_.empty()) {
      add_kfd(kfd);
    }
    if (machine_.nodes) {
      for (const auto& [path, number] : nodes_) {
        make_node(path, number);
      }
    }
    install(machine_.amd_smi, "libamd_smi.so");
    install(machine_.rocm_smi, "librocm_smi64.so");
    return nodes_;
  }

 private:
  void file(const fs::path& inside, const std::string& line) const {
    fs::create_directories((machine_.root / inside).parent_path());
    std::ofstream(machine_.root / inside, std::ios::binary) << line << '\n';
  }
  // To another place in the root.
  void link(const fs::path& inside, const fs::path& target) const {
    fs::create_directories((machine_.root / inside).parent_path());
    fs::create_symlink(target.lexically_relative(inside.parent_path()), machine_.root / inside);
  }

  Number next(Number usual) {
    return ++given_ <= machine_.numbers.size() ? machine_.numbers[given_ - 1] : usual;
  }

  void make_node(const std::string& path, Number number) const {
    const fs::path place = machine_.root.string() + path;
    fs::create_directories(place.parent_path());
    if (mknod(place.c_str(), S_IFCHR | 0600, makedev(number.first, number.second)) != 0) {
      throw std::system_error(errno, std::generic_category(), "mknod " + place.string());
    }
  }

  // Card and render node of a device; gives the minor of the latter.
  unsigned add_drm(const std::string& folder) {
    const unsigned minor = drm_++;
    for (const auto& [name, usual] :
         {std::pair("card" + std::to_string(minor), minor),
          std::pair("renderD" + std::to_string(128 + minor), 128 + minor)}) {
      const Number number = next({226, usual});
      const std::string place = folder + "/drm/" + name;
      file(place + "/dev", std::to_string(number.first) + ":" + std::to_string(number.second));
      link(place + "/device", folder);
      link("sys/class/drm/" + name, place);
      nodes_.emplace_back("/dev/dri/" + name, number);
    }
    return 128 + minor;
  }

  void add_gpu(const AmdGpu& gpu, unsigned& node) {
    const std::string folder = "sys/devices/pci0000:00/0000:00:01.1/" + gpu.pci;
    link("sys/bus/pci/devices/" + gpu.pci, folder);
    link("sys/bus/pci/drivers/amdgpu/" + gpu.pci, folder);
    link(folder + "/driver", "sys/bus/pci/drivers/amdgpu");
    file(folder + "/vendor", "0x1002");
    file(folder + "/device", "0x" + hex(gpu.device, 4));
    file(folder + "/revision", "0x" + hex(gpu.revision, 2));
    file(folder + "/class", gpu.integrated ? "0x030000" : "0x120000");
    file(folder + "/numa_node", std::to_string(gpu.socket));
    file(folder + "/mem_info_vram_total", std::to_string(gpu.memory));
    if (gpu.unique_id != 0) {
      file(folder + "/unique_id", hex(gpu.unique_id, 16));
    }
    if (!gpu.product_name.empty()) {
      file(folder + "/product_name", gpu.product_name);
    }
    if (!gpu.compute_mode.empty()) {
      file(folder + "/current_compute_partition", gpu.compute_mode);
      file(folder + "/current_memory_partition", gpu.memory_mode);
    }
    if (gpu.uncorrectable >= 0) {
      file(folder + "/ras/features", "feature mask: 0x1");
      file(folder + "/ras/gfx_err_count", "ue: 0\nce: 4");
      file(folder + "/ras/umc_err_count", "ue: " + std::to_string(gpu.uncorrectable) + "\nce: 2");
    }
    // amdgpu keeps nodes for as many parts as there may be.
    for (unsigned place = 0; place < std::max(gpu.parts, gpu.most_parts); ++place) {
      const unsigned minor = add_drm(
          place == 0 ? folder : "sys/devices/platform/amdgpu_xcp_" + std::to_string(xcp_++));
      if (gpu.kfd && place < gpu.parts) {
        parts_.push_back({&gpu, place, gpu.integrated ? gpu.socket : node++, minor});
      }
    }
  }

  void property(std::string& text, const char* name, std::uint64_t value) const {
    text += std::string(name) + " " + std::to_string(value) + "\n";
  }

  void write_node(unsigned number, const std::string& properties) const {
    std::ofstream out(machine_.root / (kTopology + std::to_string(number) + "/properties"),
                      std::ios::binary);
    out << properties;
  }

  void bank(unsigned node, unsigned heap, std::uint64_t bytes) const {
    file(kTopology + std::to_string(node) + "/mem_banks/0/properties",
         "heap_type " + std::to_string(heap) + "\nsize_in_bytes " + std::to_string(bytes) +
             "\nflags 0");
  }

  void io_link(unsigned from, unsigned to, unsigned type, unsigned weight) {
    file(kTopology + std::to_string(from) + "/io_links/" + std::to_string(links_[from]++) +
             "/properties",
         "type " + std::to_string(type) + "\nversion_major 0\nnode_from " + std::to_string(from) +
             "\nnode_to " + std::to_string(to) + "\nweight " + std::to_string(weight));
  }

  std::string part_properties(const KfdPart& part) const {
    const AmdGpu& gpu = *part.gpu;
    unsigned bus = 0, device = 0, function = 0, domain = 0;
    std::sscanf(gpu.pci.c_str(), "%x:%x:%x.%x", &domain, &bus, &device, &function);
    const std::uint64_t location =
        bus << 8 | device << 3 | function |
        (gpu.parts > 1 ? std::uint64_t(part.place) << (gpu.parts_as_functions ? 0 : 28) : 0);
    std::string text;
    property(text, "cpu_cores_count", gpu.integrated ? 16 : 0);
    property(text, "simd_count", gpu.compute_units / gpu.parts * 4);
    property(text, "simd_per_cu", 4);
    if (gpu.gfx_version != 0) {
      property(text, "gfx_target_version", gpu.gfx_version);
    }
    property(text, "vendor_id", 0x1002);
    property(text, "device_id", gpu.device);
    property(text, "location_id", location);
    property(text, "domain", domain);
    if (gpu.tells_render_minor) {
      property(text, "drm_render_minor", part.minor);
    }
    property(text, "hive_id", gpu.hive);
    if (gpu.unique_id != 0) {
      property(text, "unique_id", gpu.unique_id + (gpu.ids_of_parts ? part.place + 1 : 0));
    }
    return text;
  }

  void add_kfd(Number number) {
    nodes_.insert(nodes_.begin(), {"/dev/kfd", number});
    link("sys/class/kfd/kfd", "sys/devices/virtual/kfd/kfd");
    file("sys/devices/virtual/kfd/kfd/dev",
         std::to_string(number.first) + ":" + std::to_string(number.second));
    file("sys/devices/virtual/kfd/kfd/topology/generation_id", "2");
    for (unsigned socket = 0; socket < machine_.sockets; ++socket) {
      bank(socket, 0, 137438953472);
      write_node(socket, "cpu_cores_count 64\nsimd_count 0\nvendor_id 0\n");
      for (unsigned other = 0; other < machine_.sockets; ++other) {
        if (other != socket) {
          io_link(socket, other, 1, kSocketWeight);
        }
      }
    }
    for (const KfdPart& part : parts_) {
      if (!part.gpu->integrated) {
        bank(part.node, 1, part.gpu->memory / part.gpu->parts);
        io_link(part.node, part.gpu->socket, 2, kPcieWeight);
        io_link(part.gpu->socket, part.node, 2, kPcieWeight);
      }
      write_node(part.node, part_properties(part));
      file(kTopology + std::to_string(part.node) + "/gpu_id",
           std::to_string(part.gpu->gpu_id < 0 ? 4000 + static_cast<int>(part.node)
                                               : part.gpu->gpu_id));
      for (const KfdPart& other : parts_) {
        const bool own = other.gpu == part.gpu;
        // Of each GPU one part has them all; the thousands of the others say nothing new.
        if (part.place == 0 && other.node != part.node && part.gpu->hive != 0 &&
            other.gpu->hive == part.gpu->hive) {
          io_link(part.node, other.node, 11, own ? kOwnWeight : kXgmiWeight);
        }
      }
    }
  }

  void install(const std::string& library, const std::string& name) const {
    if (!library.empty()) {
      const fs::path folder = machine_.root / "opt/rocm/lib";
      fs::create_directories(folder);
      fs::copy_file(library, folder / (name + ".1.0"));
      fs::create_symlink(name + ".1.0", folder / name);
      std::ofstream(folder / "fake-smi.conf") << machine_.smi_conf;
    }
  }

  const AmdMachine& machine_;
  std::size_t given_ = 0;
  unsigned drm_, xcp_ = 0;
  std::vector<KfdPart> parts_;
  std::map<unsigned, unsigned> links_;  // of each KFD node
  std::vector<std::pair<std::string, Number>> nodes_;
};

}  // namespace

std::vector<std::pair<std::string, std::pair<unsigned, unsigned>>> make_amd_machine(
    const AmdMachine& machine) {
  return Builder(machine).build();
}

}  // namespace xpu::fakes
