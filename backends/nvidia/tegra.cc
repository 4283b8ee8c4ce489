// SPDX-License-Identifier: Apache-2.0
// A Tegra system: one GPU that is part of the processor, with nodes and files as mount
// specifications name them, and perhaps others in slots.
#include <dlfcn.h>

#include <algorithm>
#include <set>

#include "backends/nvidia/detect.h"
#include "backends/nvidia/devices.h"
#include "backends/nvidia/driver_edits.h"
#include "backends/nvidia/nodes.h"
#include "backends/nvidia/platform.h"
#include "backends/nvidia/tegra_files.h"
#include "sdk/helpers/nodes.h"
#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"
#include "sdk/helpers/text.h"

namespace xpu::nvidia {
namespace {

constexpr const char* kDri = "/dev/dri/";
// The display of an integrated GPU beside which there are others.
constexpr const char* kDisplayNode = "/dev/nvidia2";
constexpr std::string_view kControlNodes[] = {"/dev/nvidiactl", "/dev/nvidia-uvm",
                                              "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset"};

// What the maker calls the chip, and its compute capability.
struct Chip {
  std::string_view name, architecture;
};
constexpr Chip kChips[] = {
    {"nvidia,tegra264", "11.0"}, {"nvidia,tegra234", "8.7"}, {"nvidia,tegra194", "7.2"},
    {"nvidia,tegra186", "6.2"},  {"nvidia,tegra210", "5.3"},
};

// Entries of the device tree end in NUL.
std::string device_tree(const sdk::Root& sys_root, const std::string& name) {
  return sys_root.read(sdk::join("/proc/device-tree", name)).value_or("");
}

Gpu gpu_of_chip(const sdk::Root& sys_root) {
  Gpu gpu;
  gpu.name = sdk::readable(device_tree(sys_root, "model").c_str());
  if (gpu.name.empty()) {
    gpu.name = "NVIDIA Tegra";
  }
  const std::string compatible = device_tree(sys_root, "compatible");
  for (const Chip& chip : kChips) {
    if (gpu.architecture.empty() && compatible.find(chip.name) != std::string::npos) {
      gpu.architecture = chip.architecture;
    }
  }
  return gpu;
}

// "36.4.0" out of "# R36 (release), REVISION: 4.0, GCID: ...".
std::string release_of(const sdk::Root& root) {
  const std::string text = root.read_line("/etc/nv_tegra_release");
  const std::string revision = "REVISION: ";
  const std::size_t minor = text.find(revision);
  if (!sdk::starts_with(text, "# R") || minor == std::string::npos) {
    return "";
  }
  const std::size_t start = minor + revision.size();
  return text.substr(3, text.find(' ', 3) - 3) + "." +
         text.substr(start, text.find(',', start) - start);
}

// The version of CUDA that the driver library is of, in NVML's absence.
std::string cuda_of_library(const sdk::Root& root, const DriverFiles& files) {
  for (const DriverFile& file : files.files) {
    if (file.soname != "libcuda.so.1") {
      continue;
    }
    void* library = dlopen(root.host_path(file.path).c_str(), RTLD_NOW | RTLD_LOCAL);
    void* found = library ? dlsym(library, "cuDriverGetVersion") : nullptr;
    int version = 0;
    if (found && reinterpret_cast<int (*)(int*)>(found)(&version) == 0 && version > 0) {
      return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
    }
  }
  return "";
}

class Tegra {
 public:
  Tegra(sdk::Sink& sink, const Options& options)
      : sink_(sink),
        options_(options),
        specs_(read_mount_specs(options.driver_root, options.dev_root, options.csv_path)),
        files_(find_tegra_files(options.driver_root, specs_)),
        nodes_(options.dev_root, options.sys_root) {}

  void describe() {
    watch_all();
    if (specs_.specs.empty()) {
      throw sdk::Absent("no mount specification is in " +
                        options_.driver_root.host_path(options_.csv_path));
    }
    find_hardware();
    emit_capabilities(sink_);
    emit_properties(sink_, hardware_, from_nvml_ ? "nvml" : "csv");
    sink_.property("delivery", "csv");
    if (const std::string release = release_of(options_.driver_root); !release.empty()) {
      sink_.property("l4t", release);
    }
    if (std::any_of(hardware_.gpus.begin(), hardware_.gpus.end(),
                    [&](const Gpu& gpu) { return !integrated(gpu); })) {
      nodes_.emit_control(sink_);
    }
    for (const Gpu& gpu : hardware_.gpus) {
      emit_gpu(gpu);
    }
    emit_files(sink_, options_, files_.base);
    emit_files(sink_, options_, files_.extra, kJetpackAll);
    if (options_.cuda_compat && from_nvml_) {
      emit_cuda_compat(sink_, hardware_,
                       is_orin() ? "/usr/local/cuda/compat_orin" : "/usr/local/cuda/compat");
    }
  }

