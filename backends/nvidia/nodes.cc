// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/nodes.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "backends/nvidia/kernel.h"
#include "sdk/helpers/drm.h"
#include "sdk/helpers/nodes.h"
#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"

namespace xpu::nvidia {
namespace {

constexpr const char* kDevices = "/proc/devices";

// Of the profiles that divide a GPU, those with "+gfx" can draw ("... MIG 1g.24gb+gfx").
bool draws(const MigDevice& mig) {
  const std::size_t extras = mig.name.find('+');
  return extras != std::string::npos && mig.name.find("gfx", extras) != std::string::npos;
}

}  // namespace

Nodes::Nodes(const sdk::Root& dev_root, const sdk::Root& sys_root)
    : dev_(dev_root), sys_(sys_root), majors_(driver_majors(sys_root)) {}

std::string Nodes::wrong(const std::string& node, const std::string& driver, unsigned minor) const {
  const auto known = majors_.find(driver);
  return sdk::node_problem(dev_, node,
                           known == majors_.end()
                               ? std::nullopt
                               : std::optional(sdk::DeviceNumber{known->second, minor}));
}

bool Nodes::belongs(const std::string& node, const std::string& driver) const {
  const auto known = majors_.find(driver);
  struct stat info {};
  return known == majors_.end() ||
         (stat(dev_.host_path(dev_.resolve(node).value_or(node)).c_str(), &info) == 0 &&
          S_ISCHR(info.st_mode) && gnu_dev_major(info.st_rdev) == known->second);
}

std::string Nodes::problem(const Gpu& gpu) const {
  if (!gpu.problem.empty()) {
    return gpu.problem;
  }
  if (!gpu.minor) {
    return "the number of its device node is not known";
  }
  for (const ControlNode& node : kControlNodes) {
    const std::string text = wrong(node.path, node.driver, node.minor);
    if (!text.empty() && node.required) {
      return text + "; " + node.command + " makes it";
    }
    if (!text.empty() && dev_.is_device(node.path)) {
      return text;
    }
  }
  std::string text = wrong(gpu_node(*gpu.minor), kMainDriver, *gpu.minor);
  return text.empty() ? ""
                      : text + "; nvidia-modprobe -c " + std::to_string(*gpu.minor) + " makes it";
}

std::string Nodes::problem(const Gpu& gpu, const MigDevice& mig) const {
  if (std::string text = problem(gpu); !text.empty()) {
    return text;
  }
  for (const std::string& access : access_files(gpu, mig)) {
    const auto minor = device_file(sys_, access).minor;
    if (!minor) {
      return sys_.host_path(access) + " names no device node";
    }
    if (std::string text = wrong(capability_node(*minor), kCapsDriver, *minor); !text.empty()) {
      return text + "; nvidia-modprobe -f " + access + " makes it";
    }
  }
  return "";
}

void Nodes::watch(sdk::Sink& sink, const std::vector<Gpu>& gpus) const {
  sink.valid_while_content(sys_.host_path(kDevices));
  for (const ControlNode& node : kControlNodes) {
    sdk::watch_path(sink, dev_.host_path(node.path));
  }
  bool divisible = false;
  for (const Gpu& gpu : gpus) {
    if (gpu.minor) {
      sdk::watch_path(sink, dev_.host_path(gpu_node(*gpu.minor)));
    }
    if (!gpu.pci.empty()) {
      sink.valid_while_listing(sys_.host_path(sdk::join(sdk::kPciDevices, gpu.pci) + "/drm"));
    }
    if (gpu.minor && gpu.mig_enabled) {
      divisible = true;
      const std::string folder = mig_folder(*gpu.minor);
      sink.valid_while_listing(sys_.host_path(folder));
      for (const std::string& instance : sys_.list(folder)) {
        if (sdk::starts_with(instance, "gi")) {
          sink.valid_while_listing(sys_.host_path(sdk::join(folder, instance)));
        }
      }
    }
  }
  if (divisible) {
    sink.valid_while_listing(dev_.host_path(kCapsFolder));
  }
}

void Nodes::emit_control(sdk::Sink& sink) const {
  for (const ControlNode& node : kControlNodes) {
    for (const char* capability : node.capabilities) {
      if (capability && wrong(node.path, node.driver, node.minor).empty()) {
        sdk::emit_node(sink, sdk::with_capability(capability), dev_, node.path);
      }
    }
  }
}

void Nodes::emit_gpu(sdk::Sink& sink, const sdk::Scope& scope, unsigned minor) const {
  if (wrong(gpu_node(minor), kMainDriver, minor).empty()) {
    sdk::emit_node(sink, scope, dev_, gpu_node(minor));
  }
}

void Nodes::emit_access(sdk::Sink& sink, const sdk::Scope& scope, const std::string& access) const {
  const auto minor = device_file(sys_, access).minor;
  if (minor && wrong(capability_node(*minor), kCapsDriver, *minor).empty()) {
    sdk::emit_node(sink, scope, dev_, capability_node(*minor));
  }
}

void Nodes::emit(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) const {
  if (gpu.minor) {
    emit_gpu(sink, sdk::with(device), *gpu.minor);
  }
  if (!gpu.pci.empty()) {
    emit_drm(sink, device, gpu);
  }
}

void Nodes::emit(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu,
                 const MigDevice& mig) const {
  if (!gpu.minor) {
    return;
  }
  emit_gpu(sink, sdk::with(device), *gpu.minor);
  for (const std::string& access : access_files(gpu, mig)) {
    emit_access(sink, sdk::with(device), access);
  }
  if (!gpu.pci.empty() && draws(mig)) {
    emit_drm(sink, device, gpu);
  }
}

void Nodes::emit_drm(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) const {
  if (const auto drm = sdk::drm_device(sys_, sdk::join(sdk::kPciDevices, gpu.pci))) {
    for (const char* capability : {"graphics", "display"}) {
      sdk::emit_drm(sink, sdk::with(device, capability), dev_, *drm);
    }
  }
}

}  // namespace xpu::nvidia
