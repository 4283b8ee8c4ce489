// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/driver_tree/driver_tree.h"

#include <spawn.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "tests/fakes/driver_tree/listing.h"
#include "tests/fakes/driver_tree/stub_elf.h"

namespace xpu::fakes {
namespace fs = std::filesystem;
namespace {

std::string format(const char* text, unsigned a, unsigned b = 0) {
  char buffer[128];
  std::snprintf(buffer, sizeof buffer, text, a, b);
  return buffer;
}

class Builder {
 public:
  explicit Builder(const TreeOptions& options) : options_(options) {
    if (options_.dev_root.empty()) {
      options_.dev_root = options_.root;
    }
    if (options_.sys_root.empty()) {
      options_.sys_root = options_.root;
    }
    if (options_.numbers.empty()) {
      options_.numbers = default_numbers();
    }
  }

  Tree build() {
    std::string nvml;
    tree_.version = write_driver_files(options_, nvml);
    kernel_ = options_.kernel_version.empty() ? tree_.version : options_.kernel_version;
    place_nvml(options_.root / fs::path(nvml).relative_path());
    run_ldconfig();
    fs::create_directories(options_.sys_root / "proc");
    if (options_.loaded) {
      write_proc();
      write_sys();
      if (options_.kernel_numbers) {
        write_file(options_.sys_root / "proc/devices",
                   "Character devices:\n  1 mem\n195 nvidia-frontend\n510 nvidia-uvm\n"
                   "511 nvidia-caps\n\nBlock devices:\n  8 sd\n");
      }
      if (options_.nodes) {
        make_nodes();
      }
    }
    return tree_;
  }

 private:
  void place_nvml(const fs::path& place) {
    if (options_.nvml == "none") {
      fs::remove(place);
      return;
    }
    if (options_.nvml == "stub") {
      return;
    }
    if (options_.nvml != "full" && options_.nvml != "minimal") {
      throw std::runtime_error("unknown NVML " + options_.nvml + ": full, minimal, stub, none");
    }
    fs::copy_file(options_.nvml == "full" ? FAKE_NVML_FULL : FAKE_NVML_MINIMAL, place,
                  fs::copy_options::overwrite_existing);
    write_file(place.parent_path() / "fake-nvml.conf", description());
  }

  std::string description() const {
    std::string text =
        "driver " + kernel_ + "\ncuda 12040\ninit " + std::to_string(options_.nvml_init) + "\n";
    for (unsigned gpu = 0; gpu < options_.gpus; ++gpu) {
      std::string pci = gpu_pci(gpu);
      for (char& c : pci) {
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      }
      text += "gpu 0000" + pci + "\nuuid " + gpu_uuid(gpu) + "\nname " + options_.name +
              "\nbrand 14\nmemory " + options_.memory + "\ncapability " + options_.capability +
              "\nminor " + std::to_string(gpu) + "\n";
      auto mig = options_.mig.find(gpu);
      if (mig == options_.mig.end()) {
        continue;
      }
      text += "mig on\n";
      for (unsigned part = 0; part < mig->second; ++part) {
        text += "partition " + std::to_string(part) + " " + std::to_string(gpu_instance_of(part)) +
                " 0 " + mig_uuid(gpu, part) + " 5100273664 " + options_.name + " MIG 1g.5gb\n";
      }
    }
    return text;
  }

  void run_ldconfig() const {
    const std::string root = options_.root.string();
    const char* argv[] = {"ldconfig", "-r", root.c_str(), nullptr};
    char* env[] = {nullptr};
    pid_t child = 0;
    int status = 0;
    if (posix_spawn(&child, "/sbin/ldconfig", nullptr, nullptr, const_cast<char**>(argv), env) ||
        waitpid(child, &status, 0) != child || status != 0) {
      throw std::runtime_error("ldconfig -r " + root + " failed");
    }
  }

  void write_proc() const {
    const fs::path proc = options_.sys_root / "proc/driver/nvidia";
    fs::create_directories(proc / "gpus");
    write_file(proc / "version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  " + kernel_ +
                                     "  Tue Apr  8 12:41:17 UTC 2025\n"
                                     "GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n");
    write_file(proc / "params",
               "ResmanDebugLevel: 4294967295\nRmLogonRC: 1\nModifyDeviceFiles: 1\n"
               "DeviceFileUID: 0\nDeviceFileGID: 0\nDeviceFileMode: 438\n"
               "InitializeSystemMemoryAllocations: 1\n");
    if (!options_.mig.empty()) {
      write_file(proc / "capabilities/mig/config", access(1));
      write_file(proc / "capabilities/mig/monitor", access(2));
    }
    for (unsigned gpu = 0; gpu < options_.gpus; ++gpu) {
      write_file(proc / "gpus" / gpu_pci(gpu) / "information",
                 "Model: \t\t " + options_.name + "\nIRQ:   \t\t 175\nGPU UUID: \t " +
                     gpu_uuid(gpu) + "\nVideo BIOS: \t 92.00.45.00.03\nBus Type: \t PCIe\n" +
                     "DMA Size: \t 47 bits\nDMA Mask: \t 0x7fffffffffff\nBus Location: \t " +
                     gpu_pci(gpu) + "\nDevice Minor: \t " + std::to_string(gpu) +
                     "\nGPU Excluded:\t No\n");
      const fs::path mig = proc / "capabilities" / format("gpu%u", gpu) / "mig";
      fs::create_directories(mig);
      for (unsigned part = 0; part < partitions(gpu); ++part) {
        unsigned instance = gpu_instance_of(part);
        unsigned minor = capability_minor(gpu, instance);
        write_file(mig / format("gi%u/access", instance), access(minor));
        write_file(mig / format("gi%u/ci0/access", instance), access(minor + 1));
      }
    }
  }