 private:
  void watch_all() {
    for (const std::string& file : specs_.files) {
      sink_.valid_while_same(options_.driver_root.host_path(file));
    }
    std::set<std::string> listed;
    for (const std::string& folder : files_.folders) {
      listed.insert(options_.driver_root.host_path(folder));
    }
    for (const std::string& folder : specs_.node_folders) {
      listed.insert(options_.dev_root.host_path(folder));
    }
    listed.erase(options_.driver_root.host_path(options_.csv_path));  // the mode's
    for (const std::string& folder : listed) {
      sink_.valid_while_listing(folder);
    }
    std::set<std::string> nodes = {kDisplayNode};
    for (const MountSpec& spec : specs_.specs) {
      if (spec.kind == MountKind::kNode) {
        nodes.insert(spec.path);
      }
    }
    for (const std::string& node : nodes) {
      sdk::watch_path(sink_, options_.dev_root.host_path(node));
    }
    for (const std::string& text : specs_.wrong) {
      sink_.log(sdk::Severity::kWarn, text);
    }
  }

  void find_hardware() {
    NvmlAnswer nvml = ask_nvml(nvml_of_specs(options_.driver_root, specs_), options_.sys_root);
    from_nvml_ = nvml.hardware && !nvml.hardware->gpus.empty();
    if (from_nvml_) {
      hardware_ = std::move(*nvml.hardware);
    } else {
      hardware_.gpus = {gpu_of_chip(options_.sys_root)};
      hardware_.cuda = cuda_of_library(options_.driver_root, files_.base);
    }
  }

  // The only GPU is the chip's, whatever it is called.
  bool integrated(const Gpu& gpu) const { return hardware_.gpus.size() == 1 || is_integrated(gpu); }

  bool is_orin() const {
    return std::any_of(hardware_.gpus.begin(), hardware_.gpus.end(), [](const Gpu& gpu) {
      return gpu.name.find("Orin (nvgpu)") != std::string::npos;
    });
  }

  void emit_gpu(const Gpu& gpu) {
    const std::vector<std::string> own = nodes_of(gpu);
    std::string problem = gpu.problem;
    if (problem.empty() && integrated(gpu) && own.empty()) {
      problem = "none of the device nodes that " +
                options_.driver_root.host_path(options_.csv_path) + " names exists";
    } else if (problem.empty() && !integrated(gpu)) {
      problem = nodes_.problem(gpu);
    }
    const sdk::Device device = to_device(gpu, hardware_.driver, problem);
    emit_device(sink_, device, gpu);
    sink_.property(device, "integrated", integrated(gpu) ? "true" : "false");
    for (const std::string& node : own) {
      sink_.node(sdk::with(device), {options_.dev_root.host_path(node_at(node)), node});
    }
    emit_links(device, own);
    if (!integrated(gpu)) {
      nodes_.emit(sink_, device, gpu);
    }
  }

  std::string node_at(const std::string& path) const {
    return options_.dev_root.resolve(path).value_or(path);
  }

  // The specified nodes that are there and another GPU's are not.
  std::vector<std::string> nodes_of(const Gpu& gpu) const {
    std::set<std::string> not_its;
    for (const Gpu& other : hardware_.gpus) {
      if (other.index == gpu.index && integrated(gpu)) {
        continue;
      }
      if (other.minor) {
        not_its.insert("/dev/nvidia" + std::to_string(*other.minor));
      }
      for (const std::string& name : sdk::drm_nodes(options_.sys_root, other.pci)) {
        not_its.insert(kDri + name);
      }
    }
    std::vector<std::string> found;
    auto add = [&](const std::string& node) {
      // A GPU in a slot has DRM nodes that its address tells.
      const bool other_dri = !integrated(gpu) && sdk::starts_with(node, kDri);
      if (!not_its.count(node) && !other_dri && options_.dev_root.is_device(node)) {
        found.push_back(node);
      }
    };
    if (!integrated(gpu)) {
      not_its.insert(std::begin(kControlNodes), std::end(kControlNodes));
      not_its.insert(kDisplayNode);
    }
    bool display = false;
    for (const MountSpec& spec : specs_.specs) {
      if (spec.kind == MountKind::kNode) {
        add(spec.path);
        display |= spec.path == kDisplayNode;
      }
    }
    if (hardware_.gpus.size() > 1 && integrated(gpu) && !display) {
      add(kDisplayNode);
    }
    return found;
  }

  // Of a folder of links below /dev those that lead to nodes that come along.
  void emit_links(const sdk::Device& device, const std::vector<std::string>& nodes) {
    for (const MountSpec& spec : specs_.specs) {
      if (spec.kind != MountKind::kFolder || !sdk::starts_with(spec.path, "/dev/")) {
        continue;
      }
      for (const std::string& name : options_.dev_root.list(spec.path)) {
        const std::string path = sdk::join(spec.path, name);
        const auto target = options_.dev_root.link_target(path);
        if (target && std::count(nodes.begin(), nodes.end(), node_at(path))) {
          sink_.link(sdk::with(device), path, *target);
        }
      }
    }
  }

  sdk::Sink& sink_;
  const Options& options_;
  const MountSpecs specs_;
  const TegraFiles files_;
  const Nodes nodes_;
  Hardware hardware_;
  bool from_nvml_ = false;
};

}  // namespace

void describe_tegra(sdk::Sink& sink, const Options& options) {
  Tegra(sink, options).describe();
}

}  // namespace xpu::nvidia
