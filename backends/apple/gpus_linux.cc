// SPDX-License-Identifier: Apache-2.0
#include "backends/apple/gpus.h"

#include <algorithm>
#include <stdexcept>

#include "backends/apple/drm_abi.h"
#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"

namespace xpu::apple {
namespace {

constexpr const char* kRemedy =
    "; start the machine with libkrun: `podman machine init` with the provider libkrun, or krunkit";

// A DRM device with a render node, and what drives it.
struct Found {
  sdk::DrmDevice drm;
  std::string virtio;  // "virtio0"; "" for asahi
};

bool is_number_after(const std::string& name, std::string_view prefix) {
  return sdk::starts_with(name, prefix) && name.size() > prefix.size() &&
         name.find_first_not_of("0123456789", prefix.size()) == std::string::npos;
}

std::string driver_of(const sdk::Root& sys_root, const std::string& device) {
  return sdk::base_name(sys_root.link_target(sdk::join(device, "driver")).value_or(""));
}

// Since Linux 6.1 the device of a virtio GPU's node is the one that carries the virtio device, on
// PCI or a platform bus; before, it was the virtio device itself.
std::string virtio_gpu_of(const sdk::Root& sys_root, const std::string& device) {
  if (driver_of(sys_root, device) == "virtio_gpu") {
    return sdk::base_name(device);
  }
  for (const std::string& child : sys_root.list(device)) {
    if (is_number_after(child, "virtio") &&
        driver_of(sys_root, sdk::join(device, child)) == "virtio_gpu") {
      return child;
    }
  }
  return "";
}

std::vector<Found> find_devices(const sdk::Root& sys_root) {
  std::vector<Found> devices;
  for (const std::string& name : sys_root.list(sdk::kDrmClass)) {
    if (!is_number_after(name, "renderD")) {
      continue;
    }
    const auto drm = sdk::drm_device_of(sys_root, name);
    if (!drm || drm->render() == nullptr) {
      continue;
    }
    const std::string virtio = virtio_gpu_of(sys_root, drm->folder);
    if (!virtio.empty() || driver_of(sys_root, drm->folder) == "asahi") {
      devices.push_back({*drm, virtio});
    }
  }
  // By number: renderD129 is before renderD1280.
  std::stable_sort(devices.begin(), devices.end(), [](const Found& a, const Found& b) {
    return a.drm.render()->name.size() < b.drm.render()->name.size();
  });
  return devices;
}

std::string sets_text(std::uint64_t sets) {
  std::string text;
  for (unsigned i = 0; i < 64; ++i) {
    if (sets >> i & 1) {
      text += (text.empty() ? "" : ", ") + std::to_string(i);
    }
  }
  return text.empty() ? "none" : text;
}

// Why a virtio GPU cannot do Venus; "" when it can.
std::string without_venus(const DrmNode& node) {
  const auto has_3d = node.has_3d();
  if (!has_3d) {
    return "its driver does not answer as virtio_gpu";
  }
  if (!*has_3d) {
    return "its host gives it no 3D acceleration";
  }
  const auto sets = node.capability_sets();
  if (!sets) {
    return "the kernel is older than 5.16";
  }
  if ((*sets >> abi::kCapsetVenus & 1) == 0) {
    return "its capability sets are " + sets_text(*sets) + ", and Venus is 4";
  }
  return node.has_contexts() == true ? "" : "its host offers no contexts";
}

class Search {
 public:
  Search(const sdk::Root& sys_root, const sdk::Root& dev_root, const DrmCalls& calls, HostRule rule)
      : sys_(sys_root),
        dev_(dev_root),
        calls_(calls),
        rule_(rule),
        machine_(find_machine(sys_root)) {}

  Gpus run() {
    for (const Found& device : find_devices(sys_)) {
      if (device.virtio.empty()) {
        add_asahi(device);
      } else {
        look_at_virtio(device);
      }
    }
    return std::move(gpus_);
  }

 private:
  static Gpu common(const Found& device) {
    Gpu gpu;
    gpu.drm = device.drm;
    const std::string own = sdk::base_name(device.drm.folder);
    gpu.bus_name = device.virtio.empty() ? own : device.virtio;
    const std::string parent = sdk::base_name(sdk::dir_name(device.drm.folder));
    gpu.pci = sdk::normal_pci_address(own).value_or(
        sdk::normal_pci_address(parent).value_or(std::string()));
    return gpu;
  }

  std::string node_path(const Found& device) const {
    return dev_.host_path(device.drm.render()->path());
  }

  void add_asahi(const Found& device) {
    Gpu gpu = common(device);
    gpu.chip = machine_.chip;
    gpu.architecture = chip_architecture(gpu.chip);
    gpu.problem = sdk::drm_problem(dev_, device.drm);
    if (gpu.problem.empty()) {
      ask_asahi(DrmNode(calls_, node_path(device)), gpu);
    }
    const std::string sold_as = chip_name(gpu.chip);
    gpu.name = !sold_as.empty()    ? "Apple " + sold_as
               : !gpu.chip.empty() ? "Apple GPU (" + gpu.chip + ")"
                                   : "Apple GPU";
    gpus_.found.push_back(std::move(gpu));
  }

  static void ask_asahi(const DrmNode& node, Gpu& gpu) {
    gpu.problem = node.problem();
    if (!gpu.problem.empty()) {
      return;
    }
    const AsahiFacts facts = node.asahi();
    gpu.driver = node.version();
    gpu.cores = facts.cores;
    if (!facts.architecture.empty()) {
      gpu.architecture = facts.architecture;
    }
  }

  bool apple_host() const {
    return rule_ == HostRule::kYes || (rule_ == HostRule::kAuto && machine_.apple);
  }

  void look_at_virtio(const Found& device) {
    const std::string who = "virtio-gpu " + device.drm.render()->name + " (" + device.virtio + ")";
    std::string problem = sdk::drm_problem(dev_, device.drm);
    if (problem.empty()) {
      const DrmNode node(calls_, node_path(device));
      problem = node.problem();
      if (problem.empty()) {
        judge_virtio(device, who, node);
        return;
      }
    }
    if (apple_host()) {
      throw std::runtime_error(who + " cannot be asked what it offers: " + problem);
    }
    pass_over_host(who);
  }

  void judge_virtio(const Found& device, const std::string& who, const DrmNode& node) {
    const std::string lack = without_venus(node);
    if (!lack.empty()) {
      gpus_.passed_over.push_back(who + " is without Venus: " + lack + kRemedy);
    } else if (apple_host()) {
      Gpu gpu = common(device);
      gpu.venus = true;
      gpu.name = "Apple GPU (Venus)";
      gpu.driver = node.version();
      gpus_.found.push_back(std::move(gpu));
    } else {
      pass_over_host(who);
    }
  }

  void pass_over_host(const std::string& who) {
    gpus_.passed_over.push_back(rule_ == HostRule::kNo
                                    ? who + " is left alone: the option apple-host is \"no\""
                                    : who + " is not of an Apple host (" + machine_.evidence +
                                          "); if it is, set the option apple-host to \"yes\"");
  }

  const sdk::Root& sys_;
  const sdk::Root& dev_;
  const DrmCalls& calls_;
  const HostRule rule_;
  const Machine machine_;
  Gpus gpus_;
};

}  // namespace

Gpus find_gpus(const sdk::Root& sys_root, const sdk::Root& dev_root, const DrmCalls& calls,
               HostRule rule) {
  return Search(sys_root, dev_root, calls, rule).run();
}

}  // namespace xpu::apple