  static std::string access(unsigned minor) {
    return format("DeviceFileMinor: %u\nDeviceFileMode: 292\nDeviceFileModify: 1\n", minor);
  }

  unsigned partitions(unsigned gpu) const {
    auto found = options_.mig.find(gpu);
    return found == options_.mig.end() ? 0 : found->second;
  }

  void write_sys() const {
    for (unsigned gpu = 0; gpu < options_.gpus; ++gpu) {
      const fs::path device = options_.sys_root / "sys/bus/pci/devices" / gpu_pci(gpu);
      write_file(device / "vendor", "0x10de\n");
      write_file(device / "device", "0x20b0\n");
      write_file(device / "class", "0x030200\n");
      write_file(device / "numa_node", std::to_string(gpu % 2) + "\n");
      if (options_.drm) {
        fs::create_directories(device / "drm" / format("card%u", gpu + 1));
        fs::create_directories(device / "drm" / format("renderD%u", gpu + 128));
      }
    }
  }

  void make_nodes() {
    for (unsigned gpu = 0; gpu < options_.gpus; ++gpu) {
      node(format("/dev/nvidia%u", gpu));
    }
    for (const char* name :
         {"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset"}) {
      node(name);
    }
    for (unsigned gpu = 0; options_.drm && gpu < options_.gpus; ++gpu) {
      node(format("/dev/dri/card%u", gpu + 1));
      node(format("/dev/dri/renderD%u", gpu + 128));
    }
    for (unsigned gpu = 0; gpu < options_.gpus; ++gpu) {
      for (unsigned part = 0; part < partitions(gpu); ++part) {
        unsigned minor = capability_minor(gpu, gpu_instance_of(part));
        node(format("/dev/nvidia-caps/nvidia-cap%u", minor));
        node(format("/dev/nvidia-caps/nvidia-cap%u", minor + 1));
      }
    }
    // Nodes that no request of this kind may bring into a container.
    for (const char* name : {"/dev/nvidia-caps/nvidia-cap1", "/dev/nvidia-caps/nvidia-cap2",
                             "/dev/nvidia-caps-imex-channels/channel0", "/dev/nvidia-nvswitchctl",
                             "/dev/nvidia-nvswitch0", "/dev/nvidia-fs0"}) {
      node(name);
    }
  }

  static std::pair<unsigned, unsigned> kernel_numbers(const std::string& inside) {
    static const std::map<std::string, std::pair<unsigned, unsigned>> fixed = {
        {"/dev/nvidiactl", {195, 255}},
        {"/dev/nvidia-modeset", {195, 254}},
        {"/dev/nvidia-uvm", {510, 0}},
        {"/dev/nvidia-uvm-tools", {510, 1}}};
    if (auto found = fixed.find(inside); found != fixed.end()) {
      return found->second;
    }
    const auto number = static_cast<unsigned>(
        std::atoi(inside.substr(inside.find_last_not_of("0123456789") + 1).c_str()));
    bool of_drm = inside.find("/dri/") != std::string::npos;
    bool of_caps = inside.find("/nvidia-caps/") != std::string::npos;
    return {of_drm ? 226 : of_caps ? 511 : 195, number};
  }

  void node(const std::string& inside) {
    const auto own = options_.numbers_of.find(inside);
    auto numbers = own != options_.numbers_of.end() ? own->second
                   : options_.kernel_numbers        ? kernel_numbers(inside)
                   : tree_.nodes.size() < options_.numbers.size()
                       ? options_.numbers[tree_.nodes.size()]
                       : std::pair(240u, made_up_++);
    const fs::path path = options_.dev_root / fs::path(inside).relative_path();
    fs::create_directories(path.parent_path());
    fs::remove(path);
    if (mknod(path.c_str(), S_IFCHR | 0666, makedev(numbers.first, numbers.second)) != 0) {
      throw std::runtime_error("mknod " + path.string() + ": " + std::strerror(errno));
    }
    fs::permissions(path, fs::perms(0666));
    tree_.nodes.emplace_back(inside, numbers);
  }

  TreeOptions options_;
  Tree tree_;
  std::string kernel_;
  unsigned made_up_ = 0;
};

}  // namespace

std::vector<std::pair<unsigned, unsigned>> default_numbers() {
  std::vector<std::pair<unsigned, unsigned>> numbers;
  std::ifstream misc("/proc/misc");
  std::map<unsigned, bool> known;
  unsigned minor = 0;
  for (std::string name; misc >> minor >> name;) {
    known[minor] = true;
  }
  // loop-control, fuse, btrfs-control, device mapper, snapshot, hardware random numbers
  for (unsigned candidate : {237u, 229u, 234u, 236u, 231u, 183u}) {
    if (known.count(candidate)) {
      numbers.emplace_back(10, candidate);
    }
  }
  return numbers;
}

std::string gpu_uuid(unsigned gpu) {
  return format("GPU-5eed0000-0000-4000-8000-%012x", gpu);
}

std::string gpu_pci(unsigned gpu) {
  return format("0000:%02x:00.0", gpu % 4 * 0x40 + 1 + gpu / 4);
}

std::string mig_uuid(unsigned gpu, unsigned partition) {
  return format("MIG-5eed0000-0000-5000-8000-%06x%06x", gpu, partition);
}

unsigned gpu_instance_of(unsigned partition) {
  return 7 + partition;
}

unsigned capability_minor(unsigned gpu, unsigned gpu_instance) {
  return 3 + gpu * 135 + gpu_instance * 9;
}

Tree make_driver_tree(const TreeOptions& options) {
  return Builder(options).build();
}

}  // namespace xpu::fakes
